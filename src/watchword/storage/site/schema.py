"""The tables of the premises: public facts, sealed bytes, and nothing between the two.

No column here says, or could say, what a code meant. Everything whose size could depend on it
has one size: slot rows (with decoys up to a power of two), cells, hashes.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from watchword.storage.shared.sql import U64, BigId, Plain, metadata

REVISIONS = ("site_0001",)
"""Every revision of this half, oldest first; the last is what this program needs."""

tables = metadata()

value = Table(
    "value",
    tables,
    Column("key", String(64), primary_key=True),
    Column("plain", Plain, nullable=False),
)

identity = Table(
    "identity",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("site_id", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("station_public", LargeBinary(32), nullable=False),
    Column("station_key_id", LargeBinary(4), nullable=False),
    Column("station_fingerprint", String(64), nullable=False),
    Column("addresses", Plain, nullable=False),
    Column("tick_ms", Integer, nullable=False),
    Column("category", String(8), nullable=False),
    Column("plain", Plain, nullable=False),
    Column("paired_ms", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

area = Table(
    "area",
    tables,
    Column("name", String(64), primary_key=True),
    Column("plain", Plain, nullable=False),
)

# Kept in order of the tag, which is a keyed hash: neither position nor row number tells anything.
slot_row = Table(
    "slot_row",
    tables,
    Column("tag", LargeBinary(32), primary_key=True),
    Column("owner", LargeBinary(16), nullable=False),
    Column("record", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

person = Table(
    "person",
    tables,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", LargeBinary(16), nullable=False, unique=True),
)

journal = Table(
    "journal",
    tables,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("area", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("params", Plain, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

outbox = Table(
    "outbox",
    tables,
    Column("id", BigId, primary_key=True),
    Column("report_class", Integer, nullable=False),
    Column("epoch", U64, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("key_id", LargeBinary(4), nullable=False),
    Column("cell", LargeBinary(180), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("epoch", "report_class", "counter"),
)

entry_point = Table(
    "entry_point",
    tables,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("area", String(64), nullable=False),
    Column("secret_hash", LargeBinary(32), nullable=True, unique=True),
    Column("paired_ms", BigInteger, nullable=True),
)

pairing_code = Table(
    "pairing_code",
    tables,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("entry_point", Integer, ForeignKey("entry_point.number"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=True),
)

enrolment = Table(
    "enrolment",
    tables,
    Column("id", String(32), primary_key=True),
    Column("answer", Plain, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
