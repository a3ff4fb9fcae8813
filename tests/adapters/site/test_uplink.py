"""The uplink over real sockets: through cuts, refusals, dead peers and full disks."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop

from linking import (
    NOW,
    SiteStore,
    StationStore,
    World,
    cell,
    until,
)
from watchword.adapters.shared import line, tls
from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.site import uplink as site_uplink
from watchword.core.errors import LocalFaultError
from watchword.site.ports import LinkState
from watchword.wire.letter import LETTER_BYTES, cut
from watchword.wire.uplink import Cell

YEAR_S = 365.25 * 24 * 3600


class Cable:
    """A TCP cable between a site and a station that can be cut, and can go silent."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._to = (host, int(port))
        self.writers: list[asyncio.StreamWriter] = []
        self.silent = False
        self.made = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._to)
            self.writers += [writer, far_writer]
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        if not self.silent:
            writer.close()

    def cut(self) -> None:
        writers, self.writers = self.writers, []
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def cable(address: str) -> AsyncIterator[tuple[Cable, str]]:
    made = Cable(address)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    try:
        yield made, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        made.cut()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_uplink, "BACKOFF_S_MIN", 0.01)
    monkeypatch.setattr(site_uplink, "BACKOFF_S_MAX", 0.05)
    monkeypatch.setattr(site_uplink, "RETRY_S", 0.01)


def _up(store: SiteStore) -> bool:
    return bool(store.states) and store.states[-1][0] is LinkState.UP


async def test_what_is_offered_is_committed_and_then_let_go_of(world: World) -> None:
    there, here = StationStore(), SiteStore()
    here.outbox = {c.id: c for c in (cell(1), cell(2))}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here) as uplink,
    ):
        late = cell(3, cls=1)
        here.outbox[late.id] = late
        uplink.offer(late)
        uplink.public_fact()
        await until(here.moved, lambda: not here.outbox)
        assert {c for _, c in there.envelopes} == {cell(1).id, cell(2).id, late.id}
        assert here.head in there.chains
        assert abs(here.heard_s - there.seen_at) < 60
        assert station.uplink.linked("a1" * 16)
        assert here.states == [(LinkState.UP, "The link is up.")]
        assert (here.expired, there.expired) == ((), [])


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_nothing_is_lost_or_doubled_through_cuts(
    world: World, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(_through_cuts(world))


async def _through_cuts(world: World) -> None:
    there, here = StationStore(), SiteStore()
    cells = [cell(n, cls=1 + n % 6) for n in range(1, 301)]
    here.outbox = {c.id: c for c in cells[:100]}
    async with (
        world.station(world.station_tls(), there) as station,
        cable(station.address) as (line_, address),
        world.site(address, world.site_tls(station.tls, there), here) as uplink,
    ):
        for at in (100, 200):
            before = line_.made
            await until(here.moved, lambda: _up(here))
            for one in cells[at : at + 100]:
                here.outbox[one.id] = one
                uplink.offer(one)
                if one.counter % 20 == 0:
                    line_.cut()
                    await asyncio.sleep(0)
            await until(here.moved, lambda before=before: line_.made > before and _up(here))
        await until(here.moved, lambda: not here.outbox)
        assert {c for _, c in there.envelopes} == {c.id for c in cells}
        assert here.shed_ids == []


async def test_a_station_that_restarts_gets_what_it_had_not_committed(world: World) -> None:
    there, here = StationStore(), SiteStore()
    station_tls = world.station_tls()
    site_tls = world.site_tls(station_tls, there)
    async with world.station(station_tls, there) as first:
        port = int(first.address.rpartition(":")[2])
        async with world.site(first.address, site_tls, here) as uplink:
            await until(here.moved, lambda: _up(here))
            await first.uplink.close()
            one = cell(1)
            here.outbox[one.id] = one
            uplink.offer(one)
            await until(here.moved, lambda: here.states[-1][0] is LinkState.DOWN)
            async with world.station(station_tls, there, port=port):
                await until(here.moved, lambda: not here.outbox)
    assert len(there.envelopes) == 1


async def test_a_commit_that_fails_is_not_acknowledged_and_comes_again(world: World) -> None:
    there, here = StationStore(fault=LocalFaultError("disk full")), SiteStore()
    here.outbox = {cell(1).id: cell(1)}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: not here.outbox)
        assert len(there.envelopes) == 1
        assert here.states[1][0] is LinkState.DOWN


async def test_an_outbox_that_cannot_let_go_is_tried_again(world: World) -> None:
    there, here = StationStore(), SiteStore(acknowledge_faults=2)
    here.outbox = {cell(1).id: cell(1)}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: not here.outbox)
        assert here.acknowledge_faults == 0


def _letter(epoch: int = 1) -> tuple[bytes, list[Cell]]:
    sealed = secrets.token_bytes(LETTER_BYTES)
    return sealed, [Cell(6, epoch, n, body) for n, body in enumerate(cut(sealed), start=1)]


async def test_letters_are_acknowledged_after_the_site_acted_on_them(world: World) -> None:
    there, here = StationStore(), SiteStore(letter_faults=1)
    sealed, cells = _letter()
    async with (
        world.station(world.station_tls(), there) as station,
        cable(station.address) as (line_, address),
        world.site(address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: _up(here))
        there.down = list(cells)
        station.uplink.wake("a1" * 16)
        station.uplink.wake("nobody")
        # The first time its disk is full: nothing is acknowledged.
        await until(here.moved, lambda: not here.letter_faults)
        assert there.down == cells
        line_.cut()
        await until(there.moved, lambda: not there.down)
        assert here.letters == [sealed]


async def test_a_piece_that_cannot_be_used_does_not_block_what_follows(world: World) -> None:
    sealed, cells = _letter()
    there, here = StationStore(down=[Cell(6, 9, 1, b"\xff" * 160), *cells, *cells]), SiteStore()
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(there.moved, lambda: not there.down)
        assert here.letters == [sealed]


async def test_an_unknown_site_is_refused_clearly(world: World) -> None:
    there, here = StationStore(), SiteStore()
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, None), here),
    ):
        await until(here.moved, lambda: bool(here.states))
        assert here.states[0] == (
            LinkState.REFUSED,
            "The station does not know this site; pair it again.",
        )


async def test_a_site_of_another_station_is_refused_clearly(world: World) -> None:
    there, here = StationStore(), SiteStore()
    other = world.station_tls("other")
    theirs = world.site_tls(other, there)
    async with world.station(world.station_tls(), there) as station:
        pinned = tls.SiteTls.save(
            world.directory / "mixed", theirs.identity, station.tls.identity.certificate
        )
        async with world.site(station.address, pinned, here):
            await until(here.moved, lambda: bool(here.states))
            assert here.states[0][0] is LinkState.REFUSED
        # And with its own pin it does not talk to this station at all.
        here = SiteStore()
        async with world.site(station.address, theirs, here):
            await until(here.moved, lambda: bool(here.states))
            assert here.states[0][0] is LinkState.STRANGER
        assert there.envelopes == {}


async def test_expired_certificates_link_and_are_told_on_both_ends(world: World) -> None:
    there, here = StationStore(), SiteStore()
    here.outbox = {cell(1).id: cell(1)}
    old = NOW - 11 * YEAR_S
    station_tls = world.station_tls(at=old)
    async with (
        world.station(station_tls, there) as station,
        world.site(station.address, world.site_tls(station_tls, there, at=old), here),
    ):
        await until(here.moved, lambda: not here.outbox)
        assert here.expired == ("site", "station")
        assert there.expired == ["a1" * 16]


async def test_a_silent_peer_is_noticed_and_the_link_made_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SILENCE_S_MIN", 0.3)
    there, here = StationStore(), SiteStore()
    async with (
        world.station(world.station_tls(), there) as station,
        cable(station.address) as (line_, address),
        world.site(address, world.site_tls(station.tls, there), here) as uplink,
    ):
        await until(here.moved, lambda: _up(here))
        line_.silent = True
        one = cell(1)
        here.outbox[one.id] = one
        uplink.offer(one)
        await until(here.moved, lambda: here.states[-1][0] is LinkState.DOWN)
        assert here.states[-1][1] == "The station is silent."
        line_.silent = False
        line_.cut()
        await until(here.moved, lambda: not here.outbox)


async def test_what_has_no_room_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = StationStore(), SiteStore()
    station_tls = world.station_tls()
    async with world.site("127.0.0.1:1", world.site_tls(station_tls, there), here) as uplink:
        uplink._stations[0].link.outbound._limit = 1
        uplink.offer(cell(1, cls=5))
        uplink.offer(cell(2, cls=5))
        assert here.shed_ids == [cell(1, cls=5).id]
        await until(here.moved, lambda: bool(here.states))
        assert here.states[0][0] is LinkState.DOWN


async def test_a_letter_that_makes_us_fail_ends_no_link(world: World) -> None:
    sealed, cells = _letter()
    there, here = StationStore(), SiteStore()
    take, failed = here.letter, asyncio.Event()

    async def broken(arrived: bytes) -> None:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError
        await take(arrived)

    here.letter = broken  # type: ignore[method-assign]
    async with (
        world.station(world.station_tls(), there) as station,
        cable(station.address) as (line_, address),
        world.site(address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: _up(here))
        there.down = list(cells)
        station.uplink.wake("a1" * 16)
        async with asyncio.timeout(10):
            await failed.wait()
        line_.cut()
        await until(there.moved, lambda: not there.down)
        assert here.letters == [sealed]


async def test_a_link_that_fails_as_it_is_cancelled_still_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the process would run on with everything but this stopped."""
    there, here = StationStore(), SiteStore()
    async with world.station(world.station_tls(), there) as station:
        uplink = site_uplink.SiteUplink(
            addresses=[station.address],
            tls=world.site_tls(station.tls, there),
            tick_s=0.02,
            duties=here,
            clock=SystemClock(),
        )
        running = asyncio.create_task(uplink.run())
        await until(here.moved, lambda: _up(here))

        async def fails_now(*_: object) -> bytes:
            running.cancel()
            raise TimeoutError

        monkeypatch.setattr("watchword.adapters.site.uplink.line.hear", fails_now)
        done, _ = await asyncio.wait([running], timeout=5)
        assert done
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
