import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from halves import Halves, cheap
from running import Stack


@pytest.fixture(scope="session")
def hotel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The sample hotel, running for every test of a command; each test adds its own people."""
    stack = Stack(cheap(tmp_path_factory.mktemp("cli") / "data")).start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two halves that were set up and never started."""
    return Halves(tmp_path_factory.mktemp("made") / "data").provision().data


@pytest.fixture
def plain(set_up: Path, tmp_path: Path) -> Halves:
    """A copy of them to spoil."""
    shutil.copytree(set_up, tmp_path / "data")
    return Halves(tmp_path / "data")
