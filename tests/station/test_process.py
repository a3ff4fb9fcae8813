"""From a sealed report to an incident: every token, every way to be wrong, and any kill."""

import asyncio
import secrets

import pytest

from monitored import BEN, MARIA, OFF_SITE, OTHER, SITE, Station
from watchword.core.errors import LocalFaultError
from watchword.core.words import Event, ReportClass
from watchword.station import process
from watchword.station.keys import StationKey
from watchword.station.process import RETRY_S, TRIES_MAX, Processor
from watchword.storage.station import queries, queries_process
from watchword.storage.station.queries import EnrolmentState, SlotState
from watchword.wire.report import (
    DirectoryEntry,
    Reference,
    pack_directory,
    pack_reference,
)
from watchword.wire.seal import KeyPair, key_id
from watchword.wire.slot import Meaning
from watchword.wire.uplink.cell import Cell


async def test_a_normal_code_opens_nothing(station: Station) -> None:
    await station.hear(station.site.attempt(station.normal_token()))
    assert station.incidents() == []
    (signal,) = station.store.read_now(queries.signals)
    assert (signal.kind, signal.code, signal.qualifier) == ("attempt-accepted", "401", "1")
    assert (signal.user, signal.zone, signal.incident) == ("Maria Lopez", "Lobby keypad", None)


async def test_a_duress_code_opens_one_and_dispatch_starts(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    row = station.only()
    assert (row.kind, row.person, row.entry_point) == ("duress", MARIA, 2)
    assert (row.covert, row.life, row.state) == (True, True, "dispatching")
    assert station.causes(row.id)[:2] == ["duress", "dispatch-started"]
    steps = station.store.read_now(lambda c: queries.steps(c, row.id))
    assert steps[0].action == "hand-off"
    assert not [s for s in steps if "call" in s.action]
    (signal,) = station.store.read_now(queries.signals)
    assert (signal.kind, signal.code, signal.incident) == ("duress", "121", row.id)


@pytest.mark.parametrize("event", [Event.ATTEMPT_REFUSED, Event.ATTEMPT_LOCKED])
async def test_duress_counts_on_every_attempt(station: Station, event: Event) -> None:
    await station.hear(station.site.attempt(station.duress_token(), event=event))
    assert station.only().kind == "duress"


@pytest.mark.parametrize("event", [Event.ATTEMPT_REFUSED, Event.ATTEMPT_LOCKED])
async def test_a_wrong_code_is_no_incident(station: Station, event: Event) -> None:
    await station.hear(station.site.attempt(station.site.dummy(), event=event))
    assert station.incidents() == []


async def test_an_accepted_attempt_that_says_nothing_needs_a_person(station: Station) -> None:
    await station.hear(station.site.attempt(station.site.dummy()))
    needs_a_person(station, "token-missing")


async def test_an_unknown_token_needs_a_person(station: Station) -> None:
    token = station.site.token(secrets.token_bytes(16), Meaning.NORMAL)
    await station.hear(station.site.attempt(token))
    needs_a_person(station, "token-unknown")


async def test_a_retired_token_needs_a_person(station: Station) -> None:
    ref = station.slot(secrets.token_bytes(16), SlotState.RETIRED)
    await station.hear(station.site.attempt(station.site.token(ref, Meaning.NORMAL)))
    assert needs_a_person(station, "token-retired").person == MARIA


async def test_a_retired_duress_is_a_duress(station: Station) -> None:
    ref = station.slot(secrets.token_bytes(16), SlotState.RETIRED)
    await station.hear(station.site.attempt(station.site.token(ref, Meaning.DURESS)))
    assert station.only().kind == "duress"
    assert station.causes(station.only().id)[0] == "duress-retired"


async def test_a_pending_slot_counts(station: Station) -> None:
    ref = station.slot(secrets.token_bytes(16), SlotState.PENDING)
    await station.hear(station.site.attempt(station.site.token(ref, Meaning.NORMAL)))
    assert station.incidents() == []
    await station.hear(station.site.attempt(station.site.token(ref, Meaning.DURESS)))
    assert station.only().kind == "duress"


async def test_a_token_of_another_site_needs_a_person(station: Station) -> None:
    ref = station.slot(secrets.token_bytes(16), site=OTHER)
    await station.hear(station.site.attempt(station.site.token(ref, Meaning.DURESS)))
    row = needs_a_person(station, "token-foreign")
    assert row.person is None
    assert BEN not in str(row.plain)


@pytest.mark.parametrize("event", [Event.ATTEMPT_ACCEPTED, Event.ATTEMPT_LOCKED])
async def test_an_unreadable_token_needs_a_person(station: Station, event: Event) -> None:
    await station.hear(station.site.attempt(secrets.token_bytes(80), event=event))
    needs_a_person(station, "token-unreadable")


async def test_a_meaning_of_a_later_release_needs_a_person(station: Station) -> None:
    token = station.site.token(station.normal, Meaning.EXERCISE)
    await station.hear(station.site.attempt(token))
    needs_a_person(station, "token-meaning")


def needs_a_person(station: Station, cause: str) -> queries.IncidentRow:
    row = station.only()
    assert (row.kind, row.covert, row.life, row.priority) == ("trouble", True, True, 35)
    assert station.causes(row.id)[0] == cause
    return row


async def test_attempts_not_evaluated_are_told_openly(station: Station) -> None:
    cell = station.site.cell(Event.ATTEMPTS_NOT_EVALUATED, ReportClass.INVALID, count=9)
    await station.hear(cell)
    row = station.only()
    assert (row.kind, row.covert, row.priority) == ("trouble", False, 35)
    assert station.causes(row.id)[0] == "not-evaluated"


@pytest.mark.parametrize(
    ("event", "detail", "kind", "covert"),
    [
        (Event.ALARM, 1, "burglary", False),
        (Event.ALARM, 5, "hold-up", True),
        (Event.BUTTON, 5, "hold-up", True),
        (Event.TROUBLE, 3, "trouble", False),
        (99, 0, "trouble", False),
    ],
)
async def test_public_events(
    station: Station, event: int, detail: int, kind: str, covert: bool
) -> None:
    await station.hear(station.site.cell(event, ReportClass.ALARM, detail=detail, place=4))
    assert (station.only().kind, station.only().covert) == (kind, covert)


async def test_what_a_site_takes_back_is_only_noted(station: Station) -> None:
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    before = station.only()
    for event in (Event.ALARM_ABORTED, Event.ALARM_RESTORED, Event.EXIT_ERROR):
        await station.hear(station.site.cell(event, ReportClass.ALARM))
    after = station.only()
    assert after == before
    assert {"alarm-aborted", "alarm-restored", "exit-error"} <= set(station.causes(after.id))


async def test_an_alarm_never_joins_a_duress(station: Station) -> None:
    """The premises see the alarm whether or not there was a duress before it."""
    await station.hear(station.site.attempt(station.duress_token()))
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    assert {(r.kind, r.covert) for r in station.incidents()} == {
        ("duress", True),
        ("burglary", False),
    }


async def test_signals_of_one_person_or_place_join(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    station.clock.forward(60)
    await station.hear(station.site.attempt(station.duress_token(), place=3))
    row = station.only()
    assert row.plain["signals"] == 2
    assert station.store.read_now(lambda c: queries.signals_count(c, row.id)) == 2
    station.clock.forward(601)
    await station.hear(station.site.attempt(station.duress_token()))
    assert len(station.incidents()) == 2


async def test_a_graver_signal_raises_and_starts_anew(station: Station) -> None:
    await station.hear(station.site.attempt(secrets.token_bytes(80)))
    station.clock.forward(100)
    await station.hear(station.site.attempt(station.duress_token()))
    row = station.only()
    assert (row.kind, row.state, row.person) == ("duress", "dispatching", MARIA)
    assert row.plain["clock_from"] == station.clock.now()
    assert "raised" in station.causes(row.id)


async def test_a_replay_is_one_signal(station: Station) -> None:
    cell = station.site.attempt(station.duress_token())
    await station.hear(cell)
    await station.hear(cell, cell)
    assert station.only().plain["signals"] == 1
    assert len(station.store.read_now(queries.signals)) == 1


async def test_other_bytes_under_one_number_are_never_silence(station: Station) -> None:
    first = station.site.attempt(station.normal_token())
    station.site.counters.clear()
    second = station.site.attempt(station.duress_token())
    assert first.id == second.id
    await station.hear(first)
    await station.hear(second)
    row = station.only()
    assert row.kind == "duress"
    assert {"report-replayed", "duress", "raised"} <= set(station.causes(row.id))
    await station.processor.process()
    assert station.only().plain["signals"] == 2
    third = Cell(second.cls, second.epoch, second.counter, secrets.token_bytes(160), second.key_id)
    await station.hear(third)
    assert len(station.incidents()) == 2
    assert len(station.store.read_now(queries.anomalies)) == 2


@pytest.mark.parametrize("part", ["epoch", "counter", "cls"])
async def test_a_header_that_lies_is_told_and_the_duress_counts(
    station: Station, part: str
) -> None:
    cell = station.site.attempt(station.duress_token(), inside={part: 5})
    await station.hear(cell)
    row = station.only()
    assert row.kind == "duress"
    assert {"report-different", "duress"} <= set(station.causes(row.id))


async def test_a_report_of_another_site_cannot_be_opened_here(station: Station) -> None:
    cell = station.fake_site(2).attempt(station.duress_token())
    await station.hear(cell)
    needs_a_person(station, "report-unreadable")


async def test_a_key_that_is_restored_opens_what_was_kept(station: Station) -> None:
    other, token = KeyPair.generate(), station.duress_token()
    station.site.key_id = key_id(other.public)
    cell = station.site.attempt(token, key=other.public)
    await station.hear(cell)
    needs_a_person(station, "report-unreadable")
    fixed = Processor(
        store=station.store,
        clock=station.clock,
        ring=both_keys(station, other),
        rules=station.rules,
        changes=station.changes,
    )
    assert station.store.write_now(queries_process.envelopes_revive) == 1
    await fixed.process()
    assert station.only().kind == "duress"


def both_keys(station: Station, other: KeyPair):
    return station.keys.with_key(StationKey(other, 1)).ring()


async def test_killed_between_the_two_transactions(station: Station) -> None:
    await station.take(station.site.attempt(station.duress_token()))
    assert station.incidents() == []
    station.restart()
    await station.processor.process()
    first = station.only()
    station.restart()
    await station.processor.process()
    assert station.only() == first


async def test_two_processors_make_one_incident(station: Station) -> None:
    await station.take(station.site.attempt(station.duress_token()))
    waiting = station.store.read_now(lambda c: queries.envelopes_new(c, 10))
    await station.processor.process()
    stale = await station.processor._one(waiting[0], station.store.read_now(queries.sites)[0])
    assert stale is None
    assert station.only().plain["signals"] == 1


async def test_a_failure_is_an_incident_and_is_tried_again(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    await station.take(station.site.attempt(station.duress_token()))
    with monkeypatch.context() as broken:
        broken.setattr("watchword.station.process.read", explode)
        await station.processor.process()
        needs_a_person(station, "report-unprocessed")
        assert await station.processor.process() == 0
    station.clock.forward(RETRY_S)
    await station.processor.process()
    assert station.only().kind == "duress"


async def test_after_five_failures_it_is_given_up_and_kept(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    await station.take(station.site.attempt(station.duress_token()))
    monkeypatch.setattr("watchword.station.process.read", explode)
    for _ in range(TRIES_MAX):
        await station.processor.process()
        station.clock.forward(RETRY_S)
    assert station.store.read_now(queries.envelopes_count) == {"failed": 1}
    assert len(station.incidents()) == 1


def explode(*_: object) -> None:
    raise ZeroDivisionError


async def test_a_store_that_fails_is_not_swallowed(station: Station) -> None:
    await station.take(station.site.attempt(station.duress_token()))
    station.store.close()
    with pytest.raises(LocalFaultError):
        await station.processor.process()


async def test_names(station: Station) -> None:
    payload = pack_directory(DirectoryEntry(2, 9, "Back office"))
    await station.hear(station.site.cell(Event.DIRECTORY, ReportClass.SERVICE, payload=payload))
    await station.hear(station.site.attempt(station.duress_token(), place=9))
    (item,) = await station.desk.queue(OFF_SITE)
    assert item.place == "Back office"
    bad = b"\xff" * 80
    await station.hear(station.site.cell(Event.DIRECTORY, ReportClass.SERVICE, payload=bad))
    assert len(station.incidents()) == 1


async def test_enrolments_are_settled(station: Station) -> None:
    enrolment = station.enrolment()
    payload = pack_reference(Reference(bytes.fromhex(enrolment), number=3))
    await station.hear(station.site.cell(Event.ENROLLED, ReportClass.SERVICE, payload=payload))
    row = station.store.read_now(lambda c: queries.enrolment_get(c, enrolment))
    assert row is not None
    assert (row.state, row.pair) == (EnrolmentState.TAKEN, 3)


async def test_refused_enrolments_are_settled(station: Station) -> None:
    enrolment = station.enrolment()
    payload = pack_reference(Reference(bytes.fromhex(enrolment), number=1))
    await station.hear(station.site.cell(Event.REFUSED, ReportClass.SERVICE, payload=payload))
    row = station.store.read_now(lambda c: queries.enrolment_get(c, enrolment))
    assert row is not None
    assert row.state == EnrolmentState.REFUSED


async def test_nothing_to_take(station: Station) -> None:
    assert await station.receiver.take(SITE, []) == ()
    assert await station.processor.process() == 0


async def test_one_envelope_that_breaks_everything_stops_no_other(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    await station.take(station.site.attempt(secrets.token_bytes(80), place=9))
    await station.take(station.site.attempt(station.duress_token()))
    first = station.store.read_now(lambda c: queries.envelopes_new(c, 1))[0].id
    read_well, failed_well = process.read, Processor._failed

    def broken(c, site, envelope, opened):
        return explode() if envelope.id == first else read_well(c, site, envelope, opened)

    def untold(self, c, envelope):
        return explode() if envelope == first else failed_well(self, c, envelope)

    monkeypatch.setattr(process, "read", broken)
    monkeypatch.setattr(Processor, "_failed", untold)
    await station.processor.process()
    assert station.only().kind == "duress"
    monkeypatch.undo()
    station.clock.forward(RETRY_S)
    await station.processor.process()
    assert len(station.incidents()) == 2


async def test_the_loops_wake_each_other(station: Station) -> None:
    station.with_webhook()
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(one.run(), name=type(one).__name__)
            for one in (station.processor, station.handoffs, station.escalations, station.watch)
        ]
        await asyncio.sleep(0.01)
        await station.take(station.site.attempt(station.duress_token()))
        async with asyncio.timeout(10):
            while not station.sender.got:
                await station.changes.wait(station.changes.version, 0.05)
        for task in running:
            task.cancel()
    assert station.only().kind == "duress"
