"""What SQLite and PostgreSQL say differently is said here, and nowhere else.

Column types that mean the same on both engines, the upsert, and rows as small frozen values.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Dialect, Executable, Integer, MetaData, Table, Text
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.types import TypeDecorator

Row = TypeVar("Row")

U64_END = 2**64
I64_END = 2**63

# A number that the engine gives; SQLite only counts by itself in a column called INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

# Names that do not depend on the engine, so that a migration can take a constraint away again.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata() -> MetaData:
    """A catalogue of tables whose constraints have the same names on both engines."""
    return MetaData(naming_convention=NAMES)


class U64(TypeDecorator[int]):
    """An unsigned 64-bit number, kept as two's complement: neither engine has an unsigned one.

    Equality and uniqueness hold; order does not, so never sort or compare by such a column.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn 0 .. 2**64-1 into the signed number of the same bits; ValueError outside."""
        if value is None:
            return None
        if not 0 <= value < U64_END:
            raise ValueError("not an unsigned 64-bit number")
        return value - U64_END if value >= I64_END else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn the signed number back."""
        return value + U64_END if value is not None and value < 0 else value


class Plain(TypeDecorator[Any]):
    """A plain JSON value, kept as canonical text: the same bytes for the same value, everywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the value as canonical JSON; None stays NULL."""
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read the value back."""
        return None if value is None else json.loads(value)


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and ASCII only; ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def insert(c: Connection, table: Table) -> SqliteInsert:
    """An INSERT of this connection's engine, which knows ON CONFLICT.

    Both engines' statements have the same methods; the type says SQLite for both.
    """
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import (  # noqa: PLC0415 - a site never needs it
            insert as postgresql_insert,
        )

        return postgresql_insert(table)  # type: ignore[return-value]
    return SqliteInsert(table)


def upsert(c: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert the row with this key, or give the one that is there these values."""
    statement = insert(c, table).values({**key, **values})
    c.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


def fetch(c: Connection, statement: Executable, row: type[Row]) -> tuple[Row, ...]:
    """All rows as `row` values; the statement's columns stand in the order of its fields."""
    return tuple(row(*r) for r in c.execute(statement))


def fetch_one(c: Connection, statement: Executable, row: type[Row]) -> Row | None:
    """The first row as a `row` value, or None."""
    found = c.execute(statement).first()
    return None if found is None else row(*found)


def added(c: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert one row and return the id that the engine gave it."""
    key: Any = c.execute(plain_insert(table), row).inserted_primary_key
    return int(key[0])


def changed(c: Connection, statement: Executable) -> int:
    """Run an UPDATE or DELETE and say how many rows it touched."""
    return int(c.execute(statement).rowcount)
