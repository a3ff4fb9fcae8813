"""What is served at the premises does not hold the words that name what it must not know."""

import re
from pathlib import Path

import pytest

import watchword.web.keypad
import watchword.web.shared

WORDS = re.compile(rb"duress|panic|hold-?up|covert|silent[ _-]?alarm", re.IGNORECASE)
ROOMS = [Path(room.__path__[0]) for room in (watchword.web.keypad, watchword.web.shared)]
FILES = sorted(
    path
    for room in ROOMS
    for path in room.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)


def test_there_is_something_to_look_at() -> None:
    assert {".py", ".js", ".css", ".html", ".toml", ".svg"} <= {p.suffix for p in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_neutral(path: Path) -> None:
    assert not WORDS.search(path.read_bytes())
    assert not WORDS.search(path.name.encode())
