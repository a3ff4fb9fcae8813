"""The states of an area, and everything that changes them: one pure function, `step`.

This file owns the transitions. A timer is a deadline in the state, so a restart forgets
nothing: `step` first lets every deadline that has passed fall due at its own time, in
order, then decides on the fact. One look after a long gap is the same as many small ones.
`TRANSITIONS` is the same machine as data, for the diagram in the documentation; a test
enumerates `step` and compares. Times are UTC seconds.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from watchword.core.area import (
    AreaState,
    CodeAccepted,
    Effect,
    Fact,
    Journal,
    Report,
    Started,
    Stepped,
    Ticked,
    Verdict,
    Way,
    ZoneClosed,
    ZoneOpened,
)
from watchword.core.words import Action, Event, Mode
from watchword.core.zones import (
    NUMBER_MAX,
    AreaConfig,
    Phase,
    Reaction,
    Zone,
    ZoneType,
    is_exit_error,
    reaction,
    stands_in_the_way,
)

ABORTED_UNSENT = 1  # details of ALARM_ABORTED: within the abort window, nothing was reported
ABORTED_SENT = 2  # the alarm had been reported
ZONE_DETAIL = {kind: number for number, kind in enumerate(ZoneType, start=1)}  # of ALARM


def step(config: AreaConfig, state: AreaState, fact: Fact, at: float) -> Stepped:
    """What becomes of an area when `fact` happens at `at`, and what is to be done about it.

    NotFoundError when the fact names a zone that the area does not have.
    """
    now, due = _advance(config, state, at)
    after, effects = _decide(config, now, fact, at)
    return after, (*due, *effects)


def next_deadline(state: AreaState) -> float | None:
    """When the area changes by itself next, or None."""
    waiting = (state.deadline, state.report_at, state.quiet_until)
    return min((moment for moment in waiting if moment is not None), default=None)


# What is shown


@dataclass(frozen=True, slots=True)
class View:
    """What anybody at the area may see and hear now."""

    phase: Phase
    mode: Mode | None
    countdown_s: int | None
    countdown_of_s: int | None
    sound: str
    actions: tuple[Action, ...]
    open_zones: tuple[Zone, ...]
    bypassed: tuple[str, ...]
    memory: tuple[str, ...]


SOUNDS = {Phase.EXITING: "exit", Phase.ENTERING: "entry", Phase.ALARM: "alarm"}
ARMING = (Action.ARM_AWAY, Action.ARM_HOME, Action.ARM_NIGHT)


def view(config: AreaConfig, state: AreaState, at: float) -> View:
    """What is shown at `at`: right even when no timer has poked the area since."""
    now, _ = _advance(config, state, at)
    of_s = {Phase.EXITING: config.delays.exit_s, Phase.ENTERING: config.delays.entry_s}
    whole = of_s.get(now.phase)
    left_s = None if now.deadline is None else math.ceil(now.deadline - at)
    return View(
        phase=now.phase,
        mode=now.mode,
        countdown_s=left_s if left_s is None or whole is None else min(left_s, whole),
        countdown_of_s=whole,
        sound=SOUNDS.get(now.phase, "none"),
        actions=ARMING if now.phase is Phase.DISARMED else (Action.DISARM,),
        open_zones=tuple(_in_the_way(config, now)),
        bypassed=now.bypassed,
        memory=now.memory,
    )


# Time


def _advance(config: AreaConfig, state: AreaState, at: float) -> Stepped:
    """Let everything that was due by `at` happen, each at its own time."""
    effects: list[Effect] = []
    while (due := next_deadline(state)) is not None and due <= at:
        state, more = _fall_due(config, state, due)
        effects += more
    return state, tuple(effects)


def _fall_due(config: AreaConfig, state: AreaState, due: float) -> Stepped:
    if state.quiet_until == due:
        return _settled(config, state, due)
    if state.report_at == due:
        return _abort_window_over(config, state, due)
    if state.phase is Phase.EXITING:
        return _exit_over(config, state, due)
    return _entry_over(config, state, due)


def _settled(config: AreaConfig, state: AreaState, due: float) -> Stepped:
    """The time after power-up is over: what opened in it and still is open opens now."""
    held, effects = state.held, list[Effect]()
    state = replace(state, held=(), quiet_until=None)
    for name in held:
        state, more = _react(config, state, _remembered(config, name), due)
        effects += more
    return state, tuple(effects)


def _abort_window_over(config: AreaConfig, state: AreaState, due: float) -> Stepped:
    reports = tuple(_alarm_report(_remembered(config, name), due) for name in state.unsent)
    reported = _joined(state.reported, state.unsent)
    return replace(state, report_at=None, unsent=(), reported=reported, sent=True), reports


def _exit_over(config: AreaConfig, state: AreaState, due: float) -> Stepped:
    stayed = state.mode is Mode.AWAY and state.way is Way.INSIDE and config.delays.auto_home
    mode = Mode.HOME if stayed else state.mode
    armed = replace(state, phase=Phase.ARMED, mode=mode, deadline=None, way=Way.INSIDE)
    for zone in config.zones:
        if mode and zone.name in _unbypassed(armed) and is_exit_error(zone.type, mode):
            return _enter(config, replace(armed, exit_error=True), zone, due)
    return armed, (Journal(f"armed-{mode}", due),)


def _entry_over(config: AreaConfig, state: AreaState, due: float) -> Stepped:
    zone = _remembered(config, state.cause or "")
    after, effects = _alarm(config, state, zone, due)
    if state.exit_error:
        effects = (*effects, Report(Event.EXIT_ERROR, due, ZONE_DETAIL[zone.type], zone.name))
    return after, effects


# Facts


def _decide(config: AreaConfig, state: AreaState, fact: Fact, at: float) -> Stepped:
    match fact:
        case CodeAccepted(action=Action.DISARM):
            return _disarm(state, fact, at)
        case CodeAccepted():
            return _arm(config, state, fact, at)
        case ZoneOpened(name):
            return _opened(config, state, config.zone(name), at)
        case ZoneClosed(name):
            return _closed(state, config.zone(name), at)
        case Ticked():
            return state, ()
        case Started():
            return _started(config, state, at)
    assert_never(fact)


def _disarm(state: AreaState, fact: CodeAccepted, at: float) -> Stepped:
    """Always possible; only what is open, the memory and the power-up time outlive it."""
    effects: list[Effect] = [
        Verdict(done=True, key="disarmed"),
        Journal("disarmed", at, person=fact.person),
    ]
    if state.phase is Phase.ALARM:
        detail = ABORTED_SENT if state.sent else ABORTED_UNSENT
        effects += [
            Journal("alarm-aborted", at, person=fact.person, zones=state.memory),
            Report(Event.ALARM_ABORTED, at, detail),
        ]
    after = AreaState(
        quiet_until=state.quiet_until,
        open=state.open,
        memory=state.memory,
        reported=state.reported,
        held=state.held,
    )
    return after, tuple(effects)


def _arm(config: AreaConfig, state: AreaState, fact: CodeAccepted, at: float) -> Stepped:
    if state.phase is not Phase.DISARMED:
        return _refuse(state, fact, "not-disarmed", (), at)
    fixed = tuple(n for n in fact.bypass if not config.has(n) or not config.zone(n).bypass)
    if fixed:
        return _refuse(state, fact, "cannot-bypass", fixed, at)
    bypassed = _joined((), fact.bypass)
    after = replace(
        state,
        phase=Phase.EXITING,
        mode=fact.action.mode,
        deadline=at + config.delays.exit_s,
        bypassed=bypassed,
        memory=(),
        reported=(),
    )
    blocking = tuple(zone.name for zone in _in_the_way(config, after))
    if blocking:
        return _refuse(state, fact, "zones-open", blocking, at)
    key = fact.action.value
    journal = Journal(key, at, person=fact.person, zones=bypassed)
    return after, (Verdict(done=True, key=key), journal)


def _refuse(
    state: AreaState, fact: CodeAccepted, key: str, zones: tuple[str, ...], at: float
) -> Stepped:
    journal = Journal("arm-refused", at, person=fact.person, zones=zones)
    return state, (Verdict(done=False, key=key, zones=zones), journal)


def _opened(config: AreaConfig, state: AreaState, zone: Zone, at: float) -> Stepped:
    if zone.type is ZoneType.BUTTON:
        return state, (Report(Event.BUTTON, at, ZONE_DETAIL[zone.type], zone.name),)
    if zone.name in state.open:
        return state, ()
    return _react(config, replace(state, open=(*state.open, zone.name)), zone, at)


def _closed(state: AreaState, zone: Zone, at: float) -> Stepped:
    if zone.name not in state.open:
        return state, ()
    shut_behind = state.way is Way.LEAVING and zone.type is ZoneType.DELAYED
    after = replace(
        state,
        open=_without(state.open, zone.name),
        held=_without(state.held, zone.name),
        reported=_without(state.reported, zone.name),
        way=Way.OUT if shut_behind else state.way,
    )
    if zone.name in state.reported:
        return after, (Report(Event.ALARM_RESTORED, at, ZONE_DETAIL[zone.type], zone.name),)
    return after, ()


def _started(config: AreaConfig, state: AreaState, at: float) -> Stepped:
    """Go on as before: no delay longer than a whole one, whatever the clock did meanwhile."""
    delays = config.delays
    whole_s = delays.exit_s if state.phase is Phase.EXITING else delays.entry_s
    after = replace(
        state,
        deadline=_at_most(state.deadline, at + whole_s),
        report_at=_at_most(state.report_at, at + delays.abort_s),
        quiet_until=at + delays.power_up_s,
    )
    if delays.power_up_s:
        return after, (Journal("started", at),)
    after, effects = _settled(config, after, at)
    return after, (Journal("started", at), *effects)


# Zones


def _react(config: AreaConfig, state: AreaState, zone: Zone, at: float) -> Stepped:
    """A zone other than a button opened: do what the table says."""
    if zone.name in state.bypassed:
        return state, ()
    answer = reaction(zone.type, state.phase, state.mode)
    if state.quiet_until is not None and answer in {Reaction.ENTER, Reaction.ALARM}:
        return replace(state, held=_joined(state.held, (zone.name,))), ()
    match answer:
        case Reaction.IGNORE | Reaction.REPORT:
            return state, ()
        case Reaction.LEAVE:
            return _leave(config, state, at), ()
        case Reaction.ENTER:
            return _enter(config, state, zone, at)
        case Reaction.ALARM:
            return _alarm(config, state, zone, at)
    assert_never(answer)


def _leave(config: AreaConfig, state: AreaState, at: float) -> AreaState:
    """Through the door during the exit delay; coming back once starts it anew."""
    if state.way is Way.OUT:
        return replace(state, deadline=at + config.delays.exit_s, way=Way.BACK)
    return replace(state, way=Way.LEAVING) if state.way is Way.INSIDE else state


def _enter(config: AreaConfig, state: AreaState, zone: Zone, at: float) -> Stepped:
    deadline = at + config.delays.entry_s
    after = replace(state, phase=Phase.ENTERING, deadline=deadline, cause=zone.name)
    return after, (Journal("entry-delay", at, zones=(zone.name,)),)


def _alarm(config: AreaConfig, state: AreaState, zone: Zone, at: float) -> Stepped:
    """Sound the alarm; report it at once, or when the abort window is over."""
    counts = dict(state.trips)
    trip = counts.get(zone.name, 0) + 1
    if trip > config.delays.trips:
        return state, ()
    waits = zone.abort and not (state.phase is Phase.ALARM and state.report_at is None)
    after = replace(
        state,
        phase=Phase.ALARM,
        deadline=None,
        cause=None,
        exit_error=False,
        way=Way.INSIDE,
        memory=_joined(state.memory, (zone.name,)),
        trips=tuple((counts | {zone.name: trip}).items()),
    )
    effects: list[Effect] = [Journal("alarm", at, zones=(zone.name,))]
    if trip == config.delays.trips:
        effects.append(Journal("zone-shut-down", at, zones=(zone.name,)))
    if waits:
        end = at + config.delays.abort_s
        unsent = _joined(state.unsent, (zone.name,))
        return replace(after, report_at=state.report_at or end, unsent=unsent), tuple(effects)
    reported = _joined(state.reported, (zone.name,))
    effects.append(_alarm_report(zone, at))
    return replace(after, reported=reported, sent=True), tuple(effects)


def _alarm_report(zone: Zone, at: float) -> Report:
    return Report(Event.ALARM, at, ZONE_DETAIL[zone.type], zone.name)


def _in_the_way(config: AreaConfig, state: AreaState) -> tuple[Zone, ...]:
    names = _unbypassed(state)
    return tuple(z for z in config.zones if z.name in names and stands_in_the_way(z.type))


def _unbypassed(state: AreaState) -> frozenset[str]:
    return frozenset(state.open) - frozenset(state.bypassed)


def _remembered(config: AreaConfig, name: str) -> Zone:
    """The zone, or a stand-in when the set-up has lost it: its alarm must not be lost too."""
    return config.zone(name) if config.has(name) else Zone(name, ZoneType.INSTANT, NUMBER_MAX)


def _joined(names: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *more)))


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)


def _at_most(moment: float | None, latest: float) -> float | None:
    return None if moment is None else min(moment, latest)


# The same machine as data


class Given(StrEnum):
    """Everything that can happen to an area, as the diagram names it."""

    DISARM = "code: disarm"
    ARM = "code: arm"
    ARM_OPEN = "code: arm, a zone open"
    INSTANT = "instant zone opens"
    DELAYED = "delayed zone opens"
    INTERIOR = "interior zone opens"
    ALWAYS = "24-hour zone opens"
    BUTTON = "button pressed"
    CLOSED = "zone closes"
    EXIT_OVER = "exit delay ends"
    EXIT_OVER_OPEN = "exit delay ends, a zone open"
    ENTRY_OVER = "entry delay ends"
    ABORT_OVER = "abort window ends"


@dataclass(frozen=True, slots=True)
class Transition:
    """An arrow of the diagram; `modes` are those in which it is taken (None: disarmed)."""

    source: Phase
    given: Given
    target: Phase
    modes: tuple[Mode | None, ...]


_MODES = tuple(Mode)
_COMING_IN = (Mode.AWAY, Mode.HOME)

TRANSITIONS = (
    Transition(Phase.DISARMED, Given.ARM, Phase.EXITING, (None,)),
    Transition(Phase.DISARMED, Given.ALWAYS, Phase.ALARM, (None,)),
    Transition(Phase.EXITING, Given.DISARM, Phase.DISARMED, _MODES),
    Transition(Phase.EXITING, Given.EXIT_OVER, Phase.ARMED, _MODES),
    Transition(Phase.EXITING, Given.EXIT_OVER_OPEN, Phase.ENTERING, _MODES),
    Transition(Phase.EXITING, Given.INSTANT, Phase.ALARM, _MODES),
    Transition(Phase.EXITING, Given.ALWAYS, Phase.ALARM, _MODES),
    Transition(Phase.ARMED, Given.DISARM, Phase.DISARMED, _MODES),
    Transition(Phase.ARMED, Given.DELAYED, Phase.ENTERING, _COMING_IN),
    Transition(Phase.ARMED, Given.DELAYED, Phase.ALARM, (Mode.NIGHT,)),
    Transition(Phase.ARMED, Given.INSTANT, Phase.ALARM, _MODES),
    Transition(Phase.ARMED, Given.INTERIOR, Phase.ALARM, (Mode.AWAY,)),
    Transition(Phase.ARMED, Given.ALWAYS, Phase.ALARM, _MODES),
    Transition(Phase.ENTERING, Given.DISARM, Phase.DISARMED, _MODES),
    Transition(Phase.ENTERING, Given.ENTRY_OVER, Phase.ALARM, _MODES),
    Transition(Phase.ENTERING, Given.INSTANT, Phase.ALARM, _MODES),
    Transition(Phase.ENTERING, Given.ALWAYS, Phase.ALARM, _MODES),
    Transition(Phase.ALARM, Given.DISARM, Phase.DISARMED, (None, *_MODES)),
)
"""Every change of phase; what is not here leaves the phase as it is."""
