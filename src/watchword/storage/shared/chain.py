"""A journal only grows: each entry carries the hash of everything before it.

An entry's hash covers its number and all its columns. Changing, removing or slipping in an
entry breaks every later hash; cutting the tail off shows against a witnessed (length, head).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from watchword.storage.shared.sql import canonical

GENESIS = bytes(32)
PAGE = 1_000  # entries in memory at a time while a journal is verified
_HASH = "hash"
_LOCK_KEY = 0x57574A4E4C  # one advisory lock for "append to the journal", on PostgreSQL


@dataclass(frozen=True, slots=True)
class Head:
    """How long a journal is, and the hash of its last entry (`GENESIS` when it is empty)."""

    length: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that does not follow from those before it, and what is wrong with it."""

    length: int
    reason: str


def link(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry: SHA-256 over the hash before it and its own body."""
    return hashlib.sha256(previous + body).digest()


def body(entry: Mapping[str, Any]) -> bytes:
    """The bytes of an entry that its hash covers: every column but the hash, as canonical JSON."""
    return canonical({k: v for k, v in entry.items() if k != _HASH}).encode("ascii")


def head(c: Connection, journal: Table) -> Head:
    """How long the journal is and what its last hash is."""
    last = select(journal.c.id, journal.c.hash).order_by(journal.c.id.desc()).limit(1)
    found = c.execute(last).first()
    return Head(0, GENESIS) if found is None else Head(int(found[0]), bytes(found[1]))


def hash_at(c: Connection, journal: Table, length: int) -> bytes | None:
    """The hash of the entry with this number, `GENESIS` for 0, None when there is none."""
    if length == 0:
        return GENESIS
    found = c.execute(select(journal.c.hash).where(journal.c.id == length)).scalar()
    return None if found is None else bytes(found)


def append(c: Connection, journal: Table, values: Mapping[str, Any]) -> Head:
    """Add one entry and return the new head; nodes of one PostgreSQL take turns until commit."""
    if c.dialect.name == "postgresql":
        c.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    before = head(c, journal)
    entry = {"id": before.length + 1, **values}
    after = Head(entry["id"], link(before.hash, body(entry)))
    c.execute(insert(journal), {**entry, _HASH: after.hash})
    return after


def verify(c: Connection, journal: Table, witness: Head | None = None) -> Break | None:
    """Walk the whole journal; None when every entry follows and the witnessed head is in it."""
    entries = select(journal).order_by(journal.c.id).execution_options(yield_per=PAGE)
    now = Head(0, GENESIS)
    with c.execute(entries) as rows:
        for row in rows.mappings():
            after = Head(now.length + 1, link(now.hash, body(dict(row))))
            reason = _wrong(row["id"], bytes(row[_HASH]), after, witness)
            if reason:
                return Break(after.length, reason)
            now = after
    if witness is not None and witness.length > now.length:
        return Break(now.length + 1, "cut off")
    return None


def _wrong(number: int, kept: bytes, after: Head, witness: Head | None) -> str:
    if number != after.length:
        return "missing"
    if kept != after.hash:
        return "changed"
    if witness is not None and witness.length == after.length and witness.hash != after.hash:
        return "not what was witnessed"
    return ""
