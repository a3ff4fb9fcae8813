"""How a database is opened: durable on every commit, strict, and the same layout every time.

SQLite runs in WAL with synchronous=FULL, foreign keys on and deleted rows overwritten, and a
transaction begins when we say so, DDL included. PostgreSQL is taken as its server is set up.
"""

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_MS = 5_000  # another process of ours commits in milliseconds; longer is a fault
PAGE_SIZE = 4_096
_PSYCOPG_BAD = (3, 4)  # a failed transaction, a connection that is gone

# The order matters: wait for others first, lay pages out before the first write.
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    f"page_size={PAGE_SIZE}",
    "auto_vacuum=none",
    "journal_mode=wal",
    "synchronous=full",
    "foreign_keys=on",
    "secure_delete=on",
    "temp_store=memory",
    "cell_size_check=on",
    "trusted_schema=off",
)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def where(url: str) -> str:
    """What a person calls a database, after "the": its path or server, never a password."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"database {parsed.database}"
    return f"database {parsed.database or ''} on {parsed.host or 'this machine'}"


def sqlite_file(url: str) -> Path | None:
    """The file behind the URL, or None when it is not SQLite."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def open_engine(url: str, *, writes: bool) -> Engine:
    """An engine without a pool: whoever works with it keeps its one connection.

    A writing transaction takes SQLite's lock when it begins, so that it never fails half-way
    for another writer; a reading one cannot write at all. Parameters never enter an error.
    """
    if make_url(url).get_backend_name() != "sqlite":
        server = create_engine(url, poolclass=NullPool, hide_parameters=True)
        if writes:
            return server
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return server.execution_options(**snapshot)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver would begin by itself, but never before DDL
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        if not writes:
            raw.execute("PRAGMA query_only=on")

    @event.listens_for(engine, "begin")
    def _begin(c: Connection) -> None:
        c.exec_driver_sql(begin)

    return engine


def in_transaction(c: Connection) -> bool:
    """Whether the engine still has a good transaction where we think that we are in one.

    SQLite gives it up by itself on a full disk, and what follows would be committed piecemeal;
    PostgreSQL keeps a failed one, and its COMMIT then rolls back without a word.
    """
    driver = c.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction
    status: int = getattr(driver, "info").transaction_status  # noqa: B009 - psycopg is not imported
    return status not in _PSYCOPG_BAD


def make_private(path: Path) -> bool:
    """Create an empty database that only its owner can read; False when the file is there.

    It appears complete, never as a file of no bytes: another process may start just now.
    SQLite gives its -wal and -shm files the same mode.
    """
    if path.exists():
        return False
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    fresh = Path(name)
    try:
        engine = open_engine(sqlite_url(fresh), writes=True)
        engine.connect().close()  # laying the pages out writes the first one
        engine.dispose()
        path.hardlink_to(fresh)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True
