"""What an incident is and every transition it can make.

This file owns the rules of joining, raising, closing and releasing. A site can only
add to an incident: no fact that comes from a site closes, cancels or lowers one.
Covert and overt signals never join each other: an overt incident that turned covert would
vanish from a console at the premises, and that silence would tell.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, assert_never

from watchword.core.errors import RefusedError
from watchword.core.kinds import (
    COVERT_KINDS,
    Accepted,
    Alert,
    AskSecondLook,
    Cause,
    Claimed,
    Closed,
    DispatchStarted,
    Effect,
    Fact,
    HandedOver,
    HandoffChanged,
    HandoffState,
    Kind,
    Noted,
    Released,
    RenewCodes,
    ReportId,
    SecondLook,
    SecondLookDeferred,
    Signal,
    SignalReceived,
    StartPlan,
    incident_id,
    priority,
)

__all__ = [
    "COVERT_KINDS",
    "JOIN_WINDOW_S",
    "SECOND_LOOK_DEFER_S_MAX",
    "SECOND_LOOK_S",
    "Accepted",
    "Alert",
    "AskSecondLook",
    "Cause",
    "Claimed",
    "Closed",
    "Closure",
    "DispatchStarted",
    "Effect",
    "Fact",
    "HandedOver",
    "HandoffChanged",
    "HandoffState",
    "Incident",
    "Kind",
    "Noted",
    "Release",
    "Released",
    "RenewCodes",
    "ReportId",
    "SecondLook",
    "SecondLookDeferred",
    "Signal",
    "SignalReceived",
    "StartPlan",
    "Stepped",
    "choose",
    "from_plain",
    "incident_id",
    "joins",
    "priority",
    "refusal",
    "step",
    "to_plain",
]

# Ten minutes after the latest signal: one event at one place, retyped or followed up.
JOIN_WINDOW_S = 600.0
SECOND_LOOK_S = 86_400.0  # the next shift, at the latest
# A deferral has an end: it cannot become a way to skip.
SECOND_LOOK_DEFER_S_MAX = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Release:
    """Who told a verified person off the site what happened, why and on what reference."""

    by: str
    at: float
    reason: str
    reference: str
    to_whom: str


@dataclass(frozen=True, slots=True)
class Closure:
    """Who closed it, and as what."""

    by: str
    at: float
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything that decisions about one incident depend on; times in UTC seconds.

    `clock_from` is when it last alerted afresh; `rung` counts the escalations since then.
    """

    id: str
    kind: Kind
    site: int
    covert: bool
    attention: bool
    subjects: tuple[str, ...]
    opened_at: float
    signalled_at: float
    clock_from: float
    signals: int = 1
    rung: int = 0
    escalated_at: float | None = None
    claimed_by: str | None = None
    dispatched_at: float | None = None
    handoff: HandoffState | None = None
    accepted_by: str | None = None
    reference: str | None = None
    release: Release | None = None
    closure: Closure | None = None
    look_due: float | None = None
    looked_by: str | None = None

    @property
    def priority(self) -> int:
        """Its place in the queue; lower is graver."""
        return priority(self.kind, attention=self.attention)

    @property
    def life(self) -> bool:
        """Whether a life may be at stake, known or hidden behind what needs a person."""
        return self.kind.life or self.attention

    @property
    def phase(self) -> str:
        """One word for lists: new, claimed, dispatching, accepted, second-look or closed."""
        if self.closure is not None:
            return "closed" if self.look_due is None else "second-look"
        if self.accepted_by is not None:
            return "accepted"
        if self.dispatched_at is not None:
            return "dispatching"
        return "new" if self.claimed_by is None else "claimed"


Stepped = tuple[Incident, tuple[Effect, ...]]


def joins(state: Incident, signal: Signal, at: float) -> bool:
    """Whether a signal belongs to this incident rather than to a new one.

    What was released may be seen at the premises, and its codes are spent: a signal after
    that is another event. So is one that only a clock set back puts near.
    """
    return (
        state.closure is None
        and state.release is None
        and state.site == signal.report.site
        and state.covert == signal.covert
        and not set(state.subjects).isdisjoint(signal.subjects)
        and abs(at - state.signalled_at) <= JOIN_WINDOW_S
    )


def choose(incidents: Iterable[Incident], signal: Signal, at: float) -> Incident | None:
    """The incident that a signal joins: the gravest, then the latest signalled; or None."""
    fitting = [state for state in incidents if joins(state, signal, at)]
    return min(fitting, key=lambda s: (s.priority, -s.signalled_at, s.id), default=None)


# One total match is easier to check against the table of the tests than many small ones.
def step(state: Incident | None, fact: Fact, at: float) -> Stepped:  # noqa: C901, PLR0911, PLR0912
    """Apply one fact; RefusedError says why an operator's wish is against a rule."""
    if state is None:
        if not isinstance(fact, SignalReceived):
            raise RefusedError("An incident begins with a signal.")
        return _open(fact.signal, at)
    if why := refusal(state, fact, at):
        raise RefusedError(why)
    match fact:
        case SignalReceived(signal):
            return _join(state, signal, at)
        case Claimed(by):
            return replace(state, claimed_by=by), ()
        case HandedOver(to=to):
            return replace(state, claimed_by=to), ()
        case Noted():
            return state, ()
        case DispatchStarted():
            return replace(state, dispatched_at=state.dispatched_at or at), ()
        case HandoffChanged(moved):
            return _handed(state, moved, at)
        case Accepted(who=who, reference=reference):
            return _accepted(state, who, reference, at)
        case Released(by, reason, reference, to_whom):
            told = Release(by, at, reason, reference, to_whom)
            return replace(state, release=told), (RenewCodes(state.subjects),)
        case Closed(by, cause, reason):
            return _close(state, Closure(by, at, cause, reason))
        case SecondLook(by, agrees):
            return _look(state, by, at, agrees=agrees)
        case SecondLookDeferred(until=until):
            return replace(state, look_due=until), (AskSecondLook(until),)
    assert_never(fact)


def refusal(state: Incident, fact: Fact, at: float) -> str:  # noqa: PLR0911
    """Why this fact cannot be applied now, as one sentence, or an empty string."""
    match fact:
        case SecondLook(by) | SecondLookDeferred(by):
            return _look_refusal(state, fact, by, at)
        case Noted():
            return ""
        case Released(reason=reason, reference=reference, to_whom=to_whom):
            return _release_refusal(state, reason, reference, to_whom)
        case _ if state.closure is not None:
            return "This incident is closed."
        case Claimed(by) if state.claimed_by not in {None, by}:
            return f"{state.claimed_by} has this incident. Ask for it to be handed over."
        case HandedOver(by) if state.claimed_by != by:
            return "Only the operator who has this incident can hand it over."
        case HandoffChanged(HandoffState.ACCEPTED):
            return "Only a human accepts: record who did."
        case Accepted(who="") | HandedOver(to=""):
            return "Say who."
        case Closed(reason=""):
            return _close_refusal(state)
        case _:
            return ""


def to_plain(state: Incident) -> dict[str, Any]:
    """The state as JSON-able values."""
    return asdict(state)


def from_plain(plain: dict[str, Any]) -> Incident:
    """The state that `to_plain` wrote; ValueError or TypeError when it is not one."""
    handoff, release, closure = plain["handoff"], plain["release"], plain["closure"]
    made = {
        **plain,
        "kind": Kind(plain["kind"]),
        "subjects": tuple(plain["subjects"]),
        "handoff": None if handoff is None else HandoffState(handoff),
        "release": None if release is None else Release(**release),
        "closure": None
        if closure is None
        else Closure(**{**closure, "cause": Cause(closure["cause"])}),
    }
    return Incident(**made)


def _open(signal: Signal, at: float) -> Stepped:
    report = signal.report
    state = Incident(
        id=incident_id(report.site, report.epoch, report.cls, report.counter),
        kind=signal.kind,
        site=report.site,
        covert=signal.covert,
        attention=signal.attention,
        subjects=signal.subjects,
        opened_at=at,
        signalled_at=at,
        clock_from=at,
    )
    return state, (Alert(fresh=True), StartPlan(signal.kind))


def _join(state: Incident, signal: Signal, at: float) -> Stepped:
    new = tuple(subject for subject in signal.subjects if subject not in state.subjects)
    joined = replace(
        state,
        signals=state.signals + 1,
        signalled_at=max(at, state.signalled_at),
        subjects=state.subjects + new,
        attention=state.attention or signal.attention,
    )
    if signal.priority >= state.priority:
        return joined, (Alert(fresh=False),)
    kind = min(state.kind, signal.kind, key=lambda k: k.priority)
    # What was done for the lesser kind does not count for the graver one.
    raised = replace(
        _restart(joined, at),
        kind=kind,
        dispatched_at=None,
        handoff=None,
        accepted_by=None,
        reference=None,
    )
    return raised, (Alert(fresh=True), StartPlan(kind))


def _restart(state: Incident, at: float) -> Incident:
    return replace(state, clock_from=at, rung=0, escalated_at=None, claimed_by=None)


def _handed(state: Incident, moved: HandoffState, at: float) -> Stepped:
    if state.handoff is HandoffState.ACCEPTED:
        return state, ()
    return replace(state, handoff=moved, dispatched_at=state.dispatched_at or at), ()


def _accepted(state: Incident, who: str, reference: str, at: float) -> Stepped:
    done = replace(
        state,
        handoff=HandoffState.ACCEPTED,
        accepted_by=who,
        reference=reference or state.reference,
        dispatched_at=state.dispatched_at or at,
    )
    return done, ()


def _close(state: Incident, closure: Closure) -> Stepped:
    if state.kind is not Kind.DURESS:
        return replace(state, closure=closure), ()
    due = closure.at + SECOND_LOOK_S
    return replace(state, closure=closure, look_due=due, looked_by=None), (AskSecondLook(due),)


def _look(state: Incident, by: str, at: float, *, agrees: bool) -> Stepped:
    looked = replace(state, look_due=None, looked_by=by)
    if agrees:
        return looked, ()
    return replace(_restart(looked, at), closure=None), (Alert(fresh=True),)


def _look_refusal(
    state: Incident, fact: SecondLook | SecondLookDeferred, by: str, at: float
) -> str:
    if state.closure is None or state.look_due is None:
        return "No second look is due."
    if isinstance(fact, SecondLookDeferred):
        late = fact.until > at + SECOND_LOOK_DEFER_S_MAX
        return "A second look can be deferred by a week at most." if late else ""
    return "Another operator must look." if by == state.closure.by else ""


def _release_refusal(state: Incident, reason: str, reference: str, to_whom: str) -> str:
    if not state.covert:
        return "Only what the premises may not see is released."
    if state.release is not None:
        return "This incident is released."
    if not (reason.strip() and reference.strip() and to_whom.strip()):
        return "A release needs a reason, a reference and the verified person who is told."
    return ""


def _close_refusal(state: Incident) -> str:
    if state.life and state.accepted_by is None:
        return "Nobody has accepted this yet. Give a reason to close it."
    return ""
