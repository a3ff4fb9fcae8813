"""What opening a zone does, and which settings an area takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import InputError, NotFoundError
from watchword.core.words import Mode
from watchword.core.zones import (
    LIMITS,
    REACTIONS,
    AreaConfig,
    Delays,
    Phase,
    Reaction,
    Zone,
    ZoneType,
    is_exit_error,
    reaction,
    stands_in_the_way,
)

NO, GO, IN, ALARM = Reaction.IGNORE, Reaction.LEAVE, Reaction.ENTER, Reaction.ALARM

# (phase, mode): instant, delayed, interior. The complete table, written out a second time.
EXPECTED = {
    (Phase.DISARMED, None): (NO, NO, NO),
    (Phase.EXITING, Mode.AWAY): (ALARM, GO, NO),
    (Phase.EXITING, Mode.HOME): (ALARM, GO, NO),
    (Phase.EXITING, Mode.NIGHT): (ALARM, GO, NO),
    (Phase.ARMED, Mode.AWAY): (ALARM, IN, ALARM),
    (Phase.ARMED, Mode.HOME): (ALARM, IN, NO),
    (Phase.ARMED, Mode.NIGHT): (ALARM, ALARM, NO),
    (Phase.ENTERING, Mode.AWAY): (ALARM, NO, NO),
    (Phase.ENTERING, Mode.HOME): (ALARM, NO, NO),
    (Phase.ENTERING, Mode.NIGHT): (ALARM, NO, NO),
    (Phase.ALARM, None): (NO, NO, NO),
    (Phase.ALARM, Mode.AWAY): (ALARM, ALARM, ALARM),
    (Phase.ALARM, Mode.HOME): (ALARM, ALARM, NO),
    (Phase.ALARM, Mode.NIGHT): (ALARM, ALARM, NO),
}


def test_the_table_is_complete_and_as_written() -> None:
    assert REACTIONS.keys() == EXPECTED.keys()
    for (phase, mode), answers in EXPECTED.items():
        sorts = (ZoneType.INSTANT, ZoneType.DELAYED, ZoneType.INTERIOR)
        assert tuple(reaction(kind, phase, mode) for kind in sorts) == answers, (phase, mode)


@pytest.mark.parametrize(("phase", "mode"), REACTIONS)
def test_24_hour_zones_and_buttons_never_depend_on_arming(phase: Phase, mode: Mode | None) -> None:
    assert reaction(ZoneType.ALWAYS, phase, mode) is Reaction.ALARM
    assert reaction(ZoneType.BUTTON, phase, mode) is Reaction.REPORT


def test_what_keeps_an_area_from_being_armed() -> None:
    assert {kind for kind in ZoneType if stands_in_the_way(kind)} == {
        ZoneType.INSTANT,
        ZoneType.DELAYED,
        ZoneType.ALWAYS,
    }


@pytest.mark.parametrize("mode", Mode)
def test_what_is_an_exit_error(mode: Mode) -> None:
    wrong = {kind for kind in ZoneType if is_exit_error(kind, mode)}
    interior = {ZoneType.INTERIOR} if mode is Mode.AWAY else set()
    assert wrong == {ZoneType.INSTANT, ZoneType.DELAYED} | interior


def test_the_defaults_are_those_of_the_limits() -> None:
    for limit in LIMITS:
        assert getattr(Delays(), limit.key) == limit.default
        assert limit.low <= limit.default <= limit.high
    assert Delays().auto_home is False


def test_the_limits_are_those_of_the_cp_01_table() -> None:
    ranges = {limit.key: (limit.low, limit.high, limit.default) for limit in LIMITS}
    assert ranges["exit_s"] == (45, 255, 60)
    assert ranges["entry_s"] == (30, 240, 30)
    assert ranges["abort_s"] == (15, 45, 30)
    assert ranges["power_up_s"][2] == 60
    assert ranges["trips"] == (1, 6, 2)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.key)
def test_a_value_out_of_its_range_is_refused_by_name(limit: object) -> None:
    for value in (limit.low - 1, limit.high + 1):
        with pytest.raises(InputError, match=rf"{limit.key} is {value}; it must be {limit.low} "):
            Delays(**{limit.key: value})


@given(st.integers(30, 240), st.integers(15, 45))
def test_entry_and_abort_together_stay_within_a_minute(entry_s: int, abort_s: int) -> None:
    if entry_s + abort_s <= 60:
        assert Delays(entry_s=entry_s, abort_s=abort_s).entry_s == entry_s
    else:
        with pytest.raises(InputError, match=f"are {entry_s + abort_s} s together"):
            Delays(entry_s=entry_s, abort_s=abort_s)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "bell\a", "two\nlines"])
def test_a_name_that_a_keypad_cannot_show_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="zone name"):
        Zone(name, ZoneType.INSTANT, 1)
    with pytest.raises(InputError, match="area name"):
        AreaConfig(name, 1)


@pytest.mark.parametrize("number", [0, -1, 65_536])
def test_a_number_that_a_report_cannot_carry_is_refused(number: int) -> None:
    with pytest.raises(InputError, match="1 to 65535"):
        Zone("Door", ZoneType.INSTANT, number)


@pytest.mark.parametrize(("bypass", "abort"), [(True, False), (False, True)])
def test_a_button_can_neither_be_bypassed_nor_aborted(bypass: bool, abort: bool) -> None:
    with pytest.raises(InputError, match="button"):
        Zone("Desk", ZoneType.BUTTON, 1, bypass=bypass, abort=abort)


def test_an_area_names_each_zone_once() -> None:
    door = Zone("Door", ZoneType.DELAYED, 1)
    with pytest.raises(InputError, match='two zones are called "Door"'):
        AreaConfig("Lobby", 1, (door, Zone("Door", ZoneType.INSTANT, 2)))
    with pytest.raises(InputError, match="two zones have the number 1"):
        AreaConfig("Lobby", 1, (door, Zone("Window", ZoneType.INSTANT, 1)))


def test_an_area_finds_its_zones_by_name() -> None:
    door = Zone("Door", ZoneType.DELAYED, 1)
    area = AreaConfig("Lobby", 1, (Zone("Window", ZoneType.INSTANT, 2), door))
    assert area.zone("Door") is door
    assert area.has("Window")
    assert not area.has("Gate")
    with pytest.raises(NotFoundError, match='area "Lobby" has no zone "Gate"'):
        area.zone("Gate")
