"""The schema that the code states and the one that the migrations make are the same one."""

import threading
from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from watchword.storage.shared import migrate
from watchword.storage.shared.engine import open_engine

HALVES = ("site", "station")
WITHOUT_ROWID = "SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'"


def made(url):
    """What is really in the database, as plain values."""
    engine = open_engine(url, writes=True)
    with engine.connect() as c:
        look = inspect(c)
        names = [name for name in look.get_table_names() if name != migrate.VERSION_TABLE]
        found = {name: described(look, name) for name in names}
        if c.dialect.name == "sqlite":
            found["stored by key"] = set(c.execute(text(WITHOUT_ROWID)).scalars())
        return found


def described(look, table):
    columns = look.get_columns(table)
    indexes = look.get_indexes(table)
    return {
        "columns": [(one["name"], str(one["type"]), one["nullable"]) for one in columns],
        "key": look.get_pk_constraint(table)["constrained_columns"],
        "unique": sorted(
            (one["name"], *one["column_names"]) for one in look.get_unique_constraints(table)
        ),
        "foreign": sorted(
            (one["name"], *one["constrained_columns"], one["referred_table"])
            for one in look.get_foreign_keys(table)
        ),
        "index": sorted(
            (one["name"], *one["column_names"], *map(str, one["dialect_options"].values()))
            for one in indexes
        ),
        "check": sorted(one["name"] for one in look.get_check_constraints(table)),
    }


@pytest.mark.parametrize("half", HALVES)
def test_migrations_make_what_the_schema_states(databases, half):
    tables = import_module(f"watchword.storage.{half}.schema").tables
    migrated = databases.empty()
    assert migrate.ensure(migrated, half)
    stated = databases.empty()
    with open_engine(stated, writes=True).begin() as c:
        tables.create_all(c)
    assert made(migrated) == made(stated)
    with open_engine(migrated, writes=True).connect() as c:
        assert compare_metadata(MigrationContext.configure(c), tables) == []


@pytest.mark.parametrize("half", HALVES)
def test_a_database_at_head_is_left_alone(databases, half):
    url = databases.empty()
    assert migrate.ensure(url, half) is True
    assert migrate.ensure(url, half) is False


def test_processes_that_start_together_take_turns(databases):
    for _ in range(3):
        url = databases.empty()
        together = threading.Barrier(4)
        done, errors = [], []

        def start(url=url, together=together, done=done, errors=errors):
            together.wait()
            try:
                done.append(migrate.ensure(url, "station"))
            except Exception as error:  # noqa: BLE001 - looked at below
                errors.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sorted(done) == [False, False, False, True]


@pytest.mark.parametrize("half", HALVES)
def test_the_revisions_that_the_code_names_are_those_of_the_scripts(half):
    config = Config()
    config.set_main_option("script_location", f"watchword.storage.{half}:migrations")
    config.set_main_option("path_separator", "os")
    walked = ScriptDirectory.from_config(config).walk_revisions()
    named = import_module(f"watchword.storage.{half}.schema").REVISIONS
    assert tuple(reversed([script.revision for script in walked])) == named
