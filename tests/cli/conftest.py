from collections.abc import Iterator

import pytest

from halves import cheap
from running import Stack


@pytest.fixture(scope="session")
def hotel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The sample hotel, running for every test of a command; each test adds its own people."""
    stack = Stack(cheap(tmp_path_factory.mktemp("cli") / "data")).start()
    yield stack
    stack.stop()
