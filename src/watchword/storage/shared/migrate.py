"""A database is brought to what this program needs, in one transaction, or left alone.

At head nothing of alembic is imported: that is the everyday start. An empty database is filled,
an older one upgraded, a newer or a foreign one refused and never touched.
"""

from importlib import import_module
from typing import Any, Literal

from sqlalchemy import Connection, inspect, text

from watchword.storage.shared.engine import make_private, open_engine, sqlite_file, where
from watchword.storage.shared.faults import (
    CorruptDatabaseError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    NewerSchemaError,
    told,
)

Half = Literal["site", "station"]

VERSION_TABLE = "alembic_version"
_LOCK_KEY = 0x57574D4947  # one advisory lock for "migrate", on PostgreSQL


def ensure(url: str, half: Half) -> bool:
    """Bring the database to this program's schema; True when anything had to be done.

    Raises:
        NewerSchemaError: a newer program has written it.
        ForeignDatabaseError: it is the other half's, or no database of ours.
        StorageFaultError: it is damaged, locked, or cannot be opened.
    """
    needed: tuple[str, ...] = _schema(half).REVISIONS
    name = where(url)
    _prepare_file(url, name)
    engine = open_engine(url, writes=True)
    try:
        with told(name), engine.connect() as c:
            with c.begin():
                if _revision(c) == needed[-1]:
                    return False
            with c.begin():
                _take_turn(c)
                found = _revision(c)
                if found == needed[-1]:
                    return False
                _refuse_unknown(c, found, needed, name)
                _upgrade(c, half)
            return True
    finally:
        engine.dispose()


def _prepare_file(url: str, name: str) -> None:
    file = sqlite_file(url)
    if file is None:
        return
    if not file.parent.is_dir():
        raise DatabaseUnavailableError(
            f"The {name} has no directory to be in.", hint=f"Create {file.parent} first."
        )
    if not make_private(file) and file.stat().st_size == 0:
        # SQLite would take it for a new database, and everything would seem never to have been.
        raise CorruptDatabaseError(
            f"The {name} is there but holds nothing.",
            hint="Restore the last back-up, or remove the file to start with nothing.",
        )


def _schema(half: Half) -> Any:
    # By name, so that one half's process never imports the other half.
    return import_module(f"watchword.storage.{half}.schema")


def _take_turn(c: Connection) -> None:
    if c.dialect.name == "postgresql":  # nodes that start together; SQLite's BEGIN locks already
        c.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def _revision(c: Connection) -> str | None:
    if not inspect(c).has_table(VERSION_TABLE):
        return None
    found = c.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _refuse_unknown(c: Connection, found: str | None, needed: tuple[str, ...], name: str) -> None:
    half = needed[-1].split("_")[0]
    if found is None:
        if [table for table in inspect(c).get_table_names() if table != VERSION_TABLE]:
            raise ForeignDatabaseError(
                f"The {name} has tables that are not ours.",
                hint="Nothing was changed. Give another file or database.",
            )
    elif not found.startswith(f"{half}_"):
        raise ForeignDatabaseError(
            f"The {name} is not a {half}'s.",
            hint="Nothing was changed. Give the right file or database.",
        )
    elif found not in needed:
        raise NewerSchemaError(
            f"The {name} was written by a newer program ({found}; this one knows {needed[-1]}).",
            hint="Nothing was changed. Install the newer program again, or restore a back-up.",
        )


def _upgrade(c: Connection, half: Half) -> None:
    from alembic import command  # noqa: PLC0415 - 200 ms and 13 MB that a start at head must not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", f"watchword.storage.{half}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = c
    command.upgrade(config, "head")
