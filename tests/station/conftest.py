from collections.abc import Iterator
from pathlib import Path

import pytest

from monitored import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """A station of its own for this test."""
    made = Station(tmp_path)
    yield made
    made.store.close()
