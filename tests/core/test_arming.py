"""Arming: the complete table, each behaviour by name, and what no history may break."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from watchword.core.area import (
    JOURNAL_KEYS,
    VERDICT_KEYS,
    AreaState,
    CodeAccepted,
    Effect,
    Fact,
    Journal,
    Report,
    Started,
    Ticked,
    Verdict,
    Way,
    ZoneClosed,
    ZoneOpened,
    consistent,
    from_plain,
    to_plain,
)
from watchword.core.arming import (
    ABORTED_SENT,
    ABORTED_UNSENT,
    TRANSITIONS,
    ZONE_DETAIL,
    Given,
    next_deadline,
    step,
    view,
)
from watchword.core.errors import NotFoundError
from watchword.core.words import Action, Event, Mode
from watchword.core.zones import AreaConfig, Delays, Phase, Zone, ZoneType

FRONT = Zone("Front door", ZoneType.DELAYED, 1)
BACK = Zone("Back door", ZoneType.DELAYED, 2)
WINDOW = Zone("Window", ZoneType.INSTANT, 3)
MOTION = Zone("Motion", ZoneType.INTERIOR, 4)
SAFE = Zone("Safe", ZoneType.ALWAYS, 5, bypass=False, abort=False)
DESK = Zone("Desk", ZoneType.BUTTON, 6, bypass=False, abort=False)
HATCH = Zone("Hatch", ZoneType.INSTANT, 7, abort=False)
LOBBY = AreaConfig("Lobby", 1, (FRONT, BACK, WINDOW, MOTION, SAFE, DESK, HATCH))
T0 = 1_800_000_000.0
ARM = {None: Action.DISARM, **{action.mode: action for action in Action if action.mode}}


class Area:
    """An area under test: a state, a clock, and everything that came out."""

    def __init__(self, config: AreaConfig = LOBBY, state: AreaState | None = None) -> None:
        self.config = config
        self.state = state or AreaState()
        self.at = T0
        self.out: list[Effect] = []

    def __call__(self, fact: Fact, *, after_s: float = 0) -> tuple[Effect, ...]:
        self.at += after_s
        self.state, effects = step(self.config, self.state, fact, self.at)
        self.out += effects
        return effects

    def code(self, action: Action, *bypass: str, after_s: float = 0) -> Verdict:
        effects = self(CodeAccepted("ann", action, bypass), after_s=after_s)
        (verdict,) = (effect for effect in effects if isinstance(effect, Verdict))
        return verdict

    def open(self, zone: Zone, *, after_s: float = 0) -> tuple[Effect, ...]:
        return self(ZoneOpened(zone.name), after_s=after_s)

    def close(self, zone: Zone, *, after_s: float = 0) -> tuple[Effect, ...]:
        return self(ZoneClosed(zone.name), after_s=after_s)

    def armed(self, mode: Mode = Mode.AWAY) -> "Area":
        self.code(ARM[mode])
        self(Ticked(), after_s=self.config.delays.exit_s)
        assert self.state.phase is Phase.ARMED
        return self

    def reports(self) -> list[tuple[Event, int, str | None]]:
        return [(e.event, e.detail, e.zone) for e in self.out if isinstance(e, Report)]

    def journal(self) -> list[str]:
        return [effect.key for effect in self.out if isinstance(effect, Journal)]


def standing(phase: Phase, mode: Mode | None) -> Area:
    """An area brought into this state by facts alone."""
    area = Area()
    if mode is not None:
        area.code(ARM[mode])
    if mode is not None and phase is Phase.ARMED:
        area(Ticked(), after_s=60)
    elif phase is Phase.ENTERING:
        if mode is Mode.NIGHT:  # only by an exit error: its doors alarm at once
            area.open(FRONT)
            area(Ticked(), after_s=60)
        else:
            area(Ticked(), after_s=60)
            area.open(FRONT)
    elif phase is Phase.ALARM:
        area.open(WINDOW if mode else SAFE)
    assert (area.state.phase, area.state.mode) == (phase, mode)
    area.out.clear()
    return area


CODES = {Given.DISARM: Action.DISARM, Given.ARM: Action.ARM_HOME, Given.ARM_OPEN: Action.ARM_HOME}
OPENED = {
    Given.INSTANT: HATCH,
    Given.DELAYED: BACK,
    Given.INTERIOR: MOTION,
    Given.ALWAYS: SAFE,
    Given.BUTTON: DESK,
}
LEFT_OPEN = {Given.ARM_OPEN: HATCH, Given.CLOSED: BACK, Given.EXIT_OVER_OPEN: BACK}
ENDS = {
    Given.EXIT_OVER: (Phase.EXITING, 60),
    Given.EXIT_OVER_OPEN: (Phase.EXITING, 60),
    Given.ENTRY_OVER: (Phase.ENTERING, 30),
    Given.ABORT_OVER: (Phase.ALARM, 30),
}


def put(area: Area, given: Given) -> None:
    """Make this happen to the area; the end of a delay that does not run is a mere tick."""
    if given in LEFT_OPEN:
        name = LEFT_OPEN[given].name
        area.state = replace(area.state, open=(*area.state.open, name))
    if given in CODES:
        area.code(CODES[given])
    elif given in OPENED:
        area.open(OPENED[given])
    elif given is Given.CLOSED:
        area.close(BACK)
    else:
        phase, delay_s = ENDS[given]
        area(Ticked(), after_s=delay_s if area.state.phase is phase else 0)


# The order of the columns is that of `Given`. A dot: phase and mode stay as they are.
COMPLETE = """
disarmed -      | . | exiting home | . | . | . | . | alarm - | . | . | . | . | . | .
exiting away    | disarmed - | . | . | alarm away | . | . | alarm away | . | . | armed away | entering away | . | .
exiting home    | disarmed - | . | . | alarm home | . | . | alarm home | . | . | armed home | entering home | . | .
exiting night   | disarmed - | . | . | alarm night | . | . | alarm night | . | . | armed night | entering night | . | .
armed away      | disarmed - | . | . | alarm away | entering away | alarm away | alarm away | . | . | . | . | . | .
armed home      | disarmed - | . | . | alarm home | entering home | . | alarm home | . | . | . | . | . | .
armed night     | disarmed - | . | . | alarm night | alarm night | . | alarm night | . | . | . | . | . | .
entering away   | disarmed - | . | . | alarm away | . | . | alarm away | . | . | . | . | alarm away | .
entering home   | disarmed - | . | . | alarm home | . | . | alarm home | . | . | . | . | alarm home | .
entering night  | disarmed - | . | . | alarm night | . | . | alarm night | . | . | . | . | alarm night | .
alarm -         | disarmed - | . | . | . | . | . | . | . | . | . | . | . | .
alarm away      | disarmed - | . | . | . | . | . | . | . | . | . | . | . | .
alarm home      | disarmed - | . | . | . | . | . | . | . | . | . | . | . | .
alarm night     | disarmed - | . | . | . | . | . | . | . | . | . | . | . | .
"""  # noqa: E501 - a table is read in its columns


def complete() -> list[tuple[Phase, Mode | None, Given, Phase, Mode | None]]:
    def read(cell: str) -> tuple[Phase, Mode | None]:
        phase, mode = cell.split()
        return Phase(phase), None if mode == "-" else Mode(mode)

    rows = []
    for line in COMPLETE.strip().splitlines():
        first, *cells = (cell.strip() for cell in line.split("|"))
        for given_, cell in zip(Given, cells, strict=True):
            source = read(first)
            rows.append((*source, given_, *(source if cell == "." else read(cell))))
    return rows


@pytest.mark.parametrize(("phase", "mode", "given_", "target", "target_mode"), complete())
def test_every_input_in_every_state(
    phase: Phase, mode: Mode | None, given_: Given, target: Phase, target_mode: Mode | None
) -> None:
    area = standing(phase, mode)
    put(area, given_)
    assert (area.state.phase, area.state.mode) == (target, target_mode)
    assert consistent(area.state)


def test_the_transitions_as_data_are_exactly_what_step_does() -> None:
    arrows = {(t.source, m, t.given, t.target) for t in TRANSITIONS for m in t.modes}
    done = set()
    for phase, mode, given_, *_ in complete():
        area = standing(phase, mode)
        put(area, given_)
        if area.state.phase is not phase:
            done.add((phase, mode, given_, area.state.phase))
    assert done == arrows


class TestArming:
    @pytest.mark.parametrize("mode", Mode)
    def test_exit_delay_then_armed(self, mode: Mode) -> None:
        area = Area()
        assert area.code(ARM[mode]) == Verdict(done=True, key=f"arm-{mode}")
        area(Ticked(), after_s=59.999)
        assert area.state.phase is Phase.EXITING
        area(Ticked(), after_s=0.001)
        assert (area.state.phase, area.state.mode) == (Phase.ARMED, mode)
        assert area.journal() == [f"arm-{mode}", f"armed-{mode}"]
        assert area.reports() == []

    def test_is_refused_with_the_open_zones_named_and_leaves_no_change(self) -> None:
        area = Area()
        area.open(BACK)
        area.open(WINDOW)
        before = area.state
        verdict = area.code(Action.ARM_AWAY)
        assert verdict == Verdict(done=False, key="zones-open", zones=("Back door", "Window"))
        assert area.state == before
        assert area.out[-1] == Journal("arm-refused", T0, "ann", ("Back door", "Window"))

    def test_open_zones_can_be_bypassed_by_the_person(self) -> None:
        area = Area()
        area.open(BACK)
        assert area.code(Action.ARM_AWAY, "Back door", "Back door").done
        assert area.state.bypassed == ("Back door",)
        area(Ticked(), after_s=60)
        assert area.state.phase is Phase.ARMED, "a bypassed open zone is no exit error"
        area.close(BACK)
        area.open(BACK)
        assert area.state.phase is Phase.ARMED, "nor does it start the entry delay"
        area.code(Action.DISARM)
        assert area.state.bypassed == ()

    @pytest.mark.parametrize("name", ["Safe", "Desk", "Gate"])
    def test_what_cannot_be_bypassed_is_refused_in_the_same_words(self, name: str) -> None:
        area = Area()
        verdict = area.code(Action.ARM_AWAY, name)
        assert verdict == Verdict(done=False, key="cannot-bypass", zones=(name,))
        assert area.state == AreaState()

    def test_an_open_interior_zone_does_not_refuse_but_is_an_exit_error(self) -> None:
        area = Area()
        area.open(MOTION)
        assert view(area.config, area.state, area.at).open_zones == ()
        assert area.code(Action.ARM_AWAY).done
        area(Ticked(), after_s=60)
        assert (area.state.phase, area.state.cause) == (Phase.ENTERING, "Motion")

    def test_is_refused_while_it_is_armed(self) -> None:
        area = Area().armed()
        before = area.state
        assert area.code(Action.ARM_HOME) == Verdict(done=False, key="not-disarmed")
        assert area.state == before

    def test_coming_back_starts_the_exit_delay_anew_once(self) -> None:
        area = Area()
        area.code(Action.ARM_AWAY)
        area.open(FRONT, after_s=10)
        area.open(BACK)
        area.close(FRONT, after_s=5)
        assert area.state.way is Way.OUT
        area.open(FRONT, after_s=5)
        assert area.state.deadline == area.at + 60
        area.close(FRONT, after_s=5)
        area.open(FRONT, after_s=5)
        assert area.state.deadline == area.at - 10 + 60, "once only"

    def test_an_interior_zone_that_closes_is_no_leaving(self) -> None:
        area = Area()
        area.code(Action.ARM_AWAY)
        area.open(FRONT)
        area.open(MOTION)
        area.close(MOTION)
        assert area.state.way is Way.LEAVING

    @pytest.mark.parametrize(
        ("auto_home", "leave", "mode"),
        [(True, False, Mode.HOME), (True, True, Mode.AWAY), (False, False, Mode.AWAY)],
    )
    def test_if_nobody_leaves_it_may_arm_home(
        self, auto_home: bool, leave: bool, mode: Mode
    ) -> None:
        area = Area(replace(LOBBY, delays=Delays(auto_home=auto_home)))
        area.code(Action.ARM_AWAY)
        if leave:
            area.open(FRONT, after_s=5)
            area.close(FRONT, after_s=5)
        area(Ticked(), after_s=60)
        assert (area.state.phase, area.state.mode) == (Phase.ARMED, mode)

    def test_auto_home_leaves_home_and_night_alone(self) -> None:
        area = Area(replace(LOBBY, delays=Delays(auto_home=True)))
        area.armed(Mode.NIGHT)
        assert area.state.mode is Mode.NIGHT

    def test_a_door_left_open_is_an_exit_error(self) -> None:
        area = Area()
        area.code(Action.ARM_AWAY)
        area.open(FRONT, after_s=5)
        area(Ticked(), after_s=55)
        assert area.state.phase is Phase.ENTERING
        area(Ticked(), after_s=30)
        area(Ticked(), after_s=30)
        assert area.reports() == [
            (Event.EXIT_ERROR, ZONE_DETAIL[ZoneType.DELAYED], "Front door"),
            (Event.ALARM, ZONE_DETAIL[ZoneType.DELAYED], "Front door"),
        ]


class TestAlarm:
    def test_entry_delay_then_alarm_then_report_after_the_abort_window(self) -> None:
        area = Area().armed()
        area.open(FRONT)
        area.open(MOTION, after_s=5)
        area(Ticked(), after_s=24.9)
        assert area.state.phase is Phase.ENTERING
        area(Ticked(), after_s=0.1)
        assert area.state.phase is Phase.ALARM
        assert area.state.memory == ("Front door",)
        area(Ticked(), after_s=29.9)
        assert area.reports() == []
        area(Ticked(), after_s=0.1)
        assert area.reports() == [(Event.ALARM, ZONE_DETAIL[ZoneType.DELAYED], "Front door")]

    def test_disarmed_in_the_abort_window_nothing_but_the_abort_is_reported(self) -> None:
        area = Area().armed()
        area.open(WINDOW)
        area.code(Action.DISARM, after_s=29)
        area(Ticked(), after_s=1000)
        assert area.reports() == [(Event.ALARM_ABORTED, ABORTED_UNSENT, None)]
        assert area.journal()[-3:] == ["alarm", "disarmed", "alarm-aborted"]
        assert area.state.memory == ("Window",)

    def test_disarmed_after_the_report_it_says_so(self) -> None:
        area = Area().armed()
        area.open(WINDOW)
        area.code(Action.DISARM, after_s=31)
        assert [report[:2] for report in area.reports()] == [
            (Event.ALARM, ZONE_DETAIL[ZoneType.INSTANT]),
            (Event.ALARM_ABORTED, ABORTED_SENT),
        ]

    def test_a_zone_without_abort_window_reports_at_once(self) -> None:
        area = Area().armed()
        area.open(HATCH)
        assert area.reports() == [(Event.ALARM, ZONE_DETAIL[ZoneType.INSTANT], "Hatch")]

    def test_disarmed_after_a_report_at_once_it_says_so_too(self) -> None:
        area = Area().armed()
        area.open(HATCH)
        area.code(Action.DISARM)
        assert area.reports()[-1] == (Event.ALARM_ABORTED, ABORTED_SENT, None)

    def test_a_sensor_that_repeats_itself_alarms_once(self) -> None:
        area = Area().armed()
        area.open(HATCH)
        assert area.open(HATCH) == ()
        assert area.state.open == ("Hatch",)

    def test_zones_in_the_abort_window_wait_for_the_same_end_and_later_ones_do_not(self) -> None:
        area = Area().armed()
        area.open(WINDOW)
        area.open(MOTION, after_s=20)
        assert next_deadline(area.state) == area.at + 10
        area(Ticked(), after_s=10)
        assert [zone for *_, zone in area.reports()] == ["Window", "Motion"]
        area.open(BACK, after_s=1)
        assert [zone for *_, zone in area.reports()] == ["Window", "Motion", "Back door"]

    def test_a_reported_zone_that_closes_is_restored_once(self) -> None:
        area = Area().armed()
        area.open(HATCH)
        area.code(Action.DISARM)
        area.close(HATCH)
        area.close(HATCH)
        restored = (Event.ALARM_RESTORED, ZONE_DETAIL[ZoneType.INSTANT], "Hatch")
        assert area.reports().count(restored) == 1

    def test_one_zone_alarms_twice_in_an_armed_period_and_then_is_shut_down(self) -> None:
        area = Area().armed()
        for _ in range(5):
            area.open(HATCH)
            area.close(HATCH)
        assert area.reports().count((Event.ALARM, 1, "Hatch")) == 2
        assert [report[0] for report in area.reports()].count(Event.ALARM_RESTORED) == 2
        assert area.journal().count("zone-shut-down") == 1
        area.open(WINDOW)
        assert "Window" in area.state.memory, "others still alarm"
        area.code(Action.DISARM)
        area.close(WINDOW)
        area.armed(Mode.HOME)
        area.open(HATCH)
        assert area.reports().count((Event.ALARM, 1, "Hatch")) == 3, "a new period, a new count"

    def test_memory_lasts_until_the_next_arming(self) -> None:
        area = Area().armed()
        area.open(WINDOW)
        area.close(WINDOW)
        area.code(Action.DISARM)
        area.code(Action.DISARM)
        assert view(area.config, area.state, area.at).memory == ("Window",)
        area.open(BACK)
        area.code(Action.ARM_AWAY)
        assert area.state.memory == ("Window",), "a refused arming clears nothing"
        area.close(BACK)
        area.code(Action.ARM_AWAY)
        assert area.state.memory == ()

    def test_a_24_hour_zone_alarms_while_disarmed_and_needs_a_code(self) -> None:
        area = Area()
        area.open(SAFE)
        shown = view(area.config, area.state, area.at)
        assert (shown.phase, shown.mode, shown.sound) == (Phase.ALARM, None, "alarm")
        assert shown.actions == (Action.DISARM,)
        area.open(WINDOW)
        assert area.state.memory == ("Safe",), "what is not watched still is not"


class TestButton:
    @pytest.mark.parametrize(("phase", "mode"), [row[:2] for row in complete()[::13]])
    def test_reports_at_once_every_time_and_changes_nothing(
        self, phase: Phase, mode: Mode | None
    ) -> None:
        area = standing(phase, mode)
        before, shown = area.state, view(area.config, area.state, area.at)
        for _ in range(4):
            assert area.open(DESK) == (Report(Event.BUTTON, area.at, 5, "Desk"),)
            assert area.close(DESK) == ()
        assert area.state == before
        assert view(area.config, area.state, area.at) == shown

    def test_is_not_ignored_after_power_up(self) -> None:
        area = Area()
        area(Started())
        assert area.open(DESK) == (Report(Event.BUTTON, area.at, 5, "Desk"),)


class TestPowerUp:
    def test_a_restart_forgets_nothing(self) -> None:
        area = Area().armed()
        area.open(FRONT)
        again = Area(state=from_plain(to_plain(area.state)))
        again.at = area.at
        again(Started(), after_s=10)
        again(Ticked(), after_s=20)
        assert again.state.phase is Phase.ALARM
        assert again.state.memory == ("Front door",)

    def test_a_delay_that_ended_while_the_panel_was_off_is_made_up_for(self) -> None:
        area = Area().armed()
        area.open(FRONT)
        area(Started(), after_s=3600)
        assert area.reports() == [(Event.ALARM, ZONE_DETAIL[ZoneType.DELAYED], "Front door")]
        (report,) = (effect for effect in area.out if isinstance(effect, Report))
        assert report.at == area.at - 3600 + 60, "at its own time"

    @pytest.mark.parametrize("phase", [Phase.EXITING, Phase.ENTERING, Phase.ALARM])
    def test_a_clock_that_went_back_makes_no_delay_longer(self, phase: Phase) -> None:
        area = standing(phase, Mode.AWAY)
        area(Started(), after_s=-86_400)
        due = next_deadline(replace(area.state, quiet_until=None))
        assert due == area.at + (60 if phase is Phase.EXITING else 30)

    def test_zones_are_answered_after_the_time_if_they_still_are_open(self) -> None:
        area = Area().armed()
        area(Started())
        area.open(WINDOW, after_s=1)
        area.open(HATCH)
        area.open(SAFE)
        area.close(HATCH, after_s=1)
        assert area.state.phase is Phase.ARMED
        area(Ticked(), after_s=58)
        assert area.state.phase is Phase.ALARM
        assert area.state.memory == ("Window", "Safe")

    def test_the_exit_door_counts_meanwhile(self) -> None:
        area = Area()
        area(Started())
        area.code(Action.ARM_AWAY)
        area.open(FRONT)
        area.close(FRONT)
        assert area.state.way is Way.OUT

    def test_can_be_switched_off(self) -> None:
        area = Area(replace(LOBBY, delays=Delays(power_up_s=0))).armed()
        area(Started())
        area.open(WINDOW)
        assert area.state.phase is Phase.ALARM

    def test_switched_off_meanwhile_what_was_held_is_answered_at_once(self) -> None:
        area = Area().armed()
        area(Started())
        area.open(WINDOW)
        area.config = replace(LOBBY, delays=Delays(power_up_s=0))
        area(Started(), after_s=1)
        assert area.state.phase is Phase.ALARM

    @pytest.mark.parametrize("phase", [Phase.ENTERING, Phase.ALARM])
    def test_an_alarm_outlives_its_zone_in_the_settings(self, phase: Phase) -> None:
        area = standing(phase, Mode.AWAY)
        area.config = AreaConfig("Lobby", 1, (MOTION,))
        area(Started(), after_s=1000)
        assert [report[0] for report in area.reports()] == [Event.ALARM]


class TestView:
    def test_counts_down_whole_seconds(self) -> None:
        area = Area()
        area.code(Action.ARM_AWAY)
        shown = [view(LOBBY, area.state, area.at + s) for s in (-5, 0, 0.5, 59, 59.5)]
        assert [each.countdown_s for each in shown] == [60, 60, 60, 1, 1]
        assert {each.countdown_of_s for each in shown} == {60}
        assert shown[0].sound == "exit"
        area(Ticked(), after_s=60)
        area.open(FRONT)
        entering = view(LOBBY, area.state, area.at + 3)
        assert (entering.countdown_s, entering.countdown_of_s, entering.sound) == (27, 30, "entry")

    def test_is_right_without_a_timer(self) -> None:
        area = Area()
        area.code(Action.ARM_AWAY)
        late = view(LOBBY, area.state, area.at + 61)
        assert (late.phase, late.countdown_s, late.sound) == (Phase.ARMED, None, "none")
        assert area.state.phase is Phase.EXITING

    def test_offers_only_what_can_be_done(self) -> None:
        area = Area()
        arming = (Action.ARM_AWAY, Action.ARM_HOME, Action.ARM_NIGHT)
        assert view(LOBBY, area.state, area.at).actions == arming
        area.armed()
        assert view(LOBBY, area.state, area.at).actions == (Action.DISARM,)


@pytest.mark.parametrize("fact", [ZoneOpened("Gate"), ZoneClosed("Gate")])
def test_an_unknown_zone_is_named(fact: Fact) -> None:
    with pytest.raises(NotFoundError, match="Gate"):
        step(LOBBY, AreaState(), fact, T0)


ZONES = st.sampled_from(LOBBY.zones)
SECONDS = st.one_of(st.integers(0, 200), st.floats(0, 200, allow_nan=False))
FACTS = st.one_of(
    st.builds(
        CodeAccepted,
        st.just("ann"),
        st.sampled_from(Action),
        st.lists(ZONES.map(lambda zone: zone.name), max_size=2).map(tuple),
    ),
    st.builds(ZoneOpened, ZONES.map(lambda zone: zone.name)),
    st.builds(ZoneClosed, ZONES.map(lambda zone: zone.name)),
    st.just(Ticked()),
    st.just(Started()),
)


@given(st.lists(st.tuples(FACTS, SECONDS), max_size=12), st.lists(SECONDS, max_size=12))
def test_one_look_after_a_gap_is_as_good_as_many(
    history: list[tuple[Fact, float]], gaps: list[float]
) -> None:
    area = Area()
    for fact, after_s in history:
        area(fact, after_s=after_s)
    looks = [area.at]
    for gap_s in gaps:
        looks.append(looks[-1] + gap_s)
    state, effects = area.state, list[Effect]()
    for at in looks:
        state, more = step(LOBBY, state, Ticked(), at)
        effects += more
    assert (state, tuple(effects)) == step(LOBBY, area.state, Ticked(), looks[-1])
    assert view(LOBBY, state, looks[-1]) == view(LOBBY, area.state, looks[-1])


class Histories(RuleBasedStateMachine):
    """Any facts at any time, with restarts through the stored form."""

    @initialize(auto_home=st.booleans(), power_up_s=st.sampled_from([0, 60]))
    def start(self, auto_home: bool, power_up_s: int) -> None:
        delays = Delays(auto_home=auto_home, power_up_s=power_up_s)
        self.area = Area(replace(LOBBY, delays=delays))
        self.remembered: set[str] = set()

    def look(self) -> None:
        """Bring the area to the present, and remember what alarmed."""
        for effect in self.area(Ticked()):
            self.remember(effect)

    def remember(self, effect: Effect) -> None:
        if isinstance(effect, Journal) and effect.key == "alarm":
            self.remembered |= set(effect.zones)
        if isinstance(effect, Journal) and effect.key in {a.value for a in Action if a.mode}:
            self.remembered.clear()

    @rule(fact=FACTS, after_s=SECONDS)
    def happen(self, fact: Fact, after_s: float) -> None:
        self.area.at += after_s
        self.look()
        before = self.area.state
        effects = self.area(fact)
        for effect in effects:
            self.remember(effect)
        if any(isinstance(effect, Verdict) and not effect.done for effect in effects):
            assert self.area.state == before
        verdicts = sum(isinstance(effect, Verdict) for effect in effects)
        assert verdicts == isinstance(fact, CodeAccepted)

    @rule(after_s=SECONDS)
    def open_the_safe(self, after_s: float) -> None:
        self.area.at += after_s
        self.look()
        self.area.close(SAFE)
        for effect in self.area.open(SAFE):
            self.remember(effect)
        quiet = self.area.state.quiet_until is not None
        assert self.area.state.phase is Phase.ALARM or (quiet and "Safe" in self.area.state.held)

    @rule()
    def disarm(self) -> None:
        assert self.area.code(Action.DISARM).done
        assert self.area.state.phase is Phase.DISARMED

    @rule()
    def press(self) -> None:
        self.look()
        before = self.area.state
        assert any(isinstance(e, Report) and e.event is Event.BUTTON for e in self.area.open(DESK))
        assert self.area.state == before

    @rule()
    def restart(self) -> None:
        assert from_plain(to_plain(self.area.state)) == self.area.state

    @invariant()
    def consistent(self) -> None:
        state = self.area.state
        assert consistent(state)
        assert (state.mode is None) <= (state.phase in {Phase.DISARMED, Phase.ALARM})
        assert (state.phase is Phase.DISARMED) <= (state.mode is None)
        assert set(state.memory) == self.remembered
        assert DESK.name not in {*state.open, *state.memory, *state.held, *state.reported}

    @invariant()
    def every_key_is_known(self) -> None:
        for effect in self.area.out:
            if isinstance(effect, Journal):
                assert effect.key in JOURNAL_KEYS
            if isinstance(effect, Verdict):
                assert effect.key in VERDICT_KEYS
        self.area.out.clear()

    @invariant()
    def nothing_overdue(self) -> None:
        due = next_deadline(self.area.state)
        assert due is None or due > self.area.at


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
