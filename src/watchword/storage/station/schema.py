"""The tables of the monitoring side, the same on SQLite and on PostgreSQL.

Organisation, region and site stand above everything from the first day. Envelopes and signals
are never changed in what they say, journals and timelines never at all.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from watchword.storage.shared.sql import U64, BigId, Plain, metadata

REVISIONS = ("station_0001",)
"""Every revision of this half, oldest first; the last is what this program needs."""

tables = metadata()

value = Table(
    "value",
    tables,
    Column("key", String(64), primary_key=True),
    Column("plain", Plain, nullable=False),
)

# --- who is watched

organisation = Table(
    "organisation",
    tables,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
)

region = Table(
    "region",
    tables,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(32), ForeignKey("organisation.id"), nullable=False),
    Column("name", Text, nullable=False),
)

site = Table(
    "site",
    tables,
    Column("id", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("region", String(32), ForeignKey("region.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("approach", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("watched", String(16), nullable=False),
    Column("category", String(8), nullable=False),
    Column("policy", String(32), nullable=False),
    Column("digits", Integer, nullable=False),
    Column("tls_fingerprint", String(64), nullable=True, unique=True),
    Column("hpke_public", LargeBinary(32), nullable=True),
    Column("live_ms", BigInteger, nullable=True),
    Column("joined_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=True),
    Column("chain_length", BigInteger, nullable=False),
    Column("chain_head", LargeBinary(32), nullable=False),
)

witness_break = Table(
    "witness_break",
    tables,
    Column("id", BigId, primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("known_length", BigInteger, nullable=False),
    Column("known_head", LargeBinary(32), nullable=False),
    Column("told_length", BigInteger, nullable=False),
    Column("told_head", LargeBinary(32), nullable=False),
)

name = Table(
    "name",
    tables,
    Column("site", String(32), ForeignKey("site.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)

proof = Table(
    "proof",
    tables,
    Column("id", BigId, primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("proven_ms", BigInteger, nullable=False),
    Column("interval_s", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Index("ix_proof_latest", "site", "kind", "proven_ms"),
)

pairing = Table(
    "pairing",
    tables,
    Column("secret_hash", LargeBinary(32), primary_key=True),
    Column("site_name", Text, nullable=False),
    Column("plain", Plain, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=True),
)

letter = Table(
    "letter",
    tables,
    Column("id", BigId, primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("ix_letter_site_state", "site", "state", "id"),
)

# --- who holds codes

person = Table(
    "person",
    tables,
    Column("id", String(32), primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("removed_ms", BigInteger, nullable=True),
)

enrolment = Table(
    "enrolment",
    tables,
    Column("id", String(32), primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False, index=True),
    Column("person", String(32), ForeignKey("person.id"), nullable=False),
    Column("link_hash", LargeBinary(32), nullable=False, unique=True),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("pair", Integer, nullable=True),
)

slot = Table(
    "slot",
    tables,
    Column("ref", String(32), primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("person", String(32), ForeignKey("person.id"), nullable=False, index=True),
    Column("enrolment", String(32), ForeignKey("enrolment.id"), nullable=True, index=True),
    Column("state", String(16), nullable=False),
    Column("pair", Integer, nullable=False),
    Column("key_id", LargeBinary(4), nullable=False),
)

# --- what comes in

envelope = Table(
    "envelope",
    tables,
    Column("id", BigId, primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("epoch", U64, nullable=False),
    Column("report_class", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("key_id", LargeBinary(4), nullable=False),
    Column("body", LargeBinary(160), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    UniqueConstraint("site", "epoch", "report_class", "counter"),
)

# Only what waits is in this index: it stays small however much has been worked.
Index(
    "ix_envelope_waiting",
    envelope.c.report_class,
    envelope.c.id,
    sqlite_where=text("state = 'new'"),
    postgresql_where=text("state = 'new'"),
)

envelope_anomaly = Table(
    "envelope_anomaly",
    tables,
    Column("id", BigId, primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False, index=True),
    Column("epoch", U64, nullable=False),
    Column("report_class", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("key_id", LargeBinary(4), nullable=False),
    Column("body", LargeBinary(160), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("reason", String(32), nullable=False),
)

incident = Table(
    "incident",
    tables,
    Column("id", String(32), primary_key=True),
    Column("site", String(32), ForeignKey("site.id"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("life", Boolean, nullable=False),
    Column("covert", Boolean, nullable=False),
    Column("person", String(32), ForeignKey("person.id"), nullable=True),
    Column("entry_point", Integer, nullable=True),
    Column("area", Integer, nullable=True),
    Column("opened_ms", BigInteger, nullable=False),
    Column("claimed_by", String(64), nullable=True),
    Column("plan", Integer, nullable=False),
    Column("released_ms", BigInteger, nullable=True),
    Column("closed_ms", BigInteger, nullable=True),
    Column("plain", Plain, nullable=False),
    Index("ix_incident_site_opened", "site", "opened_ms"),
    Index("ix_incident_person_opened", "person", "opened_ms"),
)

Index(
    "ix_incident_open",
    incident.c.priority,
    incident.c.opened_ms,
    sqlite_where=text("closed_ms IS NULL"),
    postgresql_where=text("closed_ms IS NULL"),
)

signal = Table(
    "signal",
    tables,
    Column("id", BigId, primary_key=True),
    Column("envelope", BigInteger, ForeignKey("envelope.id"), nullable=True, unique=True),
    Column("account", String(64), nullable=False),
    Column("site", String(32), ForeignKey("site.id"), nullable=True),
    Column("received_ms", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("code", String(16), nullable=True),
    Column("qualifier", String(8), nullable=True),
    Column("area", Text, nullable=True),
    Column("user", Text, nullable=True),
    Column("zone", Text, nullable=True),
    Column("text", Text, nullable=True),
    Column("raw", Text, nullable=True),
    Column("incident", String(32), ForeignKey("incident.id"), nullable=True, index=True),
    Index("ix_signal_site_received", "site", "received_ms"),
)

# --- what is done about it

incident_event = Table(
    "incident_event",
    tables,
    Column("id", BigId, primary_key=True),
    Column("incident", String(32), ForeignKey("incident.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("params", Plain, nullable=False),
    Column("audience", String(16), nullable=False),
)

step = Table(
    "step",
    tables,
    Column("incident", String(32), ForeignKey("incident.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("action", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_ms", BigInteger, nullable=True),
    Column("updated_ms", BigInteger, nullable=False),
    Column("params", Plain, nullable=False),
)

handoff = Table(
    "handoff",
    tables,
    Column("id", BigId, primary_key=True),
    Column("incident", String(32), ForeignKey("incident.id"), nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target", Text, nullable=False),
    Column("idempotency_key", String(64), nullable=False, unique=True),
    Column("exercise", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("accepted_by", Text, nullable=True),
    Column("reference", Text, nullable=True),
    Column("error", Text, nullable=True),
    Index("ix_handoff_next", "next_ms"),
)

# --- who works here

operator = Table(
    "operator",
    tables,
    Column("name", String(64), primary_key=True),
    Column("display", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("may", Plain, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

session = Table(
    "session",
    tables,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("operator", String(64), ForeignKey("operator.name"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("place", String(64), nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
)

journal = Table(
    "journal",
    tables,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("site", String(32), nullable=True),
    Column("key", String(64), nullable=False),
    Column("params", Plain, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
