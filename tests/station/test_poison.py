"""One thing that cannot be read, sent or worked never stops the alarms of anybody else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from monitored import OFF_SITE, OTHER, SITE, Station
from watchword.core.errors import LocalFaultError
from watchword.core.words import Event, ReportClass
from watchword.station import process as processing
from watchword.station.links import Links
from watchword.station.ports import PairedSite
from watchword.station.witness import Witness
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.station import queries, queries_process
from watchword.storage.station import schema as t
from watchword.wire.uplink import Chain


def spoil(station: Station, incident: str) -> None:
    """Another program's row, or a failing disk's: the state is not one that we know."""
    this = update(t.incident).where(t.incident.c.id == incident)
    station.store.write_now(lambda c: c.execute(this.values(plain={"kind": "of-next-year"})))


def webhooks(station: Station) -> dict[str, str]:
    def look(c: Any) -> dict[str, str]:
        rows = [row for one in queries.incidents(c) for row in queries.handoffs(c, one.id)]
        return {row.incident: row.state for row in rows if row.target_kind == "webhook"}

    return station.store.read_now(look)


async def until(ready: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not ready():  # noqa: ASYNC110 - it is looked at from outside
            await asyncio.sleep(0.005)


async def duress(station: Station, place: int = 2) -> str:
    before = {row.id for row in station.incidents()}
    await station.hear(station.site.attempt(station.duress_token(), place=place))
    (new,) = {row.id for row in station.incidents()} - before
    return new


async def test_a_spoilt_incident_swallows_no_signal(station: Station) -> None:
    spoilt = await duress(station)
    spoil(station, spoilt)
    fresh = await duress(station)
    assert fresh != spoilt
    row = next(row for row in station.incidents() if row.id == fresh)
    assert row.state == "dispatching"


async def test_a_spoilt_incident_stops_no_hand_off_of_another(station: Station) -> None:
    station.with_webhook()
    spoilt = await duress(station)
    spoil(station, spoilt)
    fresh = await duress(station)
    await station.handoffs.process()
    assert webhooks(station)[fresh] == "delivered"
    assert webhooks(station)[spoilt] != "delivered"


async def test_a_spoilt_incident_stops_no_escalation_of_another(station: Station) -> None:
    spoilt = await duress(station)
    spoil(station, spoilt)
    fresh = await duress(station)
    station.clock.forward(61.0)
    assert await station.escalations.process() == 1
    assert "escalated.unclaimed" in station.causes(fresh)


async def test_a_spoilt_incident_stays_in_the_queue_with_all_others(station: Station) -> None:
    spoilt = await duress(station)
    spoil(station, spoilt)
    fresh = await duress(station)
    items = {item.id: item for item in await station.desk.queue(OFF_SITE)}
    assert set(items) == {spoilt, fresh}
    assert items[spoilt].attention
    assert items[spoilt].kind == "duress"


async def test_a_receiver_that_fails_oddly_ends_nothing(station: Station) -> None:
    station.with_webhook()
    station.sender.answers = [ZeroDivisionError("a library's own mistake")]
    incident = await duress(station)
    await station.handoffs.process()
    assert webhooks(station)[incident] == "queued"
    station.clock.forward(2.0)
    await station.handoffs.process()
    assert webhooks(station)[incident] == "delivered"


async def test_a_receiver_that_is_silent_keeps_no_other_incident_waiting(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.with_webhook()
    silent = asyncio.Event()
    calls = 0

    async def send(url: str, body: bytes, headers: dict[str, str]) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            await silent.wait()
        return 200

    monkeypatch.setattr(station.sender, "send", send)
    running = asyncio.create_task(station.handoffs.run())
    try:
        first = await duress(station)
        station.changes.bump()
        await until(lambda: calls)
        await station.desk.release(
            first, OFF_SITE, reason="safe", reference="CAD 9", to_whom="Ann's manager"
        )
        second = await duress(station)
        station.changes.bump()
        await until(lambda: webhooks(station)[second] == "delivered")
        assert webhooks(station)[first] == "sent"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_duress_after_release_is_another_incident(station: Station) -> None:
    """What was released is seen at the premises; a later signal must neither show nor vanish."""
    first = await duress(station)
    await station.desk.release(
        first, OFF_SITE, reason="safe", reference="CAD 9", to_whom="Ann's manager"
    )
    second = await duress(station)
    row = next(row for row in station.incidents() if row.id == second)
    assert row.released_ms is None
    assert row.state == "dispatching"


async def test_reports_that_fail_do_not_fill_the_batch(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "BATCH_MAX", 2)
    read = processing.read

    def fails_for_the_other_site(c: Any, site: Any, envelope: Any, opened: Any) -> Any:
        if site.id == OTHER:
            raise ZeroDivisionError
        return read(c, site, envelope, opened)

    monkeypatch.setattr(processing, "read", fails_for_the_other_site)
    other = station.fake_site(2)
    await station.take(
        *(other.cell(Event.BUTTON, ReportClass.BUTTON) for _ in range(4)), site=OTHER
    )
    for _ in range(2):
        await station.processor.process()
    await station.take(station.site.attempt(station.duress_token()))
    await station.processor.process()
    assert "duress" in {row.kind for row in station.incidents()}


async def test_an_anomaly_that_fails_is_told_once_and_stops_nothing(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = station.site.attempt(station.normal_token())
    station.site.counters.clear()
    second = station.site.attempt(station.normal_token())
    await station.hear(first)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as m:
        m.setattr(station.processor, "_anomaly", broken)
        await station.hear(second)
        await station.processor.process()
    assert [row.kind for row in station.incidents()] == ["trouble"]
    assert station.causes(station.only().id)[0] == "report-unprocessed"


async def test_the_processor_starts_on_a_full_disk(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [DiskFullError("full")]
    revive = queries_process.envelopes_revive

    def full_once(c: Any) -> int:
        if faults:
            raise faults.pop()
        return revive(c)

    monkeypatch.setattr(queries_process, "envelopes_revive", full_once)
    monkeypatch.setattr(processing, "LOOK_S", 0.01)
    running = asyncio.create_task(station.processor.run())
    try:
        await station.take(station.site.attempt(station.duress_token()))
        await until(station.incidents)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("error", [LocalFaultError("no room"), ZeroDivisionError()])
async def test_what_is_durable_is_acknowledged_whatever_the_witness_says(
    station: Station, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    witness = Witness(
        store=station.store, clock=station.clock, rules=station.rules, changes=station.changes
    )

    async def broken(site: str, chain: Chain) -> None:
        raise error

    monkeypatch.setattr(witness, "told", broken)
    links = Links(
        store=station.store,
        receiver=station.receiver,
        letters=None,  # type: ignore[arg-type]
        witness=witness,
        watch=station.watch,
        tick_s=0.25,
        acknowledge_after_s=0.0,
    )
    cell = station.site.attempt(station.duress_token())
    kept = await links.intake(PairedSite(SITE, 1, "x", 0.25), [cell], Chain(1, bytes(32)))
    assert list(kept) == [cell.id]
