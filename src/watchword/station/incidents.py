"""What operators do with incidents, and what each session may know of them.

This file owns two rules. A covert incident does not exist for a session that is not off the
site, until it is released: not shown, not counted, not found by its id. And every act is
written down with who did it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from watchword.core.errors import InputError, NotAllowedError, NotFoundError, RefusedError
from watchword.core.incident import (
    Accepted,
    Cause,
    Claimed,
    Closed,
    DispatchStarted,
    Fact,
    HandedOver,
    HandoffChanged,
    HandoffState,
    Noted,
    Released,
    SecondLook,
    SecondLookDeferred,
    refusal,
)
from watchword.core.plan import Act
from watchword.core.timing import Clock
from watchword.station import shown, steps
from watchword.station.changes import Changes
from watchword.station.details import details
from watchword.station.facts import act
from watchword.station.record import Entry, Record, Rules
from watchword.station.views import IncidentView, QueueItem, SessionView, SheetView
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import HandoffRow, IncidentRow

WORK = "work"
OFF_SITE = "off-site"
TEXT_CHARS_MAX = 4000
SAID_CHARS_MAX = 200


class Desk:
    """Incidents as one session may see and work them."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._changes = changes

    async def queue(self, session: SessionView) -> tuple[QueueItem, ...]:
        """What is open, by priority, then age."""

        def look(c: Connection) -> tuple[QueueItem, ...]:
            rows = [row for row in queries.incidents_open(c) if visible(row, session)]
            return shown.queue(c, rows)

        return await self._store.read(look)

    async def incident(self, incident: str, session: SessionView) -> IncidentView:
        """One incident, open or closed; NotFoundError when there is none for this session."""

        def look(c: Connection) -> IncidentView:
            row = _visible(c, incident, session)
            full = not row.covert or session.place == OFF_SITE
            return shown.incident(c, details(c, row.id), full=full)

        return await self._store.read(look)

    async def colleagues(self, session: SessionView) -> tuple[str, ...]:
        """The other users that an incident can be handed to."""
        rows = await self._store.read(queries.operators)
        return tuple(
            o.name for o in rows if not o.disabled and WORK in o.may and o.name != session.user
        )

    async def claim(self, incident: str, session: SessionView) -> None:
        """Take it."""
        await self._act(incident, session, Claimed(session.user), Entry("claimed"))

    async def hand_over(self, incident: str, session: SessionView, to: str) -> None:
        """Give it to one of `colleagues`."""
        if to not in await self.colleagues(session):
            raise InputError("There is no such colleague.")
        await self._act(
            incident, session, HandedOver(session.user, to), Entry("handed-over", {"to": to})
        )

    async def note(self, incident: str, session: SessionView, text: str) -> None:
        """Write something down; a step of the plan that is done by hand is done by its note."""
        said = _said(text, "a note", TEXT_CHARS_MAX)

        def work(record: Record) -> None:
            by_hand = shown.by_hand(record.c, incident)
            act(
                record,
                incident,
                Noted(session.user),
                who=session.user,
                entry=Entry("noted", {"text": said}),
            )
            if by_hand is not None:
                row = replace(by_hand, state=steps.DONE, due_ms=None, updated_ms=record.at_ms)
                queries.step_save(record.c, row)

        await self._write(incident, session, work)

    async def dispatch(self, incident: str, session: SessionView) -> None:
        """Start passing it on: the sheet is being read to those who send help."""

        def work(record: Record) -> None:
            entry = Entry("dispatch-started")
            fact = DispatchStarted(session.user)
            act(record, incident, fact, who=session.user, entry=entry)
            self._read_sheet(record, incident)
            steps.follow(record, incident)

        await self._write(incident, session, work)

    async def accept(
        self, incident: str, session: SessionView, handoff: int, *, who: str, reference: str
    ) -> None:
        """A human who sends help said yes; `reference` is theirs."""
        human = _said(who, "who accepted it", SAID_CHARS_MAX)
        theirs = reference.strip()[:SAID_CHARS_MAX]

        def work(record: Record) -> None:
            row = _present(record, incident, handoff)
            params = {"target": row.target, "who": human, "reference": theirs}
            fact = Accepted(session.user, human, theirs)
            act(record, incident, fact, who=session.user, entry=Entry("accepted", params))
            taken = {"state": HandoffState.ACCEPTED.value, "accepted_by": human}
            _save(record, row, **taken, reference=theirs, error=None)
            steps.follow(record, incident)

        await self._write(incident, session, work)

    async def fail(self, incident: str, session: SessionView, handoff: int, *, reason: str) -> None:
        """A hand-off did not work; it escalates until another does."""
        why = _said(reason, "why it failed", SAID_CHARS_MAX)

        def work(record: Record) -> None:
            row = _present(record, incident, handoff)
            _save(record, row, state=HandoffState.FAILED.value, error=why)
            _, state = record.load(incident)
            if not refusal(state, HandoffChanged(HandoffState.FAILED), record.at):
                state = steps.follow(record, incident)
            entry = Entry("handoff-failed", {"target": row.target, "reason": why})
            act(record, incident, Noted(session.user), who=session.user, entry=entry)

        await self._write(incident, session, work)

    async def release(
        self, incident: str, session: SessionView, *, reason: str, reference: str, to_whom: str
    ) -> None:
        """Tell a verified person off the site what happened."""
        if session.place != OFF_SITE:
            raise NotAllowedError("Only a console off the premises can release.")
        said = [part.strip()[:SAID_CHARS_MAX] for part in (reason, reference, to_whom)]
        params = dict(zip(("reason", "reference", "to_whom"), said, strict=True))
        fact = Released(session.user, **params)
        await self._act(incident, session, fact, Entry("released", params))

    async def close(self, incident: str, session: SessionView, *, cause: str, note: str) -> None:
        """End it with a cause; the note is the reason that some closings need."""
        if cause not in set(Cause):
            raise InputError(f"Choose a cause: {', '.join(Cause)}.")
        why = note.strip()[:TEXT_CHARS_MAX]

        def work(record: Record) -> None:
            entry = Entry("closed", {"cause": cause, "note": why})
            fact = Closed(session.user, Cause(cause), why)
            act(record, incident, fact, who=session.user, entry=entry)
            _stop(record, incident)

        await self._write(incident, session, work)

    async def second_look(self, incident: str, session: SessionView, *, agrees: bool) -> None:
        """Another operator looked at a closed incident; not agreeing opens it again."""
        key = "second-look-agreed" if agrees else "second-look-reopened"
        await self._act(incident, session, SecondLook(session.user, agrees), Entry(key))

    async def defer_second_look(
        self, incident: str, session: SessionView, *, until_ms: int
    ) -> None:
        """Put the second look off, a week at most."""
        fact = SecondLookDeferred(session.user, until_ms / 1000)
        entry = Entry("second-look-deferred", {"until_ms": until_ms})
        await self._act(incident, session, fact, entry)

    async def sheet(self, incident: str, session: SessionView) -> SheetView:
        """What is read to those who send help."""

        def look(c: Connection) -> SheetView:
            row = _visible(c, incident, session)
            return shown.sheet(details(c, row.id), self._rules.call_back)

        return await self._store.read(look)

    async def changes(self, after: int, timeout_s: float) -> int:
        """Wait until anything changed since `after`; the present version, or `after` in time."""
        return await self._changes.wait(after, timeout_s)

    async def listing(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Incidents as plain values, newest first, for local commands on the station's machine."""
        return await self._store.read(
            lambda c: [shown.plain(c, row) for row in queries.incidents(c, limit=limit)]
        )

    async def signals(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Signals as plain values, newest first, for local commands on the station's machine."""
        rows = await self._store.read(lambda c: queries.signals(c, limit=limit))
        return [shown.signal(row) for row in rows]

    def _read_sheet(self, record: Record, incident: str) -> None:
        """The sheet's hand-off is on its way; a new one is made when there is none to read."""
        held, state = record.load(incident)
        site = queries.site_get(record.c, held.site)
        row = next(
            (
                s
                for s in reversed(queries.steps(record.c, incident))
                if s.action == Act.HAND_OFF and s.state != steps.PASSED
            ),
            None,
        )
        if site is not None and row is not None and row.state == steps.WAITING:
            steps.start(record, site, incident, row)
        mine = [h for h in steps.present(record, incident) if h.target_kind == steps.SHEET]
        usable = [h for h in mine if h.state != HandoffState.FAILED]
        if not usable:
            number = row.number if row is not None else steps.first_number(record, incident)
            made = steps.add(record, state, number, steps.SHEET, steps.SHEET, again=len(mine))
            usable = [h for h in queries.handoffs(record.c, incident) if h.id == made]
        for one in usable:
            if one.state == HandoffState.QUEUED:
                sent = HandoffState.SENT.value
                _save(record, one, state=sent, attempts=one.attempts + 1)

    async def _act(self, incident: str, session: SessionView, fact: Fact, entry: Entry) -> None:
        def work(record: Record) -> None:
            act(record, incident, fact, who=session.user, entry=entry)

        await self._write(incident, session, work)

    async def _write(
        self, incident: str, session: SessionView, work: Callable[[Record], None]
    ) -> None:
        if WORK not in session.may:
            raise NotAllowedError("You may look, not act.", hint="Ask who manages this station.")

        def write(c: Connection) -> None:
            _visible(c, incident, session)
            work(Record(c, self._rules, self._clock.now()))

        try:
            await self._store.write(write)
        finally:
            self._changes.bump()  # also when the browser went away while it was committed


def visible(row: IncidentRow, session: SessionView) -> bool:
    """Whether an incident exists for this session; an unknown place is the premises."""
    return not row.covert or session.place == OFF_SITE or row.released_ms is not None


def _visible(c: Connection, incident: str, session: SessionView) -> IncidentRow:
    row = queries.incident_get(c, incident)
    if row is None or not visible(row, session):
        raise NotFoundError("There is no such incident.")
    return row


def _present(record: Record, incident: str, handoff: int) -> HandoffRow:
    rows = queries.handoffs(record.c, incident)
    if not 1 <= handoff <= len(rows):
        raise NotFoundError("There is no such hand-off.")
    row = rows[handoff - 1]
    if row.id not in {h.id for h in steps.present(record, incident)}:
        raise RefusedError(
            "That hand-off was for what this incident was before.", hint="Dispatch it again."
        )
    if row.state == HandoffState.ACCEPTED:
        raise RefusedError(f"{row.accepted_by} accepted it already.")
    return row


def _save(record: Record, row: HandoffRow, **values: Any) -> None:
    queries.handoff_save(record.c, replace(row, next_ms=None, updated_ms=record.at_ms, **values))


def _stop(record: Record, incident: str) -> None:
    """A closed incident sends nothing more and waits for nothing."""
    for row in queries.handoffs(record.c, incident):
        if row.next_ms is not None:
            _save(record, row)
    for step in queries.steps(record.c, incident):
        if step.due_ms is not None:
            queries.step_save(record.c, replace(step, due_ms=None, updated_ms=record.at_ms))


def _said(text: str, what: str, most: int) -> str:
    said = text.strip()
    if not said or len(said) > most:
        raise InputError(f"Write {what}, in 1 to {most} characters.")
    return said
