"""A site's database in a file of its own, migrated and empty."""

import sqlite3
import threading

import pytest

from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store


@pytest.fixture
def path(tmp_path):
    """A migrated site.db."""
    file = tmp_path / "site.db"
    migrate.ensure(sqlite_url(file), "site")
    return file


@pytest.fixture
def store(path):
    """A started store on it."""
    with Store(sqlite_url(path), name="site") as made:
        yield made


@pytest.fixture
def raw(path):
    """A plain driver's look at the file, with no help of ours."""
    c = sqlite3.connect(path, isolation_level=None)
    yield c
    c.close()


class Gate:
    """Work that keeps the writer busy until it is opened, so that a crowd can gather."""

    def __init__(self):
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, c):
        self.entered.set()
        assert self.opened.wait(20)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.opened.set()
