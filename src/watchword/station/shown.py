"""Incidents as they are shown: queue, page, sheet, and plain values for local commands.

Nothing here decides who may see what: it is given only what may be shown.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from watchword.core import incident as core
from watchword.core.incident import HandoffState, Incident
from watchword.core.plan import CALL_PREMISES, CALL_PREMISES_WHY, Act
from watchword.station import steps
from watchword.station.details import Details, people_of, place_of
from watchword.station.handoff import approach, iso
from watchword.station.record import readable
from watchword.station.texts import TEXTS, kind_label, text
from watchword.station.views import (
    HandoffView,
    IncidentView,
    QueueItem,
    ReleaseView,
    SheetView,
    StepView,
    TimelineItem,
)
from watchword.storage.station import queries
from watchword.storage.station.queries import HandoffRow, IncidentRow, SignalRow, StepRow

REFERENCE_CHARS = 8  # enough to be told apart aloud
_BY_HAND = frozenset({Act.TELL_KEY_HOLDER, Act.TELL_PEOPLE, Act.WATCH_CAMERA, Act.NOTE})


def queue(c: Connection, rows: Iterable[IncidentRow]) -> tuple[QueueItem, ...]:
    """The operators' queue, in the order of the rows."""
    names = {site.id: site.name for site in queries.sites(c)}
    return tuple(_item(c, row, names.get(row.site, "")) for row in rows)


def _unreadable(row: IncidentRow, site: str) -> QueueItem:
    """What the columns alone say of an incident: it is somebody's alarm all the same."""
    return QueueItem(
        id=row.id,
        kind=row.kind,
        kind_label=kind_label(row.kind, attention=True),
        life=row.life,
        priority=row.priority,
        state=row.state,
        site=site,
        place="",
        opened_ms=row.opened_ms,
        claimed_by=row.claimed_by,
        attention=True,
    )


def incident(c: Connection, found: Details, *, full: bool) -> IncidentView:
    """One incident; not `full` is what a released one shows at the premises: no history of ours."""
    row, state, site = found.row, found.state, found.site
    handoffs = queries.handoffs(c, row.id)
    own = _own_steps(queries.steps(c, row.id))
    entry = None if row.entry_point is None else found.place
    return IncidentView(
        id=row.id,
        kind=row.kind,
        kind_label=kind_label(row.kind, attention=state.attention),
        life=row.life,
        covert=row.covert,
        priority=row.priority,
        state=row.state,
        site_id=site.id,
        site=site.name,
        address=site.address,
        approach=site.approach,
        site_notes=site.notes if full else "",
        area=found.area or found.place,
        person=", ".join(found.people) or None,
        entry_point=entry,
        opened_ms=row.opened_ms,
        claimed_by=row.claimed_by,
        plan=str(own[0].params["plan"]) if own else "",
        steps=_steps(own, handoffs) if full else (),
        handoffs=tuple(_handoff(n, one) for n, one in enumerate(handoffs, start=1)) if full else (),
        timeline=_timeline(found, full=full),
        signals=state.signals,
        release=_release(state),
        closed_ms=None if state.closure is None else int(state.closure.at * 1000),
        cause=None if state.closure is None else state.closure.cause.value,
    )


def sheet(found: Details, call_back: str) -> SheetView:
    """The dispatch sheet: what is read aloud in thirty seconds."""
    state = found.state
    kind = state.kind.value
    return SheetView(
        incident=state.id,
        what=TEXTS.get(f"sheet.{kind}", kind_label(kind, attention=state.attention)),
        where=", ".join(part for part in (found.site.name, found.area, found.place) if part),
        address=found.site.address,
        who=", ".join(found.people) or TEXTS["person.unknown"],
        when_ms=found.when_ms,
        approach=(*(TEXTS[key] for key in approach(covert=state.covert)), *_own_way(found)),
        call_back=call_back,
        reference=state.id[:REFERENCE_CHARS].upper(),
    )


def plain(c: Connection, row: IncidentRow) -> dict[str, Any]:
    """An incident as `watchword incidents --json` lists it."""
    state = core.from_plain(row.plain)
    site = queries.site_get(c, row.site)
    place = place_of(c, row.site, state) or None
    return {
        "id": row.id,
        "kind": row.kind,
        "label": kind_label(row.kind, attention=state.attention),
        "state": row.state,
        "priority": row.priority,
        "life": row.life,
        "covert": row.covert,
        "attention": state.attention,
        "site": None if site is None else site.name,
        "person": ", ".join(people_of(c, state)) or None,
        "entry_point": None if row.entry_point is None else place,
        "place": place,
        "opened_at": iso(row.opened_ms),
        "claimed_by": row.claimed_by,
        "signals": state.signals,
        "steps": [
            {"number": n, "act": row.action, "state": row.state}
            for n, row in enumerate(_own_steps(queries.steps(c, row.id)), start=1)
        ],
        "dispatch": None if state.handoff is None else state.handoff.value,
        "accepted_by": state.accepted_by,
        "released": state.release is not None,
        "closed_at": None if row.closed_ms is None else iso(row.closed_ms),
        "cause": None if state.closure is None else state.closure.cause.value,
    }


def signal(row: SignalRow) -> dict[str, Any]:
    """A signal as `watchword signals --json` lists it; absent parts are None."""
    return {
        "id": row.id,
        "account": row.account,
        "received_at": iso(row.received_ms),
        "kind": row.kind,
        "code": row.code,
        "qualifier": row.qualifier,
        "area": row.area,
        "user": row.user,
        "zone": row.zone,
        "text": row.text,
        "raw": row.raw,
        "incident": row.incident,
    }


def by_hand(c: Connection, incident: str) -> StepRow | None:
    """The step that an operator does now and notes, or None."""
    own = _own_steps(queries.steps(c, incident))
    views = _steps(own, queries.handoffs(c, incident))
    for row, view in zip(own, views, strict=False):
        if view.state == "now":
            return row if row.action in _BY_HAND else None
    return None


def _item(c: Connection, row: IncidentRow, site: str) -> QueueItem:
    state = readable(row)
    if state is None:
        return _unreadable(row, site)
    return QueueItem(
        id=row.id,
        kind=row.kind,
        kind_label=kind_label(row.kind, attention=state.attention),
        life=row.life,
        priority=row.priority,
        state=row.state,
        site=site,
        place=place_of(c, row.site, state),
        opened_ms=row.opened_ms,
        claimed_by=row.claimed_by,
        attention=state.attention or state.rung > 0 or state.look_due is not None,
    )


def _own_steps(rows: tuple[StepRow, ...]) -> list[StepRow]:
    """The steps of the plan that counts now."""
    start = max((row.number for row in rows if row.params.get("first")), default=0)
    return [row for row in rows if row.number >= start]


def _steps(rows: list[StepRow], handoffs: tuple[HandoffRow, ...]) -> tuple[StepView, ...]:
    views: list[StepView] = []
    waiting = False  # whether a step before this one still wants something of somebody
    for place, row in enumerate(rows, start=1):
        state, action = _step_state(row, [h for h in handoffs if h.step == row.number])
        if state == "now" and waiting:
            state, action = "later", None
        waiting = waiting or state in {"now", "running"}
        label, detail = str(row.params["label"]), _detail(row)
        views.append(StepView(place, label, detail, state, action))
    never = StepView(
        len(views) + 1, CALL_PREMISES, "", "unavailable", None, reason=CALL_PREMISES_WHY
    )
    return (*views, never)


def _step_state(row: StepRow, mine: list[HandoffRow]) -> tuple[str, str | None]:
    if row.state in {steps.DONE, steps.PASSED}:
        return "done", None
    if row.action != Act.HAND_OFF:
        return ("running", None) if row.state == steps.RUNNING else ("now", None)
    states = {h.state for h in mine}
    unread = any(h.target_kind == steps.SHEET and h.state == HandoffState.QUEUED for h in mine)
    if not states or unread or states == {HandoffState.FAILED}:
        return "now", "dispatch"
    return "running", "accept"


def _detail(row: StepRow) -> str:
    target = str(row.params.get("target", ""))
    return "" if target == steps.SHEET else target


def _handoff(number: int, row: HandoffRow) -> HandoffView:
    # Numbered within its incident: a gap in a common count would betray another incident's.
    label = TEXTS["sheet.title"] if row.target_kind == steps.SHEET else row.target
    return HandoffView(
        id=number,
        target=label,
        state=row.state,
        attempts=row.attempts,
        updated_ms=row.updated_ms,
        accepted_by=row.accepted_by,
        reference=row.reference,
        error=row.error,
    )


def _timeline(found: Details, *, full: bool) -> tuple[TimelineItem, ...]:
    since = 0 if full else (found.row.released_ms or 0)
    return tuple(
        TimelineItem(event.at_ms, event.who, text(event.key, event.params))
        for event in found.events
        if event.at_ms >= since
    )


def _release(state: Incident) -> ReleaseView | None:
    told = state.release
    if told is None:
        return None
    return ReleaseView(int(told.at * 1000), told.by, told.reason, told.reference, told.to_whom)


def _own_way(found: Details) -> tuple[str, ...]:
    return (found.site.approach,) if found.site.approach else ()
