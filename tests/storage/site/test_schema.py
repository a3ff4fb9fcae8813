"""Nothing that a site keeps, and nothing it is kept by, could tell two worlds apart."""

import os
import random
import re
import sqlite3
from pathlib import Path

import pytest

import watchword.storage
from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q

NEVER = re.compile(r"duress|panic|hold-?_?up|covert|silent.?alarm", re.IGNORECASE)
HERE = Path(watchword.storage.__file__).parent


@pytest.mark.parametrize("room", ["site", "shared"])
def test_the_source_says_nothing_that_a_site_may_not(room):
    files = [file for file in (HERE / room).rglob("*") if file.suffix in {".py", ".mako", ".sql"}]
    assert files
    for file in files:
        assert not NEVER.search(file.read_text()), file


def layout(path):
    c = sqlite3.connect(path)
    try:
        pages = c.execute(
            "SELECT name, pageno, pagetype, ncell, payload, unused FROM dbstat ORDER BY 2"
        ).fetchall()
    except sqlite3.OperationalError:  # this build of SQLite has no dbstat
        pages = []
    numbers = [
        c.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "schema_version")
    ]
    c.close()
    return pages, numbers, path.stat().st_size


def lived(path, seed):
    """The same life with other random bytes: people come, type codes, and go."""
    draw = random.Random(seed)
    migrate.ensure(sqlite_url(path), "site")
    sizes = []
    with Store(sqlite_url(path), name="site") as store:

        def rows(count):
            return [
                q.SlotRow(draw.randbytes(32), draw.randbytes(16), draw.randbytes(160))
                for _ in range(count)
            ]

        for count in (8, 8, 16, 64, 16):
            table = rows(count)
            draw.shuffle(table)
            store.write_now(lambda c, table=table: q.rows_replace(c, table))
            sizes.append(os.stat(f"{path}-wal").st_size)  # noqa: PTH116
        epoch = draw.getrandbits(64)
        for counter in range(1, 40):
            cell = q.OutboxCell(2, epoch, counter, b"kkkk", draw.randbytes(180), counter)

            def typed(c, cell=cell, counter=counter):
                q.outbox_add(c, cell)
                q.journal_append(c, counter, "Lobby", "disarmed", {"who": "Ann"})
                q.area_save(c, "Lobby", {"phase": "disarmed", "at": counter})

            store.write_now(typed)
            sizes.append(os.stat(f"{path}-wal").st_size)  # noqa: PTH116
        ids = [cell.id for cell in store.read_now(q.outbox_load)]
        store.write_now(lambda c: q.outbox_remove(c, ids[:20]))
    return sizes


def test_sizes_and_pages_depend_on_what_happened_and_never_on_the_bytes(tmp_path):
    one, two = tmp_path / "1.db", tmp_path / "2.db"
    assert lived(one, 1) == lived(two, 2)
    assert layout(one) == layout(two)


def test_rows_go_in_by_tag_whatever_order_they_came_in(tmp_path):
    table = [q.SlotRow(bytes([n]) * 32, b"o" * 16, bytes([n]) * 160) for n in range(32)]
    seen = []
    for seed in range(2):
        path = tmp_path / f"{seed}.db"
        migrate.ensure(sqlite_url(path), "site")
        mixed = random.Random(seed).sample(table, len(table))
        with Store(sqlite_url(path), name="site") as store:
            store.write_now(lambda c, mixed=mixed: q.rows_replace(c, mixed))
        seen.append(path.read_bytes()[100:])
    assert seen[0] == seen[1]
