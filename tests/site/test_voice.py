"""Which class a fact goes by, and that a lock makes all attempts alike."""

import pytest

from hotel import SETTINGS, STATION, Hotel
from watchword.core.area import Journal, Report, Verdict
from watchword.core.lockout import Look
from watchword.core.words import Event, ReportClass
from watchword.site.voice import TROUBLES, Outcome, Said, Voice, outcome_of

OPEN = Look(locked_s=None, evaluate=True)
ACCEPTED = (Verdict(done=True, key="disarmed"), Journal("disarmed", 0.0, "ann"))
AT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("evaluate", "cls"), [(True, ReportClass.VALID), (False, ReportClass.INVALID)]
)
def test_while_locked_the_class_does_not_depend_on_the_code(
    evaluate: bool, cls: ReportClass
) -> None:
    look = Look(locked_s=80, evaluate=evaluate)
    expected = Outcome(Event.ATTEMPT_LOCKED, cls, 80, None)
    assert outcome_of(look, ACCEPTED) == outcome_of(look, ()) == expected


def test_an_attempt_is_accepted_when_arming_was_asked_and_refused_when_not() -> None:
    assert outcome_of(OPEN, ACCEPTED) == Outcome(
        Event.ATTEMPT_ACCEPTED, ReportClass.VALID, None, ACCEPTED[0]
    )
    assert outcome_of(OPEN, ()) == Outcome(Event.ATTEMPT_REFUSED, ReportClass.INVALID, None, None)


def test_every_event_of_arming_has_its_class(hotel: Hotel) -> None:
    voice = Voice(SETTINGS, hotel.reports, {})
    classes = {
        Event.BUTTON: ReportClass.BUTTON,
        Event.ALARM: ReportClass.ALARM,
        Event.ALARM_ABORTED: ReportClass.ALARM,
        Event.ALARM_RESTORED: ReportClass.ALARM,
        Event.EXIT_ERROR: ReportClass.ALARM,
    }
    for event, cls in classes.items():
        (cell,) = voice.area("Lobby", (Report(event, AT, zone="Safe"),)).cells
        assert cell.report_class == cls


def test_a_report_of_a_zone_that_the_settings_lost_names_no_place(hotel: Hotel) -> None:
    said = Voice(SETTINGS, hotel.reports, {}).area("Lobby", (Report(Event.ALARM, AT, 2, "Gone"),))
    hotel.kept.cells += said.cells
    (report,) = hotel.kept.opened()
    assert (report.place, report.area, report.detail) == (0, 1, 2)


def test_a_line_names_the_person_as_known_now(hotel: Hotel) -> None:
    names = {"id": "Ann"}
    voice = Voice(SETTINGS, hotel.reports, names)
    facts = (Journal("alarm-aborted", AT, "id", ("Safe",)), Journal("disarmed", AT, "gone"))
    lines = voice.area("Lobby", facts).entries
    assert [line.params for line in lines] == [
        {"person": "Ann", "zones": ["Safe"]},
        {"person": ""},
    ]


@pytest.mark.parametrize("key", TROUBLES)
def test_a_trouble_is_a_line_and_a_report(hotel: Hotel, key: str) -> None:
    said = Voice(SETTINGS, hotel.reports, {}).trouble(key, AT, on=True)
    hotel.kept.cells += said.cells
    (report,) = hotel.kept.opened()
    assert (report.event, report.detail) == (Event.TROUBLE, TROUBLES[key])
    assert said.entries[0].params == {"trouble": key}
    assert STATION.secret not in said.cells[0].cell


def test_nothing_and_nothing_is_nothing() -> None:
    assert Said() + Said() == Said()
