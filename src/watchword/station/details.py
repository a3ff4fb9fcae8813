"""An incident with everything that a person needs to be told about it: where, who and when."""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.core import incident as core
from watchword.core.errors import NotFoundError
from watchword.core.incident import Incident
from watchword.station.texts import TEXTS
from watchword.storage.station import queries
from watchword.storage.station.queries import EventRow, IncidentRow, SiteRow

SAID_BEFORE_MS_MAX = 48 * 3600 * 1000  # what a site keeps while it is off-line
_PLACES = ("entry", "button", "zone", "area")


@dataclass(frozen=True, slots=True)
class Details:
    """One incident, its site, and the names behind its numbers; `when_ms` is when it happened."""

    row: IncidentRow
    state: Incident
    site: SiteRow
    people: tuple[str, ...]
    place: str
    area: str
    events: tuple[EventRow, ...]
    when_ms: int


def details(c: Connection, incident: str) -> Details:
    """Everything about one incident.

    Raises:
        NotFoundError: there is no such incident.
    """
    row = queries.incident_get(c, incident)
    site = None if row is None else queries.site_get(c, row.site)
    if row is None or site is None:
        raise NotFoundError("There is no such incident.")
    state = core.from_plain(row.plain)
    events = queries.events(c, incident)
    said = [int(e.params["said_ms"]) for e in events if "said_ms" in e.params]
    area = "" if row.area is None else _name(c, site.id, "area", row.area)
    return Details(
        row=row,
        state=state,
        site=site,
        people=people_of(c, state),
        place=place_of(c, site.id, state),
        area=area,
        events=events,
        when_ms=_happened_ms(said[0] if said else row.opened_ms, row.opened_ms),
    )


def _happened_ms(said_ms: int, opened_ms: int) -> int:
    """The site's word for when it happened, unless its clock is ahead of ours or days behind."""
    return said_ms if opened_ms - SAID_BEFORE_MS_MAX <= said_ms <= opened_ms else opened_ms


def people_of(c: Connection, state: Incident) -> tuple[str, ...]:
    """The names of everybody that an incident is about, in the order of their signals."""
    ids = [s.removeprefix("person:") for s in state.subjects if s.startswith("person:")]
    found = [queries.person_get(c, one) for one in ids]
    return tuple(person.name for person in found if person is not None)


def place_of(c: Connection, site: str, state: Incident) -> str:
    """Where it is, as far as the site has told the name; empty for the site as a whole."""
    for subject in state.subjects:
        sort, _, number = subject.partition(":")
        if sort in _PLACES and number.isdecimal():
            return _name(c, site, sort, int(number))
    return ""


def _name(c: Connection, site: str, sort: str, number: int) -> str:
    found = queries.name_get(c, site, sort, number)
    if found is None and sort == "button":
        found = queries.name_get(c, site, "zone", number)
    return found or TEXTS[f"place.{sort}"].format(number=number)
