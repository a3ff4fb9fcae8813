"""The two worlds as a console at the premises sees them, and signals that are not lost."""

import random
import secrets

import pytest

from monitored import AT_SITE, MARIA, OFF_SITE, SITE, Station
from watchword.core.errors import NotFoundError, RefusedError
from watchword.core.incident import Claimed, Kind, ReportId, Signal
from watchword.core.words import Event, ReportClass
from watchword.station import facts
from watchword.station.record import Entry, Record
from watchword.storage.station import queries
from watchword.wire.slot import Meaning

PUBLIC = [
    (Event.ALARM, ReportClass.ALARM),
    (Event.ALARM_ABORTED, ReportClass.ALARM),
    (Event.ALARM_RESTORED, ReportClass.ALARM),
    (Event.TROUBLE, ReportClass.TROUBLE),
    (Event.TROUBLE_RESTORED, ReportClass.TROUBLE),
    (Event.ATTEMPTS_NOT_EVALUATED, ReportClass.INVALID),
    (Event.EXIT_ERROR, ReportClass.ALARM),
]


async def play(station: Station, script: list[tuple], *, forced: bool) -> list[object]:
    """Run a script and keep all that a console at the premises shows after each of its lines."""
    seen: list[object] = []
    for kind, choice, wait_s in script:
        station.clock.forward(wait_s)
        if kind == "attempt":
            meaning = Meaning.DURESS if forced else Meaning.NORMAL
            ref = station.duress if forced else station.normal
            token = station.site.token(ref, meaning)
            await station.hear(station.site.attempt(token, event=choice))
        else:
            event, cls = choice
            await station.hear(station.site.cell(event, cls))
        await station.escalations.process()
        queue = await station.desk.queue(AT_SITE)
        pages = [await station.desk.incident(item.id, AT_SITE) for item in queue]
        seen.append((queue, pages))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_the_premises_see_the_same_in_both_worlds(tmp_path, seed: int) -> None:
    choose = random.Random(seed)
    script: list[tuple] = [("attempt", Event.ATTEMPT_ACCEPTED, 1.0)]
    for _ in range(25):
        wait_s = choose.choice([0.0, 20.0, 90.0, 700.0])
        if choose.random() < 0.4:
            events = [Event.ATTEMPT_ACCEPTED, Event.ATTEMPT_REFUSED, Event.ATTEMPT_LOCKED]
            script.append(("attempt", choose.choice(events), wait_s))
        else:
            script.append(("public", choose.choice(PUBLIC), wait_s))
    seen = []
    for forced in (False, True, False):
        folder = tmp_path / f"{len(seen)}"
        folder.mkdir()
        station = Station(folder)
        try:
            seen.append(await play(station, script, forced=forced))
            kinds = {row.kind for row in station.incidents()}
            assert ("duress" in kinds) == forced
        finally:
            station.store.close()
    assert seen[0] == seen[2], "the noise floor is not nothing"
    assert seen[0] == seen[1]


def signal(counter: int, *subjects: str, kind: Kind = Kind.DURESS) -> Signal:
    return Signal(ReportId(1, 7, 2, counter), kind, subjects)


def receive(station: Station, one: Signal) -> str:
    def work(c) -> str:
        site = queries.site_get(c, SITE)
        assert site is not None
        record = Record(c, station.rules, station.clock.now())
        return facts.receive(record, site, one, Entry("duress"))

    return station.store.write_now(work)


def test_the_same_report_twice_changes_nothing_after_closing(station: Station) -> None:
    one = signal(1, f"person:{MARIA}", "entry:2")
    incident = receive(station, one)
    before = station.causes(incident)
    station.clock.forward(601)  # too late to join: it would open the same id
    assert receive(station, one) == incident
    assert station.causes(incident) == before
    assert len(station.incidents()) == 1


def test_no_signal_of_a_hundred_is_dropped(station: Station) -> None:
    for n in range(100):
        station.clock.forward(random.Random(n).choice([1.0, 700.0]))
        receive(station, signal(n + 1, f"entry:{n % 3}"))
    assert sum(row.plain["signals"] for row in station.incidents()) == 100


def test_acting_on_nothing(station: Station) -> None:
    def work(c) -> None:
        record = Record(c, station.rules, station.clock.now())
        facts.act(record, "0" * 32, Claimed("ann"), who="ann", entry=Entry("claimed"))

    with pytest.raises(NotFoundError):
        station.store.write_now(work)


async def test_a_closed_incident_is_not_joined(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    first = station.only().id
    await station.desk.close(first, OFF_SITE, cause="mistake", note="In person")
    await station.hear(station.site.attempt(station.duress_token()))
    assert len(station.incidents()) == 2
    with pytest.raises(RefusedError):
        await station.desk.claim(first, OFF_SITE)


async def test_two_people_at_one_place(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    await station.hear(station.site.attempt(secrets.token_bytes(80)))
    view = await station.desk.incident(station.only().id, OFF_SITE)
    assert (view.signals, view.person, view.kind) == (2, "Maria Lopez", "duress")
