"""What can be wrong with a store, told so that a person knows what to do.

    LocalFaultError
    └── StorageFaultError
        ├── DiskFullError
        ├── TransactionLostError
        ├── CorruptDatabaseError
        ├── DatabaseLockedError
        ├── NewerSchemaError
        ├── ForeignDatabaseError
        ├── DatabaseUnavailableError
        ├── StoreBusyError
        └── StoreStoppedError

A driver's own text is never passed on: it could hold the values of a statement.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from watchword.core.errors import LocalFaultError

RESTORE = "Nothing was changed. Stop the process and restore the last back-up of this file."


class StorageFaultError(LocalFaultError):
    """The store cannot do this now."""


class DiskFullError(StorageFaultError):
    """The disk did not take a write."""


class TransactionLostError(StorageFaultError):
    """The engine gave a transaction up, and the work did not say so."""


class CorruptDatabaseError(StorageFaultError):
    """The file is damaged, or is no database."""


class DatabaseLockedError(StorageFaultError):
    """Another process has held the database for too long."""


class NewerSchemaError(StorageFaultError):
    """A newer program has written this database."""


class ForeignDatabaseError(StorageFaultError):
    """The database belongs to something else."""


class DatabaseUnavailableError(StorageFaultError):
    """The database cannot be opened or reached."""


class StoreBusyError(StorageFaultError):
    """More waits to be written than the queue holds."""


class StoreStoppedError(StorageFaultError):
    """The thread that works on the store has ended."""


def fault(error: BaseException, where: str) -> StorageFaultError | None:
    """What an error of a driver means for the database `where`; None for a mere mistake.

    An engine that gave the transaction up makes the clean-up fail too, so the errors that this
    one came out of are looked at as well.
    """
    seen: BaseException | None = error
    while seen is not None:
        ours = _of_one(seen, where)
        if ours is not None:
            return ours
        seen = seen.__context__ if isinstance(seen, DBAPIError | sqlite3.Error) else None
    return None


def _of_one(error: BaseException, where: str) -> StorageFaultError | None:
    if isinstance(error, StorageFaultError):
        return error
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, where)
    state = getattr(cause, "sqlstate", None)
    if isinstance(error, DBAPIError) and type(cause).__module__.startswith("psycopg"):
        return _of_postgresql(state, where, lost=error.connection_invalidated)
    return None


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn a driver's errors into ours; mistakes and refusals pass as they are."""
    try:
        yield
    except Exception as error:
        ours = fault(error, where)
        if ours is None or ours is error:
            raise
        raise ours from None


def _of_sqlite(cause: sqlite3.Error, where: str) -> StorageFaultError | None:
    code = getattr(cause, "sqlite_errorcode", None)
    name = getattr(cause, "sqlite_errorname", "unknown")
    match code & 0xFF if code is not None else None:
        case sqlite3.SQLITE_FULL:
            return DiskFullError(
                f"The disk of the {where} is full.", hint="Make room; work goes on by itself then."
            )
        case sqlite3.SQLITE_IOERR:
            return DiskFullError(
                f"The disk of the {where} did not take or give data ({name}).",
                hint="Look for a full, read-only or failing disk.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return CorruptDatabaseError(f"The {where} is damaged or is no database.", hint=RESTORE)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseLockedError(
                f"The {where} is locked by another process.",
                hint="Stop the other process that uses it, then try again.",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            return DatabaseUnavailableError(
                f"The {where} cannot be opened or written.",
                hint="Look at its path, its owner and its permissions.",
            )
        case _:
            return None


def _of_postgresql(state: str | None, where: str, *, lost: bool) -> StorageFaultError | None:
    if state is not None and state.startswith("53"):
        return DiskFullError(
            f"The database server of the {where} has no room or no connection left.",
            hint="Look at its disk and at max_connections.",
        )
    if state is not None and state.startswith("XX"):
        return CorruptDatabaseError(
            f"The database server of the {where} reports damage.", hint="Restore the last back-up."
        )
    if state in {"55P03", "40P01", "40001"}:
        return DatabaseLockedError(
            f"The {where} is locked by another process.", hint="Try again; it was not changed."
        )
    if lost or state is None or state.startswith(("08", "57P", "28", "3D")) or state == "25006":
        return DatabaseUnavailableError(
            f"The {where} cannot be reached.",
            hint="Look at the database server, its address and the account.",
        )
    return None
