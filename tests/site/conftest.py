from collections.abc import Iterator
from pathlib import Path

import pytest

from hotel import Hotel, hotels, template


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty site's database."""
    return template(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def hotel(tmp_path: Path, empty: Path) -> Iterator[Hotel]:
    """An enrolled hotel whose panel is not started yet."""
    yield from hotels(tmp_path, empty)
