"""What the site asks of its own store; each function is a part of somebody's transaction.

Nothing here commits. Codes and secrets arrive only as hashes, reports only as sealed cells.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from watchword.core.errors import NotFoundError, RefusedError
from watchword.storage.shared import chain
from watchword.storage.shared.chain import Break, Head
from watchword.storage.shared.sql import added, changed, fetch, fetch_one, upsert
from watchword.storage.site import schema as t

PLACES_MAX = 0xFFFF  # a report carries the number of an entry point in 16 bits


@dataclass(frozen=True, slots=True)
class Identity:
    """What pairing gave this site; `addresses` in the order in which they are tried."""

    site_id: str
    number: int
    name: str
    station_public: bytes
    station_key_id: bytes
    station_fingerprint: str
    addresses: tuple[str, ...]
    tick_ms: int
    category: str
    paired_ms: int
    plain: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One row of the tag table, a decoy or not: nothing in it tells which."""

    tag: bytes = field(repr=False)
    owner: bytes = field(repr=False)
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person who holds codes here; `owner` marks their rows of the tag table."""

    id: str
    name: str
    owner: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One public fact of the past; `length` counts from 1."""

    length: int
    at_ms: int
    area: str
    key: str
    params: dict[str, Any]
    hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutboxCell:
    """A sealed report that the station has not acknowledged; `id` is 0 before it is stored."""

    report_class: int
    epoch: int
    counter: int
    key_id: bytes
    cell: bytes = field(repr=False)
    created_ms: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class EntryPointRow:
    """A device that takes codes; `paired_ms` is None until it exchanged its pairing code."""

    number: int
    name: str
    area: str
    paired_ms: int | None


# --- plain values, identity, areas


def value_get(c: Connection, key: str) -> Any:
    """The plain value under this key, or None."""
    return c.execute(select(t.value.c.plain).where(t.value.c.key == key)).scalar()


def value_set(c: Connection, key: str, plain: Any) -> None:
    """Keep a plain JSON value under this key."""
    upsert(c, t.value, {"key": key}, {"plain": plain})


def identity_get(c: Connection) -> Identity | None:
    """Who this site is, or None before it was paired."""
    row = c.execute(select(t.identity)).mappings().first()
    if row is None:
        return None
    found = {k: v for k, v in row.items() if k not in {"id", "addresses"}}
    return Identity(addresses=tuple(row["addresses"]), **found)


def identity_set(c: Connection, identity: Identity) -> None:
    """Keep who this site is, in place of what was there."""
    values = {name: getattr(identity, name) for name in Identity.__slots__}
    values["addresses"] = list(identity.addresses)
    upsert(c, t.identity, {"id": 1}, values)


def areas_load(c: Connection) -> dict[str, dict[str, Any]]:
    """The plain state of every area, by name."""
    rows = c.execute(select(t.area.c.name, t.area.c.plain).order_by(t.area.c.name))
    return {row.name: row.plain for row in rows}


def area_save(c: Connection, name: str, plain: dict[str, Any]) -> None:
    """Keep the plain state of one area."""
    upsert(c, t.area, {"name": name}, {"plain": plain})


# --- people and the tag table


def rows_load(c: Connection) -> tuple[SlotRow, ...]:
    """The whole tag table, decoys included, in the order of the tags."""
    columns = select(t.slot_row.c.tag, t.slot_row.c.owner, t.slot_row.c.record)
    return fetch(c, columns.order_by(t.slot_row.c.tag), SlotRow)


def rows_replace(c: Connection, rows: Iterable[SlotRow]) -> None:
    """Write the whole tag table anew, so that no change tells which row it was for.

    The rows go in by tag: pages then depend on their number only, never on who came when.
    """
    c.execute(delete(t.slot_row))
    ordered = sorted(rows, key=lambda row: row.tag)
    if ordered:
        c.execute(
            insert(t.slot_row),
            [{"tag": r.tag, "owner": r.owner, "record": r.record} for r in ordered],
        )


def person_add(c: Connection, person: PersonRow) -> None:
    """Add a person, or give the one with this id a new name and owner handle."""
    upsert(c, t.person, {"id": person.id}, {"name": person.name, "owner": person.owner})


def person_get(c: Connection, person: str) -> PersonRow | None:
    """The person with this id, or None."""
    columns = select(t.person.c.id, t.person.c.name, t.person.c.owner)
    return fetch_one(c, columns.where(t.person.c.id == person), PersonRow)


def people(c: Connection) -> tuple[PersonRow, ...]:
    """Everybody who holds codes here, by name."""
    columns = select(t.person.c.id, t.person.c.name, t.person.c.owner)
    return fetch(c, columns.order_by(t.person.c.name, t.person.c.id), PersonRow)


def person_remove(c: Connection, person: str) -> PersonRow:
    """Take a person away and return who it was; their rows go with the next `rows_replace`.

    Raises:
        NotFoundError: nobody here has this id.
    """
    found = person_get(c, person)
    if found is None:
        raise NotFoundError("There is no such person.", hint="List them: watchword person list")
    c.execute(delete(t.person).where(t.person.c.id == person))
    return found


# --- journal


def journal_append(
    c: Connection, at_ms: int, area: str, key: str, params: dict[str, Any]
) -> tuple[int, bytes]:
    """Write down a public fact; returns the journal's new (length, head)."""
    after = chain.append(c, t.journal, {"at_ms": at_ms, "area": area, "key": key, "params": params})
    return after.length, after.hash


def journal_head(c: Connection) -> tuple[int, bytes]:
    """The journal's (length, head); (0, 32 zero bytes) when it is empty."""
    now = chain.head(c, t.journal)
    return now.length, now.hash


def journal_hash_at(c: Connection, length: int) -> bytes | None:
    """The hash that the journal had when it was this long, or None when it never was."""
    return chain.hash_at(c, t.journal, length)


def journal_tail(c: Connection, limit: int, *, area: str | None = None) -> tuple[JournalEntry, ...]:
    """The last entries, newest first, of one area or of all."""
    j = t.journal.c
    columns = select(j.id, j.at_ms, j.area, j.key, j.params, j.hash)
    if area is not None:
        columns = columns.where(j.area == area)
    return fetch(c, columns.order_by(j.id.desc()).limit(limit), JournalEntry)


def journal_verify(c: Connection, witness: Head | None = None) -> Break | None:
    """The first entry that was changed, removed or cut off; None when the journal is whole."""
    return chain.verify(c, t.journal, witness)


# --- outbox


def outbox_add(c: Connection, cell: OutboxCell) -> int:
    """Keep a sealed report until it is acknowledged; returns its row's id."""
    row = {name: getattr(cell, name) for name in OutboxCell.__slots__ if name != "id"}
    return added(c, t.outbox, row)


def outbox_load(c: Connection, *, limit: int | None = None) -> tuple[OutboxCell, ...]:
    """What is not acknowledged: most urgent class first, oldest first within a class."""
    o = t.outbox.c
    columns = select(o.report_class, o.epoch, o.counter, o.key_id, o.cell, o.created_ms, o.id)
    return fetch(c, columns.order_by(o.report_class, o.id).limit(limit), OutboxCell)


def outbox_remove(c: Connection, ids: Sequence[int]) -> int:
    """Forget reports that the station has; returns how many there were."""
    return changed(c, delete(t.outbox).where(t.outbox.c.id.in_(ids))) if ids else 0


def outbox_counts(c: Connection) -> dict[int, int]:
    """How many reports wait, by class."""
    counts = select(t.outbox.c.report_class, func.count()).group_by(t.outbox.c.report_class)
    return {int(k): int(n) for k, n in c.execute(counts)}


# --- entry points and their pairing


def entry_point_add(
    c: Connection,
    name: str,
    area: str,
    *,
    secret_hash: bytes | None = None,
    paired_ms: int | None = None,
) -> int:
    """Add a device that takes codes, paired already or not; returns its number, from 1.

    Raises:
        RefusedError: a report has no room for one more number.
    """
    last = c.execute(select(func.max(t.entry_point.c.number))).scalar() or 0
    if last >= PLACES_MAX:
        raise RefusedError("This site has no number left for one more entry point.")
    row = {"number": last + 1, "name": name, "area": area}
    c.execute(insert(t.entry_point), {**row, "secret_hash": secret_hash, "paired_ms": paired_ms})
    return int(last) + 1


def entry_point_pair(c: Connection, number: int, secret_hash: bytes, at_ms: int) -> None:
    """Give an entry point the secret of its device; an earlier device is paired no longer.

    Raises:
        NotFoundError: there is no entry point with this number.
    """
    this = update(t.entry_point).where(t.entry_point.c.number == number)
    if not changed(c, this.values(secret_hash=secret_hash, paired_ms=at_ms)):
        raise NotFoundError("There is no such entry point.")


def entry_point_get(c: Connection, number: int) -> EntryPointRow | None:
    """The entry point with this number, or None."""
    return fetch_one(c, _entry_points().where(t.entry_point.c.number == number), EntryPointRow)


def entry_points(c: Connection) -> tuple[EntryPointRow, ...]:
    """All entry points, by number."""
    return fetch(c, _entry_points().order_by(t.entry_point.c.number), EntryPointRow)


def entry_point_by_secret_hash(c: Connection, secret_hash: bytes) -> EntryPointRow | None:
    """The entry point whose device holds this secret, or None."""
    mine = _entry_points().where(t.entry_point.c.secret_hash == secret_hash)
    return fetch_one(c, mine, EntryPointRow)


def pairing_code_add(c: Connection, code_hash: bytes, entry_point: int, expires_ms: int) -> None:
    """Keep the hash of a one-time code for this entry point."""
    row = {"code_hash": code_hash, "entry_point": entry_point, "expires_ms": expires_ms}
    c.execute(insert(t.pairing_code), row)


def pairing_code_take(c: Connection, code_hash: bytes, at_ms: int) -> int | None:
    """Use a one-time code up; returns its entry point, None when unknown, used or expired."""
    p = t.pairing_code
    good = (p.c.code_hash == code_hash, p.c.used_ms.is_(None), p.c.expires_ms > at_ms)
    number = c.execute(select(p.c.entry_point).where(*good)).scalar()
    if number is None or not changed(c, update(p).where(*good).values(used_ms=at_ms)):
        return None
    return int(number)


def pairing_codes_forget(c: Connection, at_ms: int) -> int:
    """Remove codes that are used or expired; returns how many."""
    p = t.pairing_code
    return changed(c, delete(p).where(p.c.used_ms.is_not(None) | (p.c.expires_ms <= at_ms)))


# --- enrolment


def enrolment_answer(c: Connection, enrolment: str) -> dict[str, Any] | None:
    """What was answered to this enrolment before, or None: the second time must say the same."""
    mine = select(t.enrolment.c.answer).where(t.enrolment.c.id == enrolment)
    found: dict[str, Any] | None = c.execute(mine).scalar()
    return found


def enrolment_record(c: Connection, enrolment: str, answer: dict[str, Any], at_ms: int) -> None:
    """Keep what this enrolment was answered, once."""
    c.execute(insert(t.enrolment), {"id": enrolment, "answer": answer, "at_ms": at_ms})


def _entry_points() -> Any:
    e = t.entry_point.c
    return select(e.number, e.name, e.area, e.paired_ms)
