"""Who works here: operators, their sessions, and the station's own journal."""

from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from watchword.core.errors import NotFoundError
from watchword.storage.shared import chain
from watchword.storage.shared.chain import Break, Head
from watchword.storage.shared.sql import changed, fetch, upsert
from watchword.storage.station import schema as t


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """A person who may sign in; `may` names what."""

    name: str
    display: str
    password_hash: str = field(repr=False)
    may: frozenset[str] = frozenset()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in browser; `place` None is unknown, which counts as on the premises."""

    hash: bytes = field(repr=False)
    operator: str
    csrf: str = field(repr=False)
    place: str | None
    created_ms: int
    seen_ms: int
    address: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry of the station's journal; `length` counts from 1."""

    length: int
    at_ms: int
    who: str
    site: str | None
    key: str
    params: dict[str, Any]
    hash: bytes = field(repr=False)


# --- operators


def operator_set(c: Connection, operator: OperatorRow) -> None:
    """Add an operator, or change the one with this name."""
    values: dict[str, Any] = {"display": operator.display}
    values |= {"password_hash": operator.password_hash}
    values |= {"may": sorted(operator.may), "disabled": operator.disabled}
    upsert(c, t.operator, {"name": operator.name}, values)


def operator_get(c: Connection, name: str) -> OperatorRow | None:
    """The operator with this name, disabled or not, or None."""
    row = c.execute(_operators().where(t.operator.c.name == name)).first()
    return None if row is None else _operator(*row)


def operators(c: Connection) -> tuple[OperatorRow, ...]:
    """All operators, by name."""
    return tuple(_operator(*row) for row in c.execute(_operators().order_by(t.operator.c.name)))


def operator_disable(c: Connection, name: str) -> None:
    """Keep an operator from signing in and end their sessions.

    Raises:
        NotFoundError: there is no such operator.
    """
    this = update(t.operator).where(t.operator.c.name == name)
    if not changed(c, this.values(disabled=True)):
        raise NotFoundError("There is no such operator.")
    c.execute(delete(t.session).where(t.session.c.operator == name))


# --- sessions


def session_add(c: Connection, session: SessionRow) -> None:
    """Keep a session by the hash of its secret."""
    c.execute(insert(t.session), {f.name: getattr(session, f.name) for f in fields(session)})


def session_get(c: Connection, secret_hash: bytes) -> tuple[SessionRow, OperatorRow] | None:
    """The session with this secret and its operator; None when there is none or it may not."""
    s, o = t.session.c, t.operator.c
    both = select(*(s[f.name] for f in fields(SessionRow)), *(o[n] for n in _OPERATOR))
    mine = both.join_from(t.session, t.operator).where(s.hash == secret_hash, o.disabled.is_(False))
    row = c.execute(mine).first()
    if row is None:
        return None
    size = len(fields(SessionRow))
    return SessionRow(*row[:size]), _operator(*row[size:])


def session_seen(c: Connection, secret_hash: bytes, at_ms: int) -> None:
    """Keep when a session was last used."""
    c.execute(update(t.session).where(t.session.c.hash == secret_hash).values(seen_ms=at_ms))


def session_place(c: Connection, secret_hash: bytes, place: str | None) -> None:
    """Keep where this console stands."""
    c.execute(update(t.session).where(t.session.c.hash == secret_hash).values(place=place))


def session_remove(c: Connection, secret_hash: bytes) -> None:
    """End a session."""
    c.execute(delete(t.session).where(t.session.c.hash == secret_hash))


def sessions_forget(c: Connection, *, created_before_ms: int, seen_before_ms: int) -> int:
    """End sessions that are too old or were not used; returns how many."""
    s = t.session.c
    old = (s.created_ms < created_before_ms) | (s.seen_ms < seen_before_ms)
    return changed(c, delete(t.session).where(old))


# --- journal


def journal_append(
    c: Connection,
    at_ms: int,
    who: str,
    key: str,
    params: dict[str, Any],
    *,
    site: str | None = None,
) -> tuple[int, bytes]:
    """Write down what was done and by whom; returns the journal's new (length, head)."""
    values = {"at_ms": at_ms, "who": who, "site": site, "key": key, "params": params}
    after = chain.append(c, t.journal, values)
    return after.length, after.hash


def journal_head(c: Connection) -> tuple[int, bytes]:
    """The journal's (length, head); (0, 32 zero bytes) when it is empty."""
    now = chain.head(c, t.journal)
    return now.length, now.hash


def journal_tail(c: Connection, limit: int, *, site: str | None = None) -> tuple[JournalEntry, ...]:
    """The last entries, newest first, of one site or of all."""
    j = t.journal.c
    columns = select(j.id, j.at_ms, j.who, j.site, j.key, j.params, j.hash)
    if site is not None:
        columns = columns.where(j.site == site)
    return fetch(c, columns.order_by(j.id.desc()).limit(limit), JournalEntry)


def journal_verify(c: Connection, witness: Head | None = None) -> Break | None:
    """The first entry that was changed, removed or cut off; None when the journal is whole."""
    return chain.verify(c, t.journal, witness)


_OPERATOR = ("name", "display", "password_hash", "may", "disabled")


def _operators() -> Select[Any]:
    return select(*(t.operator.c[name] for name in _OPERATOR))


def _operator(
    name: str, display: str, password_hash: str, may: list[str], disabled: object
) -> OperatorRow:
    return OperatorRow(name, display, password_hash, frozenset(may), bool(disabled))
