"""What the console and the command line are shown: read-only values, already permitted.

A view is made for one session; what that session may not see was left out before
the view was made (covert incidents on a console at the premises, for one).
Times are UTC milliseconds.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One line of the operators' queue, ready to be sorted by priority, then age."""

    id: str
    kind: str
    kind_label: str
    life: bool
    priority: int
    state: str
    site: str
    place: str
    opened_ms: int
    claimed_by: str | None
    attention: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """One action of the response plan; `state` is now, later, running, done or unavailable."""

    number: int
    label: str
    detail: str
    state: str
    action: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandoffView:
    """One hand-off: queued, sent, delivered, accepted (by a human) or failed."""

    id: int
    target: str
    state: str
    attempts: int
    updated_ms: int
    accepted_by: str | None = None
    reference: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One entry of an incident's history, oldest first; `who` is "system" or a user."""

    at_ms: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """Who released what happened to the premises' verified person, why and on what reference."""

    at_ms: int
    by: str
    reason: str
    reference: str
    to_whom: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident as an operator works it."""

    id: str
    kind: str
    kind_label: str
    life: bool
    covert: bool
    priority: int
    state: str
    site_id: str
    site: str
    address: str
    approach: str
    site_notes: str
    area: str
    person: str | None
    entry_point: str | None
    opened_ms: int
    claimed_by: str | None
    plan: str
    steps: tuple[StepView, ...] = ()
    handoffs: tuple[HandoffView, ...] = ()
    timeline: tuple[TimelineItem, ...] = ()
    signals: int = 1
    release: ReleaseView | None = None
    closed_ms: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class SheetView:
    """The dispatch sheet: what an operator reads aloud in thirty seconds."""

    incident: str
    what: str
    where: str
    address: str
    who: str
    when_ms: int
    approach: tuple[str, ...]
    call_back: str
    reference: str


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as the console lists it, and whether anybody would come."""

    id: str
    number: int
    name: str
    address: str
    watched: str
    link: str
    last_seen_ms: int | None
    live: bool
    nobody_comes: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionView:
    """A signed-in operator and where that console stands; place is off-site or premises."""

    user: str
    name: str
    place: str | None
    csrf: str
    may: frozenset[str] = field(default_factory=frozenset)
