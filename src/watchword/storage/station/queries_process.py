"""What the second step asks besides: one envelope held, anomalies to look at, subjects' names."""

from sqlalchemy import Connection, select, update

from watchword.storage.shared.sql import changed, fetch, fetch_one
from watchword.storage.station import schema as t
from watchword.storage.station.queries_intake import Anomaly, Envelope, EnvelopeState

_ENVELOPE = (
    "site",
    "epoch",
    "report_class",
    "counter",
    "key_id",
    "body",
    "received_ms",
    "id",
    "state",
    "tries",
)
_ANOMALY = (*_ENVELOPE[:7], "reason", "id")


def envelope_hold(c: Connection, envelope: int) -> Envelope | None:
    """The envelope if it still waits, kept from other nodes until this transaction ends."""
    e = t.envelope.c
    this = select(*(e[name] for name in _ENVELOPE))
    this = this.where(e.id == envelope, e.state == EnvelopeState.NEW)
    return fetch_one(c, this.with_for_update(), Envelope)


def envelopes_revive(c: Connection) -> int:
    """Let what was given up be tried again: a key was restored, or the program is newer."""
    failed = update(t.envelope).where(t.envelope.c.state == EnvelopeState.FAILED)
    return changed(c, failed.values(state=EnvelopeState.NEW))


def anomalies_after(c: Connection, anomaly: int, *, limit: int = 32) -> tuple[Anomaly, ...]:
    """Anomalies with a greater id, oldest first."""
    a = t.envelope_anomaly.c
    these = select(*(a[name] for name in _ANOMALY)).where(a.id > anomaly)
    return fetch(c, these.order_by(a.id).limit(limit), Anomaly)
