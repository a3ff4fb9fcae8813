"""What is done about it: incidents, their timelines, steps and hand-offs.

An incident's row holds what is searched and sorted; the state that `core.incident` decides on
is its plain part. A timeline is only ever added to, and each entry carries its audience.
"""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from watchword.core.errors import NotFoundError
from watchword.storage.shared.sql import added, changed, fetch, fetch_one, insert, upsert
from watchword.storage.station import schema as t

CLOCK_BACK_MS = 15_000
"""A row written this far in the future was written before the clock was set back: what it waits
for is due now, for nobody knows how long it would wait else. Nodes' clocks differ by less."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident; a lower `priority` is more urgent; `plan` is the version it started with."""

    id: str
    site: str
    kind: str
    state: str
    priority: int
    life: bool
    covert: bool
    person: str | None
    entry_point: int | None
    area: int | None
    opened_ms: int
    claimed_by: str | None
    plan: int
    released_ms: int | None
    closed_ms: int | None
    plain: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a timeline; `audience` is off-site, responders or everyone."""

    incident: str
    at_ms: int
    who: str
    key: str
    params: dict[str, Any]
    audience: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class StepRow:
    """One action of the response plan in one incident."""

    incident: str
    number: int
    action: str
    state: str
    due_ms: int | None
    updated_ms: int
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """One passing-on to those who send help; `next_ms` None when nothing is to be done."""

    incident: str
    step: int
    target_kind: str
    target: str
    idempotency_key: str
    exercise: bool
    state: str
    attempts: int
    next_ms: int | None
    created_ms: int
    updated_ms: int
    accepted_by: str | None = None
    reference: str | None = None
    error: str | None = None
    id: int = 0


# --- incidents


def incident_add(c: Connection, incident: IncidentRow) -> bool:
    """Open an incident; False, and nothing changed, when one with this id is there already."""
    add = insert(c, t.incident).on_conflict_do_nothing(index_elements=["id"])
    return c.execute(add.returning(t.incident.c.id), _columns(incident)).first() is not None


def incident_get(c: Connection, incident: str) -> IncidentRow | None:
    """The incident with this id, or None."""
    return fetch_one(c, _incidents().where(t.incident.c.id == incident), IncidentRow)


def incident_hold(c: Connection, incident: str) -> IncidentRow | None:
    """The same, kept from other nodes until this transaction ends; read it so to change it."""
    this = _incidents().where(t.incident.c.id == incident)
    return fetch_one(c, this.with_for_update(), IncidentRow)


def incident_save(c: Connection, incident: IncidentRow) -> None:
    """Write an incident back whole.

    Raises:
        NotFoundError: there is no such incident.
    """
    this = update(t.incident).where(t.incident.c.id == incident.id)
    if not changed(c, this.values(**_columns(incident, leave="id"))):
        raise NotFoundError("There is no such incident.")


def incidents_open(c: Connection, *, site: str | None = None) -> tuple[IncidentRow, ...]:
    """What is not closed, most urgent first, oldest first within that."""
    these = _incidents().where(t.incident.c.closed_ms.is_(None))
    if site is not None:
        these = these.where(t.incident.c.site == site)
    order = (t.incident.c.priority, t.incident.c.opened_ms, t.incident.c.id)
    return fetch(c, these.order_by(*order), IncidentRow)


def incidents(
    c: Connection, *, limit: int = 100, site: str | None = None, kind: str | None = None
) -> tuple[IncidentRow, ...]:
    """Incidents open and closed, newest first."""
    these = _incidents()
    if site is not None:
        these = these.where(t.incident.c.site == site)
    if kind is not None:
        these = these.where(t.incident.c.kind == kind)
    order = (t.incident.c.opened_ms.desc(), t.incident.c.id)
    return fetch(c, these.order_by(*order).limit(limit), IncidentRow)


def incidents_near(
    c: Connection,
    site: str,
    since_ms: int,
    *,
    person: str | None = None,
    entry_point: int | None = None,
) -> tuple[IncidentRow, ...]:
    """Open incidents of a site since a time, of this person or this place, newest first.

    With neither person nor place: all of the site's. The rule which one to join is core's.
    """
    i = t.incident.c
    these = _incidents().where(i.site == site, i.opened_ms >= since_ms, i.closed_ms.is_(None))
    same = [
        column == wanted
        for column, wanted in ((i.person, person), (i.entry_point, entry_point))
        if wanted is not None
    ]
    if same:
        these = these.where(same[0] if len(same) == 1 else same[0] | same[1])
    return fetch(c, these.order_by(i.opened_ms.desc(), i.id), IncidentRow)


# --- timelines


def event_add(c: Connection, event: EventRow) -> int:
    """Write one entry into an incident's timeline; returns its id."""
    return added(c, t.incident_event, _columns(event, leave="id"))


def events(
    c: Connection, incident: str, *, audiences: tuple[str, ...] | None = None
) -> tuple[EventRow, ...]:
    """An incident's timeline, oldest first; of these audiences only, when given."""
    e = t.incident_event.c
    these = select(*(e[f.name] for f in fields(EventRow))).where(e.incident == incident)
    if audiences is not None:
        these = these.where(e.audience.in_(audiences))
    return fetch(c, these.order_by(e.id), EventRow)


# --- steps


def step_save(c: Connection, step: StepRow) -> None:
    """Write one step, new or known."""
    values = _columns(step)
    key = {name: values.pop(name) for name in ("incident", "number")}
    upsert(c, t.step, key, values)


def steps(c: Connection, incident: str) -> tuple[StepRow, ...]:
    """The steps of an incident, in their order."""
    these = select(*(t.step.c[f.name] for f in fields(StepRow)))
    return fetch(c, these.where(t.step.c.incident == incident).order_by("number"), StepRow)


def steps_due(c: Connection, at_ms: int, *, limit: int = 100) -> tuple[StepRow, ...]:
    """Steps whose time has come, earliest first; held until this transaction ends."""
    these = select(*(t.step.c[f.name] for f in fields(StepRow)))
    due = these.where(_has_come(t.step.c.due_ms, t.step.c.updated_ms, at_ms))
    due = due.order_by("due_ms", "incident", "number")
    return fetch(c, due.limit(limit).with_for_update(skip_locked=True), StepRow)


# --- hand-offs


def handoff_add(c: Connection, handoff: HandoffRow) -> int:
    """Queue a hand-off; returns its id, that of the first one when this key is there already."""
    h = t.handoff
    add = insert(c, h).on_conflict_do_nothing(index_elements=["idempotency_key"])
    number = c.execute(add.returning(h.c.id), _columns(handoff, leave="id")).scalar()
    if number is None:
        first = select(h.c.id).where(h.c.idempotency_key == handoff.idempotency_key)
        number = c.execute(first).scalar_one()
    return int(number)


def handoff_get(c: Connection, handoff: int) -> HandoffRow | None:
    """The hand-off with this id, or None."""
    return fetch_one(c, _handoffs().where(t.handoff.c.id == handoff), HandoffRow)


def handoffs(c: Connection, incident: str) -> tuple[HandoffRow, ...]:
    """The hand-offs of an incident, oldest first."""
    mine = _handoffs().where(t.handoff.c.incident == incident)
    return fetch(c, mine.order_by(t.handoff.c.id), HandoffRow)


def handoffs_due(c: Connection, at_ms: int, *, limit: int = 100) -> tuple[HandoffRow, ...]:
    """Hand-offs whose next attempt is due, earliest first; held until this transaction ends."""
    due = _handoffs().where(_has_come(t.handoff.c.next_ms, t.handoff.c.updated_ms, at_ms))
    due = due.order_by(t.handoff.c.next_ms, t.handoff.c.id).limit(limit)
    return fetch(c, due.with_for_update(skip_locked=True), HandoffRow)


def handoff_next_ms(c: Connection) -> int | None:
    """When the next attempt of any hand-off is due, or None."""
    found: int | None = c.execute(select(func.min(t.handoff.c.next_ms))).scalar()
    return found


def handoff_save(c: Connection, handoff: HandoffRow) -> None:
    """Write a hand-off back whole; its id must be set.

    Raises:
        NotFoundError: there is no such hand-off.
    """
    this = update(t.handoff).where(t.handoff.c.id == handoff.id)
    if not changed(c, this.values(**_columns(handoff, leave="id"))):
        raise NotFoundError("There is no such hand-off.")


def _has_come(
    due: ColumnElement[Any], written: ColumnElement[Any], at_ms: int
) -> ColumnElement[bool]:
    return or_(due <= at_ms, and_(due > at_ms, written > at_ms + CLOCK_BACK_MS))


def _columns(row: Any, *, leave: str = "") -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row) if f.name != leave}


def _incidents() -> Select[Any]:
    return select(*(t.incident.c[f.name] for f in fields(IncidentRow)))


def _handoffs() -> Select[Any]:
    return select(*(t.handoff.c[f.name] for f in fields(HandoffRow)))
