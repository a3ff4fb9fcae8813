"""A database is brought to what this program needs, in one transaction, or left alone.

At head nothing of alembic is imported: that is the everyday start. An empty database is filled,
an older one upgraded, a newer or a foreign one refused and never touched.
"""

from importlib import import_module
from typing import Any, Literal

from sqlalchemy import Connection, Engine, inspect, text

from watchword.storage.shared.engine import make_private, open_engine, sqlite_file, where
from watchword.storage.shared.faults import (
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
    revisions: tuple[str, ...] = _schema(half).REVISIONS
    name = where(url)
    file = sqlite_file(url)
    if file is not None:
        if not file.parent.is_dir():
            raise DatabaseUnavailableError(
                f"{name} has no directory to be in.", hint=f"Create {file.parent} first."
            )
        make_private(file)
    engine = open_engine(url, writes=True)
    try:
        with told(name), engine.connect() as c:
            with c.begin():
                found = _revision(c)
            if found == revisions[-1]:
                return False
            _refuse_unknown(c, found, revisions, name)
            _upgrade(c, half)
            return True
    finally:
        engine.dispose()


def revision(engine: Engine) -> str | None:
    """The revision that a database is at, or None when it has none."""
    with engine.connect() as c, c.begin():
        return _revision(c)


def _schema(half: Half) -> Any:
    # By name, so that the site's process never imports the other half.
    return import_module(f"watchword.storage.{half}.schema")


def _revision(c: Connection) -> str | None:
    if not inspect(c).has_table(VERSION_TABLE):
        return None
    found = c.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _refuse_unknown(
    c: Connection, found: str | None, revisions: tuple[str, ...], name: str
) -> None:
    prefix = revisions[-1].split("_")[0]
    if found is None:
        with c.begin():
            others = inspect(c).get_table_names()
        if [table for table in others if table != VERSION_TABLE]:
            raise ForeignDatabaseError(
                f"{name} has tables that are not ours.",
                hint="Nothing was changed. Give another file or database.",
            )
    elif not found.startswith(f"{prefix}_"):
        raise ForeignDatabaseError(
            f"{name} is not a {prefix}'s.",
            hint="Nothing was changed. Give the right file or database.",
        )
    elif found not in revisions:
        raise NewerSchemaError(
            f"{name} was written by a newer program ({found}; this one knows {revisions[-1]}).",
            hint="Nothing was changed. Install the newer program again, or restore a back-up.",
        )


def _upgrade(c: Connection, half: Half) -> None:
    from alembic import command  # noqa: PLC0415 - 200 ms and 13 MB that a start at head must not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", f"watchword.storage.{half}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = c
    with c.begin():
        if c.dialect.name == "postgresql":  # nodes that start together take turns
            c.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        command.upgrade(config, "head")
