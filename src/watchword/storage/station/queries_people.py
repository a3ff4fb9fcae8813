"""Who holds codes: people, their slots, and how they were enrolled.

A slot is a reference and a state. What it means stands only inside its sealed token.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from watchword.core.errors import NotFoundError
from watchword.storage.shared.sql import changed, fetch, fetch_one, upsert
from watchword.storage.station import schema as t


class SlotState(StrEnum):
    """A slot waits for its enrolment, is in use, or was taken out of use for ever."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRED = "retired"


class EnrolmentState(StrEnum):
    """How far an enrolment came."""

    INVITED = "invited"
    OPEN = "open"
    SENT = "sent"
    TAKEN = "taken"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person who holds codes at a site, or did until `removed_ms`."""

    id: str
    site: str
    name: str
    removed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One slot of the registry; `pair` is its index in the enrolment's batch."""

    ref: str
    site: str
    person: str
    enrolment: str | None
    state: str
    pair: int
    key_id: bytes


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """An invitation and what became of it; `attempts` counts wrong one-time codes."""

    id: str
    site: str
    person: str
    link_hash: bytes = field(repr=False)
    code_hash: bytes = field(repr=False)
    attempts: int
    state: str
    expires_ms: int
    pair: int | None = None


# --- people


def person_add(c: Connection, person: PersonRow) -> None:
    """Add a person, or change the one with this id."""
    values = {"site": person.site, "name": person.name, "removed_ms": person.removed_ms}
    upsert(c, t.person, {"id": person.id}, values)


def person_get(c: Connection, person: str) -> PersonRow | None:
    """The person with this id, removed or not, or None."""
    return fetch_one(c, select(t.person).where(t.person.c.id == person), PersonRow)


def people(c: Connection, site: str, *, removed: bool = False) -> tuple[PersonRow, ...]:
    """The people of a site by name; with `removed` also those who were."""
    of_site = select(t.person).where(t.person.c.site == site)
    if not removed:
        of_site = of_site.where(t.person.c.removed_ms.is_(None))
    return fetch(c, of_site.order_by(t.person.c.name, t.person.c.id), PersonRow)


def person_remove(c: Connection, person: str, at_ms: int) -> None:
    """Mark a person as removed and retire all their slots; a second time changes nothing.

    Raises:
        NotFoundError: there is no such person.
    """
    if person_get(c, person) is None:
        raise NotFoundError("There is no such person.")
    here = (t.person.c.id == person, t.person.c.removed_ms.is_(None))
    c.execute(update(t.person).where(*here).values(removed_ms=at_ms))
    c.execute(update(t.slot).where(t.slot.c.person == person).values(state=SlotState.RETIRED))


# --- slots


def slots_add(c: Connection, slots: Iterable[SlotRow]) -> None:
    """Register slots; IntegrityError when a reference is there already."""
    rows = [{f.name: getattr(slot, f.name) for f in fields(slot)} for slot in slots]
    if rows:
        c.execute(insert(t.slot), rows)


def slot_get(c: Connection, ref: str) -> SlotRow | None:
    """The slot with this reference, whatever its state, or None."""
    return fetch_one(c, select(t.slot).where(t.slot.c.ref == ref), SlotRow)


def slots_of_person(c: Connection, person: str) -> tuple[SlotRow, ...]:
    """Every slot that a person has or had."""
    return fetch(c, select(t.slot).where(t.slot.c.person == person).order_by("ref"), SlotRow)


def slots_of_enrolment(c: Connection, enrolment: str) -> tuple[SlotRow, ...]:
    """The slots of one batch, in order of pair."""
    these = select(t.slot).where(t.slot.c.enrolment == enrolment)
    return fetch(c, these.order_by(t.slot.c.pair, t.slot.c.ref), SlotRow)


def slots_activate(c: Connection, enrolment: str, pair: int) -> int:
    """Put the pair that the site took into use, retire the rest of the batch and what was before.

    Returns how many slots are active now. Doing it twice leaves the same.
    """
    s = t.slot.c
    person = select(t.enrolment.c.person).where(t.enrolment.c.id == enrolment).scalar_subquery()
    taken = (s.enrolment == enrolment, s.pair == pair)
    mine = update(t.slot).where(s.person == person)
    c.execute(mine.where(s.ref.not_in(select(s.ref).where(*taken))).values(state=SlotState.RETIRED))
    return changed(c, update(t.slot).where(*taken).values(state=SlotState.ACTIVE))


def slots_retire(c: Connection, *, enrolment: str | None = None, person: str | None = None) -> int:
    """Retire all slots of an enrolment or of a person (or of both together); returns how many."""
    if enrolment is None and person is None:
        return 0
    these = update(t.slot).where(t.slot.c.state != SlotState.RETIRED)
    if enrolment is not None:
        these = these.where(t.slot.c.enrolment == enrolment)
    if person is not None:
        these = these.where(t.slot.c.person == person)
    return changed(c, these.values(state=SlotState.RETIRED))


# --- enrolments


def enrolment_add(c: Connection, enrolment: EnrolmentRow) -> None:
    """Keep an invitation."""
    row = {f.name: getattr(enrolment, f.name) for f in fields(enrolment)}
    c.execute(insert(t.enrolment), row)


def enrolment_get(c: Connection, enrolment: str) -> EnrolmentRow | None:
    """The enrolment with this id, or None."""
    return fetch_one(c, select(t.enrolment).where(t.enrolment.c.id == enrolment), EnrolmentRow)


def enrolment_by_link(c: Connection, link_hash: bytes) -> EnrolmentRow | None:
    """The enrolment that this one-time link belongs to, or None."""
    mine = select(t.enrolment).where(t.enrolment.c.link_hash == link_hash)
    return fetch_one(c, mine, EnrolmentRow)


def enrolments(
    c: Connection, *, site: str | None = None, state: EnrolmentState | None = None
) -> tuple[EnrolmentRow, ...]:
    """Enrolments of a site, in a state, or all; the earliest to expire first."""
    these = select(t.enrolment)
    if site is not None:
        these = these.where(t.enrolment.c.site == site)
    if state is not None:
        these = these.where(t.enrolment.c.state == state)
    return fetch(c, these.order_by(t.enrolment.c.expires_ms, t.enrolment.c.id), EnrolmentRow)


def enrolment_attempt(c: Connection, enrolment: str) -> int:
    """Count one wrong one-time code; returns how many there were."""
    e = t.enrolment
    this = update(e).where(e.c.id == enrolment).values(attempts=e.c.attempts + 1)
    return int(c.execute(this.returning(e.c.attempts)).scalar() or 0)


def enrolment_move(
    c: Connection,
    enrolment: str,
    *,
    to: EnrolmentState,
    expected: tuple[EnrolmentState, ...],
    pair: int | None = None,
) -> bool:
    """Move an enrolment on if it still is where it is expected; False when it is not."""
    e = t.enrolment
    this = update(e).where(e.c.id == enrolment, e.c.state.in_(expected))
    values = {"state": to} if pair is None else {"state": to, "pair": pair}
    return changed(c, this.values(**values)) == 1


def enrolments_expire(c: Connection, at_ms: int) -> tuple[str, ...]:
    """Close invitations that nobody used in time; returns their ids and retires their slots."""
    e = t.enrolment
    waiting = (EnrolmentState.INVITED, EnrolmentState.OPEN)
    late = update(e).where(e.c.state.in_(waiting), e.c.expires_ms <= at_ms)
    gone = c.execute(late.values(state=EnrolmentState.EXPIRED).returning(e.c.id)).scalars().all()
    for enrolment in gone:
        slots_retire(c, enrolment=enrolment)
    return tuple(sorted(gone))
