"""What comes in: envelopes as they were received, and the signals that they turned into.

An envelope is kept as it came and acknowledged only when committed. The same cell twice is one
envelope; another body under the same number is kept beside it as an anomaly, never dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select, update

from watchword.storage.shared.sql import added, fetch, fetch_one, insert
from watchword.storage.station import schema as t

ABOVE_MAX = 1024  # an acknowledgement names 32 at a time; a longer tail is acknowledged later


class Intake(StrEnum):
    """What an envelope was when it arrived."""

    NEW = "new"
    DUPLICATE = "duplicate"
    DIFFERENT = "different"


class EnvelopeState(StrEnum):
    """An envelope waits to be opened, was, or could not be."""

    NEW = "new"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed report as it was received; `id` is 0 and `tries` 0 before it is stored."""

    site: str
    epoch: int
    report_class: int
    counter: int
    key_id: bytes
    body: bytes = field(repr=False)
    received_ms: int
    id: int = 0
    state: str = EnvelopeState.NEW
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An envelope that contradicts another or does not fit; `reason` is one word."""

    site: str
    epoch: int
    report_class: int
    counter: int
    key_id: bytes
    body: bytes = field(repr=False)
    received_ms: int
    reason: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class Acked:
    """Every counter up to `cumulative` is durable, and so are those in `above`."""

    cumulative: int
    above: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What a site told; `id` is 0 before it is stored, absent parts are None."""

    account: str
    received_ms: int
    kind: str
    site: str | None = None
    envelope: int | None = None
    code: str | None = None
    qualifier: str | None = None
    area: str | None = None
    user: str | None = None
    zone: str | None = None
    text: str | None = None
    raw: str | None = None
    incident: str | None = None
    id: int = 0


_Number = tuple[str, int, int, int]


# --- envelopes


def envelopes_add(c: Connection, envelopes: Sequence[Envelope]) -> tuple[Intake, ...]:
    """Keep what is new of these; says of each whether it was new, known, or contradicts.

    All three are to be acknowledged after the commit: each is durable then.
    """
    if not envelopes:
        return ()
    e = t.envelope
    rows = [_columns(one, leave="id") for one in envelopes]
    keys = (e.c.site, e.c.epoch, e.c.report_class, e.c.counter)
    add = insert(c, e).on_conflict_do_nothing(index_elements=list(keys)).returning(*keys)
    fresh = {_Key(*row) for row in c.execute(add, rows)}
    taken: list[Intake] = []
    for one in envelopes:
        key = _Key(one.site, one.epoch, one.report_class, one.counter)
        if key in fresh:
            fresh.discard(key)
            taken.append(Intake.NEW)
        else:
            taken.append(_again(c, one))
    return tuple(taken)


def envelopes_new(c: Connection, limit: int) -> tuple[Envelope, ...]:
    """What waits to be opened: most urgent class first, oldest first within it."""
    return fetch(c, _waiting(limit), Envelope)


def envelopes_claim(c: Connection, limit: int) -> tuple[Envelope, ...]:
    """The same, held until this transaction ends; on PostgreSQL nodes never take the same one."""
    return fetch(c, _waiting(limit).with_for_update(skip_locked=True), Envelope)


def envelope_get(c: Connection, envelope: int) -> Envelope | None:
    """The envelope with this id, or None."""
    return fetch_one(c, _envelopes().where(t.envelope.c.id == envelope), Envelope)


def envelope_done(c: Connection, envelope: int) -> None:
    """Mark an envelope as opened."""
    this = update(t.envelope).where(t.envelope.c.id == envelope)
    c.execute(this.values(state=EnvelopeState.DONE))


def envelope_tried(c: Connection, envelope: int) -> int:
    """Count one attempt to open it that failed; returns how many there were."""
    e = t.envelope
    this = update(e).where(e.c.id == envelope).values(tries=e.c.tries + 1)
    return int(c.execute(this.returning(e.c.tries)).scalar() or 0)


def envelope_failed(c: Connection, envelope: int) -> None:
    """Give an envelope up; the caller opens an incident about it in the same transaction."""
    this = update(t.envelope).where(t.envelope.c.id == envelope)
    c.execute(this.values(state=EnvelopeState.FAILED))


def envelopes_failed(c: Connection, limit: int) -> tuple[Envelope, ...]:
    """Envelopes that were given up, newest first."""
    failed = _envelopes().where(t.envelope.c.state == EnvelopeState.FAILED)
    return fetch(c, failed.order_by(t.envelope.c.id.desc()).limit(limit), Envelope)


def envelopes_count(c: Connection) -> dict[str, int]:
    """How many envelopes there are in each state."""
    counts = select(t.envelope.c.state, func.count()).group_by(t.envelope.c.state)
    return {str(state): int(n) for state, n in c.execute(counts)}


def acked(c: Connection, site: str, epoch: int, report_class: int) -> Acked:
    """What of one epoch and class is durable here; counters start at 1."""
    e = t.envelope
    ours = (e.c.site == site, e.c.epoch == epoch, e.c.report_class == report_class)
    there = select(func.count(), func.max(e.c.counter)).where(*ours, e.c.counter >= 1)
    count, highest = c.execute(there).one()
    if count == (highest or 0):  # no gap, the everyday case: one walk over the index
        return Acked(count, ())
    cumulative = _first_gap(c, site, epoch, report_class) - 1
    above = select(e.c.counter).where(*ours, e.c.counter > cumulative).order_by(e.c.counter)
    return Acked(cumulative, tuple(c.execute(above.limit(ABOVE_MAX)).scalars()))


def _first_gap(c: Connection, site: str, epoch: int, report_class: int) -> int:
    e, after = t.envelope, t.envelope.alias("after")

    def numbered(table: FromClause) -> tuple[ColumnElement[bool], ...]:
        k = table.c
        return k.site == site, k.epoch == epoch, k.report_class == report_class

    if c.execute(select(e.c.id).where(*numbered(e), e.c.counter == 1)).first() is None:
        return 1
    next_one = select(after.c.id).where(*numbered(after), after.c.counter == e.c.counter + 1)
    ends = select(e.c.counter).where(*numbered(e), e.c.counter >= 1, ~next_one.exists())
    return int(c.execute(ends.order_by(e.c.counter).limit(1)).scalar_one()) + 1


# --- anomalies


def anomaly_add(c: Connection, envelope: Envelope, reason: str) -> int:
    """Keep an envelope that contradicts or does not fit; returns its id."""
    row = {name: getattr(envelope, name) for name in _ANOMALY if name != "reason"}
    return added(c, t.envelope_anomaly, {**row, "reason": reason})


def anomalies(c: Connection, *, site: str | None = None, limit: int = 100) -> tuple[Anomaly, ...]:
    """Anomalies of a site or of all, newest first."""
    a = t.envelope_anomaly
    these = select(*(a.c[name] for name in _ANOMALY), a.c.id)
    if site is not None:
        these = these.where(a.c.site == site)
    return fetch(c, these.order_by(a.c.id.desc()).limit(limit), Anomaly)


# --- signals


def signal_add(c: Connection, signal: SignalRow) -> int:
    """Keep a signal; IntegrityError when its envelope has one already. Returns its id."""
    return added(c, t.signal, _columns(signal, leave="id"))


def signal_of_envelope(c: Connection, envelope: int) -> SignalRow | None:
    """The signal that an envelope turned into, or None."""
    return fetch_one(c, _signals().where(t.signal.c.envelope == envelope), SignalRow)


def signal_join(c: Connection, signal: int, incident: str) -> None:
    """Make a signal part of an incident."""
    this = update(t.signal).where(t.signal.c.id == signal)
    c.execute(this.values(incident=incident))


def signals(
    c: Connection, *, limit: int = 100, site: str | None = None, incident: str | None = None
) -> tuple[SignalRow, ...]:
    """Signals of a site, of an incident, or all; newest first."""
    these = _signals()
    if site is not None:
        these = these.where(t.signal.c.site == site)
    if incident is not None:
        these = these.where(t.signal.c.incident == incident)
    return fetch(c, these.order_by(t.signal.c.id.desc()).limit(limit), SignalRow)


def signals_count(c: Connection, incident: str) -> int:
    """How many signals an incident has."""
    count = select(func.count()).where(t.signal.c.incident == incident)
    return int(c.execute(count).scalar_one())


_ANOMALY = (
    "site",
    "epoch",
    "report_class",
    "counter",
    "key_id",
    "body",
    "received_ms",
    "reason",
)


def _Key(site: str, epoch: int, report_class: int, counter: int) -> _Number:  # noqa: N802
    return site, epoch, report_class, counter


def _columns(row: Any, *, leave: str) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row) if f.name != leave}


def _again(c: Connection, one: Envelope) -> Intake:
    e = t.envelope.c
    same = select(e.key_id, e.body).where(
        e.site == one.site,
        e.epoch == one.epoch,
        e.report_class == one.report_class,
        e.counter == one.counter,
    )
    key_id, body = c.execute(same).one()
    if (bytes(key_id), bytes(body)) == (one.key_id, one.body):
        return Intake.DUPLICATE
    anomaly_add(c, one, "different")
    return Intake.DIFFERENT


def _envelopes() -> Select[Any]:
    return select(*(t.envelope.c[f.name] for f in fields(Envelope)))


def _waiting(limit: int) -> Select[Any]:
    e = t.envelope.c
    waiting = _envelopes().where(e.state == EnvelopeState.NEW)
    return waiting.order_by(e.report_class, e.id).limit(limit)


def _signals() -> Select[Any]:
    return select(*(t.signal.c[f.name] for f in fields(SignalRow)))
