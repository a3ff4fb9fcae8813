import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from halves import HOST, Halves


@pytest.fixture
def own_logs() -> Iterator[None]:
    """What a process does to logging is undone after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def _set_up(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Halves]:
    made = {}
    for demo in (False, True):
        folder = tmp_path_factory.mktemp("demo" if demo else "plain")
        made[demo] = Halves(folder / "data").provision(demo=demo)
    return made


@pytest.fixture
def plain(_set_up: dict[bool, Halves], tmp_path: Path) -> Halves:
    """A fresh copy of two halves that were set up and never started."""
    return _copy(_set_up[False], tmp_path)


@pytest.fixture
def demo(_set_up: dict[bool, Halves], tmp_path: Path) -> Halves:
    """The same of the sample hotel."""
    return _copy(_set_up[True], tmp_path)


def _copy(made: Halves, folder: Path) -> Halves:
    shutil.copytree(made.data, folder / "data")
    copy = Halves(folder / "data")
    with closing(sqlite3.connect(copy.data / "site" / "site.db")) as c:  # ports of its own
        c.execute("update identity set addresses = ?", (json.dumps([f"{HOST}:{copy.ports[2]}"]),))
        c.commit()
    return copy
