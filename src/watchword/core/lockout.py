"""Lock-out and pacing: how often codes may be tried at an entry point.

This file owns one rule: while an entry point is locked, what becomes of the state does not depend
on what was typed. An accepted code and a refused one leave the same state behind, and the first
three attempts of a lock-out period are still evaluated, so that a lock silences nobody.

The values are those of a panel set to EN 50131 grade 3: 10 wrong attempts lock for 90 s, each
further wrong one for 90 s more, an accepted code starts the count anew. All of it is counted per
entry point and for the site, never per person: a count per person would say whose code was near.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, isfinite
from typing import Any, Final, assert_never

from watchword.core.errors import LocalFaultError

WRONG_MAX: Final = 10
LOCK_S: Final = 90.0
EVALUATED_MAX: Final = 3

# The site's ceiling: 30 wrong attempts within 15 minutes, over all entry points. One entry point
# alone gets there only with accepted codes in between: its own lock allows 10 wrong attempts and
# then one in 90 s, so 20 in any 15 minutes. Two under attack at once reach it, and so does
# somebody who resets one keypad's count with a code of their own. It ages out and nothing else
# resets it. At a slip rate of 3 % a site would need 1,000 entries in 15 minutes to meet it.
SITE_WRONG_MAX: Final = 30
SITE_PERIOD_S: Final = 900.0

PACE_INTERVAL_S: Final = 2.0
PACE_WAITING_MAX: Final = 5
_CLOCK_GRAIN_S: Final = 1e-6  # two floats this near are the same moment


# -- facts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptRefused:
    """A code was typed at an entry point, and nobody holds it."""

    entry_point: str


@dataclass(frozen=True, slots=True)
class AttemptAccepted:
    """A code was typed at an entry point, and somebody holds it."""

    entry_point: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on."""


Fact = AttemptRefused | AttemptAccepted | Ticked


# -- effects -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock begins; `entry_point` None means every one of the site. `until` is UTC seconds."""

    entry_point: str | None
    until: float


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A lock ended; `entry_point` None means the one of the whole site."""

    entry_point: str | None


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """From here on attempts of this lock-out period are dummies. Told once a period."""

    entry_point: str


Effect = Locked | Unlocked | NotEvaluated
Effects = tuple[Effect, ...]


# -- state ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """One entry point that has something to remember."""

    wrong: int = 0
    """Wrong attempts since the last accepted one; stays at WRONG_MAX."""

    until: float | None = None
    """End of its own lock, UTC seconds."""

    heard: int = 0
    """Attempts while locked, in this lock-out period; stays at EVALUATED_MAX + 1."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """What a site remembers of wrong attempts. No code and no person is in it."""

    points: tuple[tuple[str, Point], ...] = ()
    """By name; only those with something to remember."""

    wrong_at: tuple[float, ...] = ()
    """When the last wrong attempts of the whole site were, at most SITE_WRONG_MAX of them."""

    until: float | None = None
    """End of the lock of the whole site, UTC seconds."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an attempt at an entry point would meet now."""

    locked_s: int | None
    """Whole seconds left of the lock, rounded up; None when not locked."""

    evaluate: bool
    """Whether the attempt is evaluated; if not, a dummy of the same shape is made and reported."""


def look(state: Lockout, entry_point: str, at: float) -> Look:
    """Tell what an attempt would meet; ask with the same `at` as the `step` that follows.

    A locked entry point answers "locked" whatever was typed, evaluated or not.
    """
    state, _ = _settle(state, at)
    point = _point(state, entry_point)
    until = _locked_until(state, point)
    if until is None:
        return Look(locked_s=None, evaluate=True)
    return Look(locked_s=ceil(until - at), evaluate=point.heard < EVALUATED_MAX)


def deadline(state: Lockout) -> float | None:
    """Return when the next lock ends, UTC seconds, or None: `step` with Ticked is due then."""
    ends = [point.until for _, point in state.points if point.until is not None]
    if state.until is not None:
        ends.append(state.until)
    return min(ends, default=None)


def step(state: Lockout, fact: Fact, at: float) -> tuple[Lockout, Effects]:
    """Return the state after this fact and what follows from it.

    Args:
        state: what the site remembers.
        fact: an attempt, with its outcome, or the time going on.
        at: effective UTC seconds. When it goes backwards, no lock lasts longer than from the
            jump on: a wrong clock must not keep people out.
    """
    state, effects = _settle(state, at)
    match fact:
        case Ticked():
            return state, effects
        case AttemptAccepted(entry_point) | AttemptRefused(entry_point) if _is_locked(
            state, entry_point
        ):
            after, more = _heard(state, entry_point)
        case AttemptAccepted(entry_point):
            after, more = _keep(state, entry_point, Point()), ()
        case AttemptRefused(entry_point):
            after, more = _counted(state, entry_point, at)
        case _:
            assert_never(fact)
    return after, (*effects, *more)


def _settle(state: Lockout, at: float) -> tuple[Lockout, Effects]:
    """End the locks whose time is over, and let none outlast a clock that was set back."""
    effects: list[Effect] = []
    until = _clamped(state.until, at)
    if until is None and state.until is not None:
        effects.append(Unlocked(None))
    wrong_at = tuple(min(moment, at) for moment in state.wrong_at)
    settled = Lockout((), tuple(m for m in wrong_at if at - m <= SITE_PERIOD_S), until)
    for name, point in state.points:
        own = _clamped(point.until, at)
        if own is None and point.until is not None:
            effects.append(Unlocked(name))
        # Only a period without any lock ends the count of attempts heard while locked.
        heard = 0 if own is None and until is None else point.heard
        settled = _keep(settled, name, Point(point.wrong, own, heard))
    return settled, tuple(effects)


def _clamped(until: float | None, at: float) -> float | None:
    """Return the end of a lock as seen from `at`, or None when it is over."""
    return None if until is None or until <= at else min(until, at + LOCK_S)


def _heard(state: Lockout, entry_point: str) -> tuple[Lockout, Effects]:
    """Remember that something was typed while locked; what it was makes no difference."""
    point = _point(state, entry_point)
    heard = min(point.heard + 1, EVALUATED_MAX + 1)
    first_dummy = heard > EVALUATED_MAX >= point.heard
    after = _keep(state, entry_point, replace(point, heard=heard))
    return after, (NotEvaluated(entry_point),) if first_dummy else ()


def _counted(state: Lockout, entry_point: str, at: float) -> tuple[Lockout, Effects]:
    """Count a wrong attempt, and lock what has had too many."""
    effects: list[Effect] = []
    point = _point(state, entry_point)
    point = replace(point, wrong=min(point.wrong + 1, WRONG_MAX))
    if point.wrong == WRONG_MAX:
        point = replace(point, until=at + LOCK_S)
        effects.append(Locked(entry_point, at + LOCK_S))
    wrong_at = (*state.wrong_at, at)[-SITE_WRONG_MAX:]
    state = _keep(replace(state, wrong_at=wrong_at), entry_point, point)
    if len(wrong_at) == SITE_WRONG_MAX:
        state = replace(state, until=at + LOCK_S)
        effects.append(Locked(None, at + LOCK_S))
    return state, tuple(effects)


def _is_locked(state: Lockout, entry_point: str) -> bool:
    """Tell whether an entry point is locked, by its own lock or the site's."""
    return _locked_until(state, _point(state, entry_point)) is not None


def _locked_until(state: Lockout, point: Point) -> float | None:
    """Return the later end of the two locks that hold an entry point."""
    return max((end for end in (state.until, point.until) if end is not None), default=None)


def _point(state: Lockout, entry_point: str) -> Point:
    """Return what is remembered of an entry point."""
    return dict(state.points).get(entry_point, Point())


def _keep(state: Lockout, entry_point: str, point: Point) -> Lockout:
    """Return the state with this entry point; one with nothing to remember is left out."""
    points = {**dict(state.points), entry_point: point}
    kept = sorted((name, each) for name, each in points.items() if each != Point())
    return replace(state, points=tuple(kept))


# -- storing -------------------------------------------------------------------------------


def to_plain(state: Lockout) -> dict[str, Any]:
    """Return the state as plain values that JSON can hold."""
    points = {name: [each.wrong, each.until, each.heard] for name, each in state.points}
    return {"points": points, "wrong_at": list(state.wrong_at), "until": state.until}


def from_plain(plain: Mapping[str, Any]) -> Lockout:
    """Return the state that `to_plain` gave.

    Raises:
        LocalFaultError: it is not such a state.
    """
    try:
        state = Lockout(wrong_at=tuple(map(_moment, plain["wrong_at"])), until=_end(plain["until"]))
        for name, (wrong, until, heard) in plain["points"].items():
            state = _keep(state, name, Point(int(wrong), _end(until), int(heard)))
    except (AttributeError, KeyError, TypeError, ValueError):
        message = "The stored lock-out state cannot be read."
        raise LocalFaultError(message, hint="Restore the site's data from a back-up.") from None
    return state


def _moment(value: Any) -> float:
    """Return a stored moment, which is a finite number."""
    if not isfinite(value):
        raise ValueError
    return float(value)


def _end(value: Any) -> float | None:
    """Return a stored end of a lock, which may be missing."""
    return None if value is None else _moment(value)


# -- pacing --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """When an entry point is next free. Kept in memory only: after a restart nobody waits."""

    free_at: float | None = None


def pace(
    state: Pace,
    at: float,
    interval_s: float = PACE_INTERVAL_S,
    waiting_max: int = PACE_WAITING_MAX,
) -> tuple[Pace, float | None]:
    """Give an attempt its turn at one entry point, or None when too many wait already.

    Args:
        state: the entry point's pace so far.
        at: now, in seconds; a monotonic clock is best.
        interval_s: the time between the starts of two attempts.
        waiting_max: how many may wait; one more is refused as busy and changes nothing.

    Returns:
        The new pace, and when the attempt starts (`at` itself if it need not wait).
    """
    wait_s = 0.0 if state.free_at is None else max(0.0, state.free_at - at)
    longest_s = waiting_max * interval_s + _CLOCK_GRAIN_S
    if wait_s > longest_s + interval_s:
        wait_s = 0.0  # no queue is that long: the clock was set back
    if wait_s > longest_s:
        return state, None
    return Pace(at + wait_s + interval_s), at + wait_s
