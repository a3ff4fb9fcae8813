"""One transaction's view of the incidents: what is read, kept, put on timelines and journaled.

This file owns how a state of `core.incident` becomes rows and back. Everything here is part
of somebody's transaction and does only SQL.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from watchword.core import incident as core
from watchword.core.errors import NotFoundError
from watchword.core.incident import Incident, Kind
from watchword.core.plan import Audience, Plan, builtin_plans
from watchword.station.config import WebhookSettings
from watchword.storage.station import queries
from watchword.storage.station.queries import EventRow, IncidentRow, SiteRow

SYSTEM = "system"
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What reading a stored state raises that another program wrote, or a failing disk changed."""
_log = logging.getLogger("watchword.station")


def ms(at: float) -> int:
    """UTC milliseconds of UTC seconds."""
    return int(at * 1000)


@dataclass(frozen=True, slots=True)
class Rules:
    """What this station does: one plan for each kind, and where hand-offs go."""

    plans: Mapping[Kind, Plan] = field(
        default_factory=lambda: {plan.kind: plan for plan in builtin_plans()}
    )
    webhooks: tuple[WebhookSettings, ...] = ()
    call_back: str = ""

    def of_site(self, site: SiteRow) -> tuple[WebhookSettings, ...]:
        """The machine receivers that an incident at this site goes to."""
        return tuple(
            hook for hook in self.webhooks if not hook.sites or {site.id, site.name} & {*hook.sites}
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for the timeline: a key of the catalogue and its parameters."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A transaction at one moment (UTC seconds), and the rules that apply."""

    c: Connection
    rules: Rules
    at: float

    @property
    def at_ms(self) -> int:
        """The moment in UTC milliseconds."""
        return ms(self.at)

    def load(self, incident: str) -> tuple[IncidentRow, Incident]:
        """One incident to be changed, kept from other nodes until this transaction ends.

        Raises:
            NotFoundError: there is no such incident.
        """
        row = queries.incident_hold(self.c, incident)
        if row is None:
            raise NotFoundError("There is no such incident.")
        return row, core.from_plain(row.plain)

    def open_at(self, site: SiteRow) -> list[Incident]:
        """The states of what is open at a site, as far as they can be read.

        One that cannot be read is left out, aloud: a signal then opens an incident of its own.
        """
        rows = queries.incidents_open(self.c, site=site.id)
        return [state for row in rows if (state := readable(row)) is not None]

    def add(self, site: SiteRow, state: Incident) -> bool:
        """Keep a new incident; False when one with this id is there already."""
        entry, area = _subject(state, "entry"), _subject(state, "area")
        row = IncidentRow(
            id=state.id,
            site=site.id,
            kind=state.kind.value,
            state=state.phase,
            priority=state.priority,
            life=state.life,
            covert=state.covert,
            person=_subject(state, "person"),
            entry_point=None if entry is None else int(entry),
            area=None if area is None else int(area),
            opened_ms=ms(state.opened_at),
            claimed_by=None,
            plan=self.rules.plans[state.kind].version,
            released_ms=None,
            closed_ms=None,
            plain=core.to_plain(state),
        )
        return queries.incident_add(self.c, row)

    def save(self, row: IncidentRow, state: Incident) -> None:
        """Write a state back; the columns that are searched by follow it."""
        entry = _subject(state, "entry")
        closed = state.closure if state.phase == "closed" else None
        after = replace(
            row,
            kind=state.kind.value,
            state=state.phase,
            priority=state.priority,
            life=state.life,
            person=row.person or _subject(state, "person"),
            entry_point=row.entry_point if entry is None else int(entry),
            claimed_by=state.claimed_by,
            released_ms=None if state.release is None else ms(state.release.at),
            closed_ms=None if closed is None else ms(closed.at),
            plain=core.to_plain(state),
        )
        queries.incident_save(self.c, after)

    def note(self, state: Incident, entry: Entry, *, who: str = SYSTEM) -> None:
        """Add a line to the timeline, with its audience."""
        audience = Audience.OFF_SITE if state.covert else Audience.EVERYONE
        params = dict(entry.params)
        line = EventRow(state.id, self.at_ms, who, entry.key, params, audience.value)
        queries.event_add(self.c, line)

    def journal(self, site: str, state: Incident, who: str, entry: Entry) -> None:
        """Write into the station's journal what was done and by whom."""
        params = {"incident": state.id, **entry.params}
        queries.journal_append(self.c, self.at_ms, who, entry.key, params, site=site)


def readable(row: IncidentRow) -> Incident | None:
    """The state of an incident, or None, aloud, where one bad row must not stop the others."""
    try:
        return core.from_plain(row.plain)
    except UNREADABLE as error:
        _log.critical("incident %s cannot be read (%s)", row.id, type(error).__name__)
        return None


def _subject(state: Incident, sort: str) -> str | None:
    start = f"{sort}:"
    return next((s.removeprefix(start) for s in state.subjects if s.startswith(start)), None)
