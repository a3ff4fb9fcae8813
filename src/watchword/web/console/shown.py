"""What the incident page makes of an incident: one next thing, what follows, what must not be.

The rule of this file: there is exactly one next thing or none, and it is derived from the
incident alone, so that two operators looking at the same incident are told the same.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from watchword.station.views import (
    HandoffView,
    IncidentView,
    QueueItem,
    SessionView,
    StepView,
)
from watchword.web.console.service import May

ICONS: Final = {
    "duress": "triangle",
    "hold-up": "triangle",
    "intruder": "triangle",
    "medical": "plus",
    "assistance": "person",
    "fire": "alert",
    "burglary": "door",
    "path-loss": "offline",
    "trouble": "tool",
}
POSTS: Final = frozenset({"claim", "dispatch"})
DIALOGS: Final = frozenset({"accept", "fail", "release", "close", "hand-over", "second-look"})
STAGES: Final = ("queued", "sent", "delivered", "accepted")
OVER: Final = frozenset({"closed", "second-look"})


@dataclass(frozen=True, slots=True)
class Next:
    """The one thing to do now.

    `action` is one of `POSTS` or `DIALOGS`, "note", "sheet", or None when there is nothing
    to press. `why` says where it comes from. `yours` is False when another operator has it:
    then it can be done, but no key does it.
    """

    action: str | None
    label: str | None
    why: str
    yours: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """One station on the way of a hand-off; `state` is done, now, later or failed."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Work:
    """One incident as the page shows it to one session."""

    incident: IncidentView
    next: Next
    steps: tuple[StepView, ...]
    forbidden: tuple[StepView, ...]
    mine: bool
    others: str | None
    over: bool
    may: bool
    open_handoffs: tuple[HandoffView, ...]
    version: str
    colleagues: tuple[str, ...] = ()


def work_of(incident: IncidentView, session: SessionView, colleagues: tuple[str, ...] = ()) -> Work:
    """Everything that the page needs to show this incident to this session."""
    mine = is_mine(incident.claimed_by, session)
    over = incident.state in OVER or incident.closed_ms is not None
    others = None if mine else incident.claimed_by
    steps = tuple(s for s in incident.steps if s.state != "unavailable")
    return Work(
        incident=incident,
        next=replace(_next(incident, steps), yours=others is None),
        steps=steps,
        forbidden=tuple(s for s in incident.steps if s.state == "unavailable"),
        mine=mine,
        others=others,
        over=over,
        may=May.WORK in session.may,
        open_handoffs=tuple(h for h in incident.handoffs if h.state not in {"accepted", "failed"}),
        version=version_of(incident),
        colleagues=colleagues,
    )


def version_of(incident: IncidentView) -> str:
    """What names this state of an incident, so that a page knows whether it shows it."""
    return hashlib.sha256(msgspec.json.encode(incident)).hexdigest()[:24]


def is_mine(claimed_by: str | None, session: SessionView) -> bool:
    """Whether this session's operator has it."""
    return claimed_by is not None and claimed_by in {session.user, session.name}


def waits(item: QueueItem) -> bool:
    """Whether this is a threat to life that nobody has taken."""
    return item.life and item.claimed_by is None and item.state not in OVER


def tone(item: QueueItem | IncidentView) -> str:
    """The colour of its state: red, amber, blue, green or grey."""
    attention = isinstance(item, QueueItem) and item.attention
    if item.state == "closed":
        return "grey"
    if item.state == "second-look":
        return "amber"
    if item.claimed_by is None:
        return "red" if item.life else "amber" if attention else "grey"
    if item.state == "accepted":
        return "green"
    return "amber" if attention else "blue"


def stages(handoff: HandoffView) -> tuple[Stage, ...]:
    """How far a hand-off has come, from queued to accepted."""
    if handoff.state not in STAGES:
        return tuple(Stage(name, "failed") for name in STAGES)
    reached = STAGES.index(handoff.state)
    if handoff.state == STAGES[-1]:
        return tuple(Stage(name, "done") for name in STAGES)
    return tuple(Stage(name, _place(at, reached)) for at, name in enumerate(STAGES))


def counts(items: Iterable[QueueItem]) -> dict[str, int]:
    """How many are open, untaken, and threats to life that nobody has taken."""
    shown = tuple(items)
    return {
        "open": len(shown),
        "unclaimed": sum(item.claimed_by is None and item.state not in OVER for item in shown),
        "life": sum(waits(item) for item in shown),
    }


def _place(at: int, reached: int) -> str:
    if at == reached:
        return "now"
    return "done" if at < reached else "later"


def _next(incident: IncidentView, steps: tuple[StepView, ...]) -> Next:
    if incident.state == "second-look":
        return Next("second-look", None, "second-look")
    if incident.closed_ms is not None or incident.state in OVER:
        return Next(None, None, "over")
    if incident.claimed_by is None:
        return Next("claim", None, "claim")
    step = next((s for s in steps if s.state == "now"), None)
    if step is not None:
        action = _known(step.action)
        return Next(action, step.label, "by_hand" if action == "note" else "plan")
    waiting = any(h.state in {"queued", "sent", "delivered"} for h in incident.handoffs)
    if waiting and incident.state != "accepted":
        return Next("accept", None, "accept")
    return Next("close", None, "close")


def _known(action: str | None) -> str:
    """What pressing does; a step that has no action of ours is done by hand and noted."""
    return action if action is not None and action in POSTS | DIALOGS | {"sheet"} else "note"
