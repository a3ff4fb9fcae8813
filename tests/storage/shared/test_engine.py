"""Durable, strict, private, and named without its password."""

import stat
from pathlib import Path

import pytest

from watchword.storage.shared import engine
from watchword.storage.shared.engine import open_engine, sqlite_url


def pragmas(url, *, writes):
    made = open_engine(url, writes=writes)
    with made.connect() as c:
        return {
            name: c.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "secure_delete",
                "busy_timeout",
                "page_size",
                "auto_vacuum",
                "query_only",
                "temp_store",
            )
        }


@pytest.mark.parametrize("writes", [True, False])
def test_every_connection_is_durable_and_strict(path, writes):
    assert pragmas(sqlite_url(path), writes=writes) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5000,
        "page_size": 4096,
        "auto_vacuum": 0,
        "query_only": int(not writes),
        "temp_store": 2,
    }


def test_a_database_is_private_from_its_first_byte(tmp_path):
    file = tmp_path / "site.db"
    assert engine.make_private(file) is True
    assert file.stat().st_size == 4096
    assert list(tmp_path.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with open_engine(sqlite_url(file), writes=True).connect() as c:
        with c.begin():
            c.exec_driver_sql("CREATE TABLE x (y)")
        modes = {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert modes == {0o600}
    assert engine.make_private(file) is False


def test_a_path_with_any_characters_is_a_url_and_back(tmp_path):
    odd = tmp_path / "a b?c#d%41é@:.db"
    assert engine.sqlite_file(sqlite_url(odd)) == odd
    assert engine.sqlite_file("postgresql+psycopg://h/d") is None
    assert engine.sqlite_file("sqlite://") is None


def test_a_database_is_named_without_its_password():
    assert engine.where(sqlite_url(Path("/data/site.db"))) == "database /data/site.db"
    named = engine.where("postgresql+psycopg://user:opensesame@db.example/watch")
    assert named == "database watch on db.example"
    assert "this machine" in engine.where("postgresql+psycopg:///watch?host=/run")
