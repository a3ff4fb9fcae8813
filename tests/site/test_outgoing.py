"""The outbox: a report's row goes only after the station has acknowledged it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hotel import ANN, Hotel
from linking import WAIT_S, StationStore, World, until
from watchword.core.words import Action, ReportClass
from watchword.site import outgoing
from watchword.site.outgoing import Outgoing
from watchword.site.ports import LinkState
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import OutboxCell
from watchword.wire.uplink import NO_CHAIN, Cell, CellId, Chain
from watchword.wire.uplink.cell import pack_cell

A, B = "192.0.2.1:8082", "192.0.2.2:8082"


@dataclass
class Told:
    """What the link tells the panel."""

    troubles: list[tuple[str, bool]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def heard_station(self, utc_s: float) -> None:
        self.times.append(utc_s)

    async def trouble(self, key: str, *, on: bool) -> None:
        self.troubles.append((key, on))
        async with self.moved:
            self.moved.notify_all()


@dataclass
class Offered:
    """What is handed to the uplink."""

    cells: list[Cell] = field(default_factory=list)
    facts: int = 0

    def offer(self, cell: Cell) -> None:
        self.cells.append(cell)

    def public_fact(self) -> None:
        self.facts += 1


@dataclass
class Desk:
    """An outbox joined to its neighbours."""

    outgoing: Outgoing
    told: Told
    offered: Offered
    letters: list[bytes]


def join(store: Store) -> Desk:
    desk = Desk(Outgoing(store), Told(), Offered(), [])

    async def letter(sealed: bytes) -> None:
        desk.letters.append(sealed)

    desk.outgoing.attach(uplink=desk.offered, panel=desk.told, letter=letter)
    return desk


@pytest.fixture
def desk(hotel: Hotel) -> Desk:
    return join(hotel.store)


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(desk.outgoing.run(), name="outgoing")
        try:
            yield
        finally:
            task.cancel()


def cell(counter: int, cls: ReportClass = ReportClass.VALID) -> OutboxCell:
    packed = pack_cell(Cell(int(cls), 7, counter, bytes(160), b"KEY1"))
    return OutboxCell(int(cls), 7, counter, b"KEY1", packed, created_ms=counter)


def stored(hotel: Hotel, counter: int, cls: ReportClass = ReportClass.VALID) -> OutboxCell:
    row = cell(counter, cls)
    return replace(row, id=hotel.store.write_now(lambda c: queries.outbox_add(c, row)))


class TestRows:
    async def test_only_what_is_acknowledged_goes(self, hotel: Hotel, desk: Desk) -> None:
        rows = [stored(hotel, n) for n in (1, 2, 3)]
        for row in rows:
            desk.outgoing.send(row)
        await desk.outgoing.acknowledged([desk.offered.cells[1].id])
        assert [row.counter for row in hotel.outbox()] == [1, 3]

    async def test_an_acknowledgement_of_what_is_not_ours_removes_nothing(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        desk.outgoing.send(stored(hotel, 1))
        stranger = CellId(int(ReportClass.VALID), 8, 1)  # of another boot
        await desk.outgoing.acknowledged([stranger])
        assert len(hotel.outbox()) == 1

    async def test_a_disk_that_takes_nothing_keeps_the_row_until_it_does(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        desk.outgoing.send(stored(hotel, 1))
        acknowledged = [desk.offered.cells[0].id]
        hotel.store.fails = DiskFullError("full")
        with pytest.raises(DiskFullError):
            await desk.outgoing.acknowledged(acknowledged)
        hotel.store.fails = None
        assert len(hotel.outbox()) == 1
        await desk.outgoing.acknowledged(acknowledged)  # the uplink tries again
        assert hotel.outbox() == []

    async def test_a_report_sent_before_it_could_be_written_and_written_later_goes_too(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        """On a full disk it is sent with id 0 at once; its row comes with the next commit."""
        desk.outgoing.send(cell(1))
        sent = desk.offered.cells[0].id
        await desk.outgoing.acknowledged([sent])
        written = stored(hotel, 1)
        desk.outgoing.send(written)
        assert [one.id for one in desk.offered.cells] == [sent, sent]  # the station knows it
        assert len(hotel.outbox()) == 1
        await desk.outgoing.acknowledged([sent])
        assert hotel.outbox() == []

    async def test_written_before_the_acknowledgement_of_the_first_sending(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        desk.outgoing.send(cell(1))
        desk.outgoing.send(stored(hotel, 1))
        await desk.outgoing.acknowledged([desk.offered.cells[0].id])
        assert hotel.outbox() == []

    async def test_a_start_offers_what_waits_oldest_first_and_lets_go_of_it(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        for counter, cls in enumerate(
            (ReportClass.TROUBLE, ReportClass.BUTTON, ReportClass.VALID, ReportClass.BUTTON), 1
        ):
            stored(hotel, counter, cls)
        waiting = await desk.outgoing.waiting()
        assert [one.counter for one in waiting] == [1, 2, 3, 4]
        await desk.outgoing.acknowledged([one.id for one in waiting[:3]])
        assert [row.counter for row in hotel.outbox()] == [4]

    @pytest.mark.parametrize("damage", [b"", b"short", bytes(180)])
    async def test_a_damaged_row_keeps_no_other_from_going_out(
        self, hotel: Hotel, desk: Desk, damage: bytes
    ) -> None:
        """It stays where it is, and is told loudly: what it said may be read by a person yet."""
        stored(hotel, 1)
        bad = replace(cell(2), cell=damage)
        hotel.store.write_now(lambda c: queries.outbox_add(c, bad))
        stored(hotel, 3)
        with capture_logs() as lines:
            waiting = await desk.outgoing.waiting()
        assert [one.counter for one in waiting] == [1, 3]
        assert [line["log_level"] for line in lines] == ["critical"]
        await desk.outgoing.acknowledged([one.id for one in waiting])
        assert [row.counter for row in hotel.outbox()] == [2]

    async def test_written_while_its_first_sending_is_being_acknowledged(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        """Its row comes between: it must be let go of with the next acknowledgement."""
        desk.outgoing.send(cell(1))
        sent = desk.offered.cells[0].id
        acknowledging = asyncio.ensure_future(desk.outgoing.acknowledged([sent]))
        await asyncio.sleep(0)
        desk.outgoing.send(stored(hotel, 1))
        await acknowledging
        await desk.outgoing.acknowledged([sent])
        assert hotel.outbox() == []

    async def test_what_comes_before_the_uplink_waits_in_the_outbox(self, hotel: Hotel) -> None:
        early = Outgoing(hotel.store)
        early.send(stored(hotel, 1))
        await early.letter(b"nobody to read it yet")
        assert [one.counter for one in await early.waiting()] == [1]

    async def test_urgent_reports_speed_the_link_up_and_codes_never_do(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        for counter, cls in enumerate(ReportClass, 1):
            before = desk.offered.facts
            desk.outgoing.send(stored(hotel, counter, cls))
            urgent = cls in {ReportClass.BUTTON, ReportClass.ALARM}
            assert desk.offered.facts - before == urgent, cls


class TestOverSockets:
    async def test_the_row_stays_until_the_station_has_committed(
        self, hotel: Hotel, tmp_path: Path
    ) -> None:
        world, store = World(tmp_path / "net"), StationStore()
        store.may_commit.clear()
        async with world.station(world.station_tls(), store) as station:
            tls = world.site_tls(station.tls, store)
            desk = join(hotel.store)
            stored(hotel, 1)
            async with world.site(station.address, tls, desk.outgoing) as uplink:  # type: ignore[arg-type]
                desk.outgoing.attach(uplink=uplink, panel=desk.told, letter=_nothing)
                desk.outgoing.send(stored(hotel, 2))
                await until(store.moved, lambda: store.asked >= 2)  # both are at the station
                assert len(hotel.outbox()) == 2, "received is not committed"
                store.may_commit.set()
                await until(store.moved, lambda: len(store.envelopes) == 2)
                await _empty(hotel)


async def _nothing(_: bytes) -> None:
    pass


async def _empty(hotel: Hotel) -> None:
    """Look after each commit: an acknowledgement travels on a tick."""
    async with asyncio.timeout(WAIT_S):
        while await hotel.store.read(queries.outbox_load):  # noqa: ASYNC110 - a look is a wait
            await asyncio.sleep(0.01)


class TestTrouble:
    """A link that is gone for a moment is no trouble; one that stays away is, until it is back."""

    async def _told(self, desk: Desk, ready: Callable[[], bool]) -> None:
        await until(desk.told.moved, ready)

    async def test_only_after_the_grace_and_over_when_up(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 0.01)
        async with running(desk):
            desk.outgoing.link_changed(A, LinkState.DOWN, "")
            await self._told(desk, lambda: desk.told.troubles == [("uplink", True)])
            desk.outgoing.link_changed(A, LinkState.REFUSED, "")
            desk.outgoing.link_changed(A, LinkState.UP, "")
            await self._told(desk, lambda: desk.told.troubles[-1] == ("uplink", False))
            desk.outgoing.link_changed(A, LinkState.STRANGER, "")
            await self._told(desk, lambda: desk.told.troubles[-1] == ("uplink", True))
        assert desk.told.troubles == [("uplink", True), ("uplink", False), ("uplink", True)]

    async def test_back_within_the_grace_is_no_trouble(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 3600.0)
        async with running(desk):
            for _ in range(3):
                desk.outgoing.link_changed(A, LinkState.DOWN, "")
                desk.outgoing.link_changed(A, LinkState.UP, "")
                await self._told(desk, lambda: ("uplink", False) in desk.told.troubles)
        assert ("uplink", True) not in desk.told.troubles

    async def test_a_link_that_never_comes_up_is_trouble_too(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 0.01)
        async with running(desk):
            await self._told(desk, lambda: desk.told.troubles == [("uplink", True)])

    async def test_one_of_two_stations_is_enough(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 0.01)
        async with running(desk):
            desk.outgoing.link_changed(A, LinkState.DOWN, "")
            desk.outgoing.link_changed(B, LinkState.UP, "")
            await self._told(desk, lambda: desk.told.troubles[-1:] == [("uplink", False)])
            desk.outgoing.link_changed(A, LinkState.UP, "")
            desk.outgoing.link_changed(B, LinkState.DOWN, "")
            assert desk.outgoing._up.is_set(), "so that no grace begins to run"
            desk.outgoing.certificates_expired(A, ["station"])  # comes after whatever waited
            await self._told(desk, lambda: desk.told.troubles[-1] == ("certificate", True))
            assert desk.told.troubles[-2] == ("uplink", False)

    async def test_what_was_shed_is_trouble_and_leaves_the_disk_too(
        self, hotel: Hotel, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 3600.0)
        async with running(desk):
            desk.outgoing.send(stored(hotel, 1, ReportClass.TROUBLE))
            desk.outgoing.send(stored(hotel, 2, ReportClass.VALID))
            desk.outgoing.shed([desk.offered.cells[0].id])
            await self._told(desk, lambda: desk.told.troubles == [("uplink", True)])
            await _is(lambda: len(hotel.store.read_now(queries.outbox_load)) == 1)
        assert [one.counter for one in await desk.outgoing.waiting()] == [2]

    async def test_an_expired_certificate_is_trouble_until_it_is_renewed(self, desk: Desk) -> None:
        async with running(desk):
            desk.outgoing.certificates_expired(A, ["site"])
            desk.outgoing.certificates_expired(A, [])
            await self._told(desk, lambda: len(desk.told.troubles) == 2)
        assert desk.told.troubles == [("certificate", True), ("certificate", False)]

    async def test_a_station_that_is_linked_and_does_not_answer_is_trouble(
        self, hotel: Hotel, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LINK_GRACE_S", 3600.0)
        monkeypatch.setattr(outgoing, "UNANSWERED_S", 0.05)
        monkeypatch.setattr(outgoing, "LOOK_S", 0.01)
        async with running(desk):
            desk.outgoing.send(stored(hotel, 1, ReportClass.VALID))
            await self._told(desk, lambda: desk.told.troubles == [("unanswered", True)])
            await desk.outgoing.acknowledged([desk.offered.cells[0].id])
            await self._told(desk, lambda: desk.told.troubles[-1] == ("unanswered", False))
        assert len(desk.told.troubles) == 2

    async def test_news_that_nobody_takes_is_bounded(self, hotel: Hotel) -> None:
        alone = Outgoing(hotel.store)
        for _ in range(1000):
            alone.certificates_expired(A, ["site"])
        desk = Desk(alone, Told(), Offered(), [])
        async with running(desk):
            await _is(alone._troubles.empty)  # and without a panel it goes nowhere
            alone.attach(uplink=desk.offered, panel=desk.told, letter=_nothing)
            alone.certificates_expired(A, [])
            await self._told(desk, lambda: desk.told.troubles == [("certificate", False)])


class TestJournal:
    async def test_the_witnessed_head_follows_what_is_written(
        self, hotel: Hotel, desk: Desk
    ) -> None:
        assert desk.outgoing.chain() == NO_CHAIN
        await hotel.open()
        async with running(desk):
            for number, action in enumerate((Action.ARM_AWAY, Action.DISARM), 1):
                await hotel.code(ANN, action)
                desk.outgoing.send(stored(hotel, number))  # a report comes: look at the journal
                head = Chain(*hotel.store.read_now(queries.journal_head))
                await _is(lambda head=head: desk.outgoing.chain() == head)

    async def test_an_entry_without_a_report_is_seen_at_the_next_look(
        self, hotel: Hotel, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "LOOK_S", 0.01)
        async with running(desk):
            for length in (1, 2):
                hotel.store.write_now(lambda c: queries.journal_append(c, 1, "", "quiet", {}))
                await _is(lambda length=length: desk.outgoing.chain().length == length)


async def _is(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():  # noqa: ASYNC110 - nothing tells of a read
            await asyncio.sleep(0.005)


class TestHeard:
    def test_the_panel_follows_the_station(self, desk: Desk) -> None:
        desk.outgoing.heard(A, 1.0)
        desk.outgoing.link_changed(A, LinkState.UP, "")
        desk.outgoing.heard(A, 2.0)
        assert desk.told.times == [1.0, 2.0]

    def test_of_two_stations_the_one_that_is_linked_longest(self, desk: Desk) -> None:
        """Two clocks that differ would pull the site's time to and fro with each frame."""
        for address in (A, B):
            desk.outgoing.link_changed(address, LinkState.UP, "")
        desk.outgoing.heard(A, 1.0)
        desk.outgoing.heard(B, 3601.0)
        assert desk.told.times == [1.0]
        desk.outgoing.link_changed(A, LinkState.DOWN, "")
        desk.outgoing.heard(B, 3602.0)
        desk.outgoing.link_changed(A, LinkState.UP, "")
        desk.outgoing.heard(A, 3.0)
        desk.outgoing.heard(B, 3603.0)
        assert desk.told.times == [1.0, 3602.0, 3603.0]

    def test_without_a_panel_nothing_is_followed(self, hotel: Hotel) -> None:
        Outgoing(hotel.store).heard(A, 1.0)

    async def test_a_letter_is_acted_on(self, desk: Desk) -> None:
        await desk.outgoing.letter(b"sealed")
        assert desk.letters == [b"sealed"]
