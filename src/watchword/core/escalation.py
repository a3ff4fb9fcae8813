"""When an incident that nobody has taken, or nobody has accepted, is shouted about again.

This file owns the deadlines: 15 s unclaimed, 30 s not dispatched, then 60 s and every 60 s
after it until somebody acts; without end where a life may be at stake. Trouble waits
in a triage queue. It also owns how long a hand-off waits between its attempts.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from watchword.core.incident import Incident
from watchword.core.kinds import HandoffState, Kind

UNCLAIMED_S = 15.0  # reference: EN 50518's hold-up class acts on 80 % within 30 s
NOT_DISPATCHED_S = 30.0
AGAIN_S = 60.0
LOOK_AGAIN_S = 3600.0
RUNGS_MAX = 62  # an hour, for kinds that threaten no life
ATTEMPT_S_MAX = 10.0  # one attempt of a hand-off, connection to last byte
RETRY_LIFE_S_MAX = 30.0
RETRY_S_MAX = 300.0
ATTEMPTS_MAX = 50  # about four hours, for kinds that threaten no life


class Unmet(StrEnum):
    """What nobody has done yet."""

    UNCLAIMED = "unclaimed"
    NOT_DISPATCHED = "not-dispatched"
    NOT_ACCEPTED = "not-accepted"
    SECOND_LOOK = "second-look"


@dataclass(frozen=True, slots=True)
class Escalate:
    """Alert more people, and the same ones again; `rung` counts from 1."""

    unmet: Unmet
    rung: int


def unmet(state: Incident) -> Unmet | None:
    """The first thing that nobody has done yet, or None when there is nothing to shout about.

    Kinds that threaten no life are met by a claim; for a life a human must have accepted it.
    """
    if state.closure is not None or _triage(state):
        return None
    if state.claimed_by is None:
        return Unmet.UNCLAIMED
    if not state.life or state.accepted_by is not None:
        return None
    # A hand-off that is only queued, or has failed, has told nobody anything.
    told = state.handoff in {HandoffState.SENT, HandoffState.DELIVERED}
    return Unmet.NOT_ACCEPTED if told else Unmet.NOT_DISPATCHED


def next_deadline(state: Incident) -> float | None:
    """When `due` has something to say next (UTC seconds), or None."""
    if state.closure is not None:
        return state.look_due
    if unmet(state) is None:
        return None
    rung = max(state.rung + 1, _first_rung(state))
    if rung > RUNGS_MAX and not state.life:
        return None
    return state.clock_from + _after(rung)


def due(state: Incident, at: float) -> tuple[Incident, tuple[Escalate, ...]]:
    """Say aloud what is late; several missed deadlines (a stopped station) are said once.

    A clock that went back moves the deadlines with it, so that it can delay nothing for
    longer than one interval.
    """
    state = _follow_clock(state, at)
    deadline = next_deadline(state)
    if deadline is None or at < deadline:
        return state, ()
    what = unmet(state)
    if what is None:
        late = replace(state, look_due=at + LOOK_AGAIN_S)
        return late, (Escalate(Unmet.SECOND_LOOK, 1),)
    rung = _rung(at - state.clock_from)
    return replace(state, rung=rung, escalated_at=at), (Escalate(what, rung),)


def retry_wait_s(attempts: int, *, life: bool) -> float | None:
    """Seconds until a hand-off's next attempt after so many failed ones; None gives up.

    Where a life may be at stake it never gives up, and never waits longer than 30 s.
    """
    if not life and attempts >= ATTEMPTS_MAX:
        return None
    longest = RETRY_LIFE_S_MAX if life else RETRY_S_MAX
    return min(longest, 2.0 ** min(max(attempts, 1) - 1, 10))


def _triage(state: Incident) -> bool:
    return state.kind is Kind.TROUBLE and not state.attention


def _after(rung: int) -> float:
    """Seconds from the alert to a rung: 15, 30, 60, 120, 180..."""
    if rung == 1:
        return UNCLAIMED_S
    return NOT_DISPATCHED_S if rung == 2 else AGAIN_S * (rung - 2)  # noqa: PLR2004


def _rung(elapsed_s: float) -> int:
    """The latest rung that has passed, at least 1."""
    if elapsed_s < NOT_DISPATCHED_S:
        return 1
    return 2 if elapsed_s < AGAIN_S else 2 + int(elapsed_s // AGAIN_S)


def _first_rung(state: Incident) -> int:
    """What is claimed has passed the first rung: its next is about dispatch."""
    return 1 if state.claimed_by is None else 2


def _follow_clock(state: Incident, at: float) -> Incident:
    latest = max(state.clock_from, state.escalated_at or 0.0)
    if at >= latest:
        return state
    back = latest - at
    return replace(
        state,
        clock_from=state.clock_from - back,
        escalated_at=None if state.escalated_at is None else at,
    )
