"""The values that arming deals in: the state of an area, facts in, effects out.

This file owns what may be stored of an area, and refuses to read back anything else.
What happens to these values is in `arming`. Times are UTC seconds; zones are named.
"""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, TypeAlias

from watchword.core.errors import LocalFaultError
from watchword.core.words import Action, Event, Mode
from watchword.core.zones import REACTIONS, Phase


class Way(StrEnum):
    """What the door said during the exit delay."""

    INSIDE = "inside"  # it has not opened: nobody left
    LEAVING = "leaving"  # it is open
    OUT = "out"  # it was closed again
    BACK = "back"  # somebody came back, and the delay started anew, once


@dataclass(frozen=True, slots=True)
class AreaState:
    """What is stored of one area; everything shown follows from it, the set-up and now.

    `deadline` ends the exit or entry delay, `report_at` the abort window, `quiet_until` the
    time after power-up. Tuples of zones are in the order in which it happened.
    """

    phase: Phase = Phase.DISARMED
    mode: Mode | None = None
    deadline: float | None = None
    report_at: float | None = None
    quiet_until: float | None = None
    way: Way = Way.INSIDE
    cause: str | None = None  # the zone that started the entry delay
    exit_error: bool = False  # it was still open when the exit delay ended
    sent: bool = False  # something of this alarm was reported
    open: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()  # zones that alarmed, until the next arming
    unsent: tuple[str, ...] = ()  # alarms that wait for the abort window to end
    reported: tuple[str, ...] = ()  # reported zones that have not closed since
    held: tuple[str, ...] = ()  # opened after power-up, answered when that time is over
    trips: tuple[tuple[str, int], ...] = ()  # alarms of each zone since the last code


@dataclass(frozen=True, slots=True)
class CodeAccepted:
    """A valid code was entered: whose, and what for."""

    person: str
    action: Action
    bypass: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneOpened:
    """A sensor says open, or a button was pressed."""

    zone: str


@dataclass(frozen=True, slots=True)
class ZoneClosed:
    """A sensor says closed."""

    zone: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""


@dataclass(frozen=True, slots=True)
class Started:
    """The panel was powered up or restarted with this stored state."""


Fact: TypeAlias = CodeAccepted | ZoneOpened | ZoneClosed | Ticked | Started


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a code: exactly one for each, with a key of the string catalogue."""

    done: bool
    key: str
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """Write down a public fact; `at` is when it fell due."""

    key: str
    at: float
    person: str | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the station; `at` is when it fell due, `detail` says more about the event."""

    event: Event
    at: float
    detail: int = 0
    zone: str | None = None


Effect: TypeAlias = Verdict | Journal | Report
Stepped: TypeAlias = tuple[AreaState, tuple[Effect, ...]]


NOT_DONE = 0x80  # in the detail of an attempt: the code was valid and arming was refused
_ACTIONS = tuple(Action)


def attempt_detail(action: Action, *, done: bool = True) -> int:
    """The detail byte of an attempt's report: what was asked for, and whether it was done."""
    return _ACTIONS.index(action) + 1 | (0 if done else NOT_DONE)


def attempt_action(detail: int) -> tuple[Action | None, bool]:
    """What `attempt_detail` put in; the action is None when this release does not know it."""
    number = detail & ~NOT_DONE
    known = 1 <= number <= len(_ACTIONS)
    return (_ACTIONS[number - 1] if known else None), not detail & NOT_DONE


# What every kind of journal entry that arming writes is called.
JOURNAL_KEYS = frozenset(
    {"disarmed", "alarm-aborted", "arm-refused", "entry-delay", "alarm", "zone-shut-down"}
    | {"started"}
    | {action.value for action in Action if action.mode}
    | {f"armed-{mode}" for mode in Mode}
)
VERDICT_KEYS = frozenset(
    {"disarmed", "not-disarmed", "cannot-bypass", "zones-open"}
    | {action.value for action in Action if action.mode}
)


def to_plain(state: AreaState) -> dict[str, Any]:
    """The state as JSON can hold it."""
    return asdict(state)


def from_plain(plain: dict[str, Any]) -> AreaState:
    """The state that `to_plain` gave; LocalFaultError when this is not one."""
    try:
        _check_keys(plain)
        mode = plain["mode"]
        state = AreaState(
            phase=Phase(plain["phase"]),
            mode=None if mode is None else Mode(mode),
            deadline=_moment(plain["deadline"]),
            report_at=_moment(plain["report_at"]),
            quiet_until=_moment(plain["quiet_until"]),
            way=Way(plain["way"]),
            cause=None if plain["cause"] is None else str(plain["cause"]),
            exit_error=bool(plain["exit_error"]),
            sent=bool(plain["sent"]),
            open=_names(plain["open"]),
            bypassed=_names(plain["bypassed"]),
            memory=_names(plain["memory"]),
            unsent=_names(plain["unsent"]),
            reported=_names(plain["reported"]),
            held=_names(plain["held"]),
            trips=tuple((str(name), int(count)) for name, count in plain["trips"]),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise _unreadable() from error
    if not consistent(state):
        raise _unreadable()
    return state


def consistent(state: AreaState) -> bool:
    """Whether `step` can have made this state: what must not be true together is not."""
    delayed = state.phase in {Phase.EXITING, Phase.ENTERING}
    return (
        (state.phase, state.mode) in REACTIONS
        and (state.deadline is not None) == delayed
        and bool(state.cause) == (state.phase is Phase.ENTERING)
        and (state.report_at is None) == (not state.unsent)
        and (state.phase is Phase.ALARM or not (state.unsent or state.trips or state.sent))
        and (not state.exit_error or state.phase is Phase.ENTERING)
        and (not state.held or state.quiet_until is not None)
        and (not state.bypassed or state.mode is not None)
    )


def _check_keys(plain: dict[str, Any]) -> None:
    if plain.keys() != {field.name for field in fields(AreaState)}:
        raise ValueError("keys")


def _moment(value: object) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError("moment")


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise ValueError("names")


def _unreadable() -> LocalFaultError:
    return LocalFaultError(
        "The stored state of an area cannot be read.",
        hint="Restore the site's database from a back-up.",
    )
