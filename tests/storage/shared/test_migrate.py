"""Brought to this program's schema in one transaction, or left alone."""

import sqlite3
import stat
import subprocess
import sys

import pytest
from sqlalchemy.exc import OperationalError

from watchword.storage.shared import migrate
from watchword.storage.shared.engine import open_engine, sqlite_url
from watchword.storage.shared.faults import (
    CorruptDatabaseError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    NewerSchemaError,
)


def test_a_new_database_is_private_and_complete(tmp_path):
    file = tmp_path / "site.db"
    assert migrate.ensure(sqlite_url(file), "site") is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["site.db"]
    assert migrate.ensure(sqlite_url(file), "site") is False


def test_layout_is_the_same_every_time(tmp_path):
    sizes = set()
    for n in range(2):
        file = tmp_path / f"{n}.db"
        migrate.ensure(sqlite_url(file), "site")
        c = sqlite3.connect(file)
        pragmas = ("page_size", "page_count", "freelist_count", "auto_vacuum", "journal_mode")
        sizes.add(tuple(c.execute(f"PRAGMA {one}").fetchone()[0] for one in pragmas))
        c.close()
    [(page_size, _, free, vacuum, journal)] = sizes
    assert (page_size, free, vacuum, journal) == (4096, 0, 0, "wal")


def refused(file, error, text):
    before = file.read_bytes()
    with pytest.raises(error, match=text) as told:
        migrate.ensure(sqlite_url(file), "site")
    assert str(file) in str(told.value)
    assert told.value.hint
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_newer_schema_is_refused_and_left_alone(path, raw):
    raw.execute("UPDATE alembic_version SET version_num = 'site_9999'")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    refused(path, NewerSchemaError, "newer program")


def test_the_other_halfs_database_is_refused(tmp_path):
    file = tmp_path / "station.db"
    migrate.ensure(sqlite_url(file), "station")
    refused(file, ForeignDatabaseError, "not a site's")


def test_somebody_elses_database_is_refused(tmp_path):
    file = tmp_path / "site.db"
    c = sqlite3.connect(file)
    c.executescript("PRAGMA journal_mode=wal; CREATE TABLE theirs (x)")
    c.close()
    refused(file, ForeignDatabaseError, "tables that are not ours")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    file = tmp_path / "site.db"
    file.write_bytes(b"not a database at all, not at all." * 300)
    refused(file, CorruptDatabaseError, "damaged or is no database")


def test_a_file_that_lost_everything_is_refused(tmp_path):
    file = tmp_path / "site.db"
    file.touch()
    refused(file, CorruptDatabaseError, "holds nothing")


def test_a_missing_directory_is_told(tmp_path):
    with pytest.raises(DatabaseUnavailableError, match="no directory") as told:
        migrate.ensure(sqlite_url(tmp_path / "none" / "site.db"), "site")
    assert "Create" in told.value.hint


def test_a_path_that_is_a_directory_is_told(tmp_path):
    (tmp_path / "site.db").mkdir()
    with pytest.raises(DatabaseUnavailableError, match="cannot be opened or written"):
        migrate.ensure(sqlite_url(tmp_path / "site.db"), "site")


def test_an_upgrade_that_fails_leaves_nothing_half_done(tmp_path):
    file = tmp_path / "site.db"
    engine = open_engine(sqlite_url(file), writes=True)
    with engine.connect() as c:
        with c.begin():
            c.exec_driver_sql("CREATE TABLE value (theirs)")  # the last but one that is made
        with pytest.raises(OperationalError, match="already exists"), c.begin():
            migrate._upgrade(c, "site")
        with c.begin():
            found = c.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    assert found == ["value"]


LOADED = """
import sys
from watchword.storage.shared import migrate
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
url = sys.argv[1]
assert migrate.ensure(url, "site") is False
with Store(url, name="site") as store:
    store.write_now(lambda c: queries.journal_append(c, 1, "Lobby", "armed", {}))
    store.read_now(queries.journal_verify)
print(*sys.modules)
"""


@pytest.mark.process
def test_a_site_at_head_loads_neither_alembic_nor_the_other_half(path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, sqlite_url(path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    loaded = set(done.stdout.split())
    assert "watchword.storage.site.schema" in loaded
    for absent in ("alembic", "psycopg", "sqlalchemy.dialects.postgresql", "greenlet"):
        assert absent not in loaded
    assert not [name for name in loaded if name.startswith("watchword.storage.station")]
