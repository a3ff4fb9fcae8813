"""Files that must be as they were, whatever was tried."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMES_AND_GOES = (".lock", "-wal", "-shm")  # locks, and what SQLite folds in when it opens


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder, its mode and what it holds."""
    return {
        str(path.relative_to(folder)): f"{path.stat().st_mode:o} "
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(COMES_AND_GOES)
    }


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Whatever happens in the block, the files are as they were after it."""
    before = files(folder)
    yield
    assert files(folder) == before
