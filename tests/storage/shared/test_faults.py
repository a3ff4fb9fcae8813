"""Every fault of a driver is told as one of ours, without the driver's own words."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from watchword.core.errors import LocalFaultError, RefusedError
from watchword.storage.shared import faults
from watchword.storage.shared.faults import fault, told

HERE = "database /data/site.db"


def sqlite_error(code):
    error = sqlite3.OperationalError("their words, 123456")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_X"
    return error


def wrapped(cause):
    return OperationalError("INSERT", {"code": "123456"}, cause, hide_parameters=True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, faults.DiskFullError),
        (sqlite3.SQLITE_IOERR, faults.DiskFullError),
        (sqlite3.SQLITE_IOERR_WRITE, faults.DiskFullError),
        (sqlite3.SQLITE_CORRUPT, faults.CorruptDatabaseError),
        (sqlite3.SQLITE_NOTADB, faults.CorruptDatabaseError),
        (sqlite3.SQLITE_BUSY, faults.DatabaseLockedError),
        (sqlite3.SQLITE_LOCKED, faults.DatabaseLockedError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, faults.DatabaseLockedError),
        (sqlite3.SQLITE_CANTOPEN, faults.DatabaseUnavailableError),
        (sqlite3.SQLITE_READONLY, faults.DatabaseUnavailableError),
        (sqlite3.SQLITE_PERM, faults.DatabaseUnavailableError),
    ],
)
def test_a_code_of_sqlite_has_a_meaning(code, kind):
    for error in (sqlite_error(code), wrapped(sqlite_error(code))):
        ours = fault(error, HERE)
        assert type(ours) is kind
        assert isinstance(ours, LocalFaultError)
        assert "/data/site.db" in ours.message
        assert ours.hint
        assert "123456" not in str(ours)


def pg(kind):
    return wrapped(kind("their words, 123456"))


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (psycopg.errors.DiskFull, faults.DiskFullError),
        (psycopg.errors.TooManyConnections, faults.DiskFullError),
        (psycopg.errors.DataCorrupted, faults.CorruptDatabaseError),
        (psycopg.errors.LockNotAvailable, faults.DatabaseLockedError),
        (psycopg.errors.DeadlockDetected, faults.DatabaseLockedError),
        (psycopg.errors.SerializationFailure, faults.DatabaseLockedError),
        (psycopg.errors.AdminShutdown, faults.DatabaseUnavailableError),
        (psycopg.errors.InvalidPassword, faults.DatabaseUnavailableError),
        (psycopg.errors.InvalidCatalogName, faults.DatabaseUnavailableError),
        (psycopg.errors.ReadOnlySqlTransaction, faults.DatabaseUnavailableError),
        (psycopg.OperationalError, faults.DatabaseUnavailableError),
    ],
)
def test_a_state_of_postgresql_has_a_meaning(cause, kind):
    ours = fault(pg(cause), HERE)
    assert type(ours) is kind
    assert ours.hint
    assert "123456" not in str(ours)


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error(sqlite3.SQLITE_CONSTRAINT),
        sqlite3.ProgrammingError("no code at all"),
        wrapped(psycopg.errors.UniqueViolation()),
        wrapped(ValueError("x")),
        RefusedError("no"),
        ValueError("x"),
    ],
)
def test_a_mistake_is_no_fault(error):
    assert fault(error, HERE) is None
    with pytest.raises(type(error)), told(HERE):
        raise error


def test_a_fault_that_made_the_clean_up_fail_is_still_found():
    try:
        try:
            raise sqlite_error(sqlite3.SQLITE_FULL)
        except sqlite3.Error:
            raise wrapped(sqlite_error(sqlite3.SQLITE_ERROR))  # noqa: B904
    except OperationalError as error:
        assert isinstance(fault(error, HERE), faults.DiskFullError)


def test_ours_is_told_once():
    ours = faults.StoreBusyError("busy")
    with pytest.raises(faults.StoreBusyError) as raised, told(HERE):
        raise ours
    assert raised.value is ours
    with pytest.raises(faults.DiskFullError) as raised, told(HERE):
        raise sqlite_error(sqlite3.SQLITE_FULL)
    assert raised.value.__cause__ is None


def test_the_tree_in_the_docstring_is_the_tree():
    kinds = {
        name
        for name, kind in vars(faults).items()
        if isinstance(kind, type) and issubclass(kind, faults.StorageFaultError)
    }
    assert kinds == {
        line.strip(" │├└─") for line in faults.__doc__.splitlines() if line.endswith("Error")
    } - {"LocalFaultError"}
