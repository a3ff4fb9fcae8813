"""A disk that takes nothing loses no alarm: at the site, at the station, and under the logs."""

import asyncio
import logging
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from hotel import ANN, WRONG, Hotel, hotels, template
from monitored import SITE, Station
from running import Stack, until, watchword
from watchword.adapters.shared import log as logs
from watchword.core.words import Event
from watchword.site.outgoing import Outgoing
from watchword.site.reports import as_cell
from watchword.storage.shared.faults import DiskFullError, StoreStoppedError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as site_queries
from watchword.storage.station import queries

FULL_BYTES = 33 * 1024  # of any file: the shared memory of a database, and no more


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def hotel(tmp_path: Path, empty: Path) -> Iterator[Hotel]:
    yield from hotels(tmp_path, empty)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.store.close()


def fill(store: Store) -> None:
    """No page more than there is now: each write that needs one is told that the disk is full."""
    store.write_now(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1"))


def free(store: Store) -> None:
    store.write_now(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000"))


async def fill_up(hotel: Hotel) -> int:
    """Type until the disk is full; returns how many codes were typed."""
    fill(hotel.store)
    for typed in range(1, 200):
        assert (await hotel.code(ANN)).accepted
        if hotel.kept.cells[-1].id == 0 or hotel.panel._ledger.owes:
            return typed
    raise AssertionError("the disk never became full")


async def test_the_keypad_answers_and_reports_on_a_full_disk(hotel: Hotel) -> None:
    await hotel.open()
    typed = await fill_up(hotel)
    for _ in range(5):
        assert (await hotel.code(ANN)).accepted
        assert not (await hotel.code(WRONG)).accepted
    said = hotel.kept.opened()
    numbers = {(r.epoch, r.cls, r.counter) for r in said if r.event == Event.ATTEMPT_ACCEPTED}
    assert len(numbers) == typed + 5, "each is sent, under a number of its own"
    free(hotel.store)
    assert (await hotel.code(ANN)).accepted
    kept = {(row.epoch, row.report_class, row.counter) for row in hotel.outbox()}
    assert numbers <= kept, "what was owed is durable now"


async def test_a_panel_starts_on_a_full_disk(hotel: Hotel) -> None:
    """Also with an entry point that the settings have and the table has not."""
    await hotel.open()
    old = hotel.store.read_now(site_queries.entry_points)

    async def full(_: object) -> None:
        raise DiskFullError("full")

    side = replace(hotel.settings.entry_points[0], name="Side door keypad")
    more = replace(hotel.settings, entry_points=(*hotel.settings.entry_points, side))
    again = Hotel(hotel.folder, settings=more, clock=hotel.clock)
    again.store.write = full  # type: ignore[method-assign]
    await again.open()
    assert again.store.read_now(site_queries.entry_points) == old
    assert (await again.code(ANN)).accepted
    assert Event.ATTEMPT_ACCEPTED in again.kept.events()
    again.store.close()


async def test_a_disk_that_gives_nothing_ends_no_panel(
    hotel: Hotel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchword.site.outgoing.LOOK_S", 0.01)
    outgoing = Outgoing(hotel.store)
    hotel.store.fails = DiskFullError("it gives nothing")
    running = asyncio.create_task(outgoing.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    hotel.store.fails = None
    hotel.store.write_now(lambda c: site_queries.journal_append(c, 1, "", "a", {}))
    async with asyncio.timeout(5):
        while not outgoing.chain().length:  # noqa: ASYNC110 - it is looked at from outside
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_one_damaged_row_of_the_outbox_keeps_no_other_back(hotel: Hotel) -> None:
    await hotel.open()
    await hotel.code(ANN)
    good = {as_cell(row).id for row in hotel.outbox()}
    spoilt = site_queries.OutboxCell(2, 1, 1, bytes(4), b"\xff" * 180)
    short = site_queries.OutboxCell(2, 1, 2, bytes(4), b"short")
    for row in (spoilt, short):
        hotel.store.write_now(lambda c, row=row: site_queries.outbox_add(c, row))
    waiting = await Outgoing(hotel.store).waiting()
    assert {cell.id for cell in waiting} == good


async def test_a_full_station_acknowledges_nothing_and_loses_nothing(station: Station) -> None:
    fill(station.store)
    refused = []
    for _ in range(300):
        cell = station.site.attempt(station.duress_token())
        try:
            await station.take(cell)
        except DiskFullError:
            refused.append(cell)
            if len(refused) == 3:
                break
    assert refused
    with suppress(DiskFullError):
        await station.processor.process()
    free(station.store)
    await station.take(*refused)
    await station.take(*refused)
    while await station.processor.process():
        pass
    waiting = station.store.read_now(queries.envelopes_count)
    assert set(waiting) == {"done"}
    (row,) = station.incidents()
    assert row.plain["signals"] == waiting["done"]
    signals = station.store.read_now(lambda c: queries.signals(c, limit=1000, site=SITE))
    assert len(signals) == waiting["done"]


class Full:
    """A log file on a full disk, or a pipe that nobody reads any more."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.fixture
def no_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", Full())
    logs.configure("test")
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_a_log_that_cannot_be_written_stops_no_alarm(hotel: Hotel, no_logs: None) -> None:
    await hotel.open()
    hotel.store.fails = DiskFullError("full")
    assert (await hotel.code(ANN)).accepted
    assert Event.ATTEMPT_ACCEPTED in hotel.kept.events()


async def test_a_log_that_cannot_be_written_stops_no_store(station: Station, no_logs: None) -> None:
    fill(station.store)
    async with asyncio.timeout(10):
        with pytest.raises(DiskFullError):
            for _ in range(300):
                await station.take(station.site.attempt(station.duress_token()))
        free(station.store)
        await station.hear(station.site.attempt(station.duress_token()))
    assert station.incidents()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_writer_that_dies_tells_everybody_even_if_it_cannot_log(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("watchword.storage.shared.writer.log.critical", broken)

    def kills(_: object) -> None:
        raise SystemExit

    async with asyncio.timeout(10):
        with pytest.raises(StoreStoppedError):
            await station.store.write(kills)
        with pytest.raises(StoreStoppedError):
            await station.store.watch()


def forced(stack: Stack) -> list[int]:
    return [i["signals"] for i in stack.incidents() if i["kind"] == "duress"]


def half_answers(stack: Stack, half: str) -> bool:
    what = {"site": ("zone", "close", "Safe"), "station": ("incidents",)}[half]
    return watchword(*what, "--data", str(stack.data), "--json").returncode == 0


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("half", ["site", "station"])
async def test_a_real_half_on_a_full_disk_loses_nothing(tmp_path: Path, half: str) -> None:
    """Also killed and started again while the disk, and its log's, takes nothing."""
    stack = Stack(tmp_path / "data").start()
    try:
        ann = stack.demo["people"][0]
        assert stack.attempt(ann["duress"])["accepted"]
        until(lambda: forced(stack) == [1])
        assert stack.up is not None
        unlimited = resource.prlimit(stack.up.pid, resource.RLIMIT_FSIZE)
        for pid in (stack.up.pid, int((stack.data / half / "pid").read_text())):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_BYTES, unlimited[1]))
        assert stack.attempt(ann["duress"])["accepted"]
        if half == "site":
            until(lambda: forced(stack) == [2])
        stack.kill(half)
        until(lambda: half_answers(stack, half), within_s=40)
        assert stack.attempt(ann["duress"])["accepted"]
        if half == "site":
            until(lambda: forced(stack) == [3])
        for pid in (stack.up.pid, *children(stack.up.pid)):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        assert stack.attempt(ann["duress"])["accepted"]
        until(lambda: half_answers(stack, "station") and forced(stack) == [4], within_s=40)
        until(lambda: stack.ask_site_waiting() == 0, within_s=40)
    finally:
        stack.stop()
