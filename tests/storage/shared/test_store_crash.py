"""What a process was told is durable is there after any end of it; nothing is half there."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys

import pytest

from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.faults import CorruptDatabaseError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q

pytestmark = [pytest.mark.process, pytest.mark.slow]

# Many tasks write at once; each number is said aloud only after its write has returned.
WRITES = """
import asyncio, os, sys
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q

async def main():
    store = Store(sys.argv[1], name="site")
    store.start()

    async def writer(n):
        counter = 0
        while True:
            counter += 1
            def work(c):
                q.outbox_add(c, q.OutboxCell(2, n, counter, b"kkkk", bytes(180), 1))
                q.journal_append(c, counter, "Lobby", "armed", {"n": n, "counter": counter})
            await store.write(work)
            os.write(1, b"%d %d\\n" % (n, counter))

    async with asyncio.TaskGroup() as group:
        for n in range(8):
            group.create_task(writer(n), name=f"writer {n}")

asyncio.run(main())
"""

# Writes until the disk does not take it, says what was told, then whether smaller things go on.
FILLS = """
import sys
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q

store = Store(sys.argv[1], name="site")
store.start()
done = 0
try:
    while done < 1000:
        store.write_now(lambda c: q.value_set(c, f"k{done}", "x" * 4000))
        done += 1
except DiskFullError as error:
    print(done, "|", error)
print(store.read_now(lambda c: len(q.value_get(c, "k0"))))
store.close()
"""


def started(code, path, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, sqlite_url(path)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
        **options,
    )


@pytest.mark.parametrize("lines", [1, 40, 300])
def test_what_was_answered_is_there_after_kill_9(path, lines):
    child = started(WRITES, path)
    told = [child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    told += child.stdout.read().splitlines(keepends=True)
    child.wait()
    child.stdout.close()
    said = {tuple(map(int, line.split())) for line in told if line.endswith(b"\n")}
    assert len(said) >= lines
    assert path.with_name("site.db-wal").exists()
    assert migrate.ensure(sqlite_url(path), "site") is False
    with Store(sqlite_url(path), name="site") as store:
        kept = {(cell.epoch, cell.counter) for cell in store.read_now(q.outbox_load)}
        assert said <= kept
        assert store.read_now(q.journal_head)[0] == len(kept)
        assert store.read_now(q.journal_verify) is None
    assert [file.name for file in path.parent.iterdir()] == ["site.db"]


def test_a_disk_that_takes_no_more_is_told_and_nothing_told_before_is_lost(path):
    limit = path.stat().st_size + 400_000
    child = started(
        FILLS,
        path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    first, second = told.decode().splitlines()
    done = int(first.split("|")[0])
    assert 0 < done < 1000
    assert "The disk of the database" in first
    assert str(path) in first
    assert second == "4000"
    with Store(sqlite_url(path), name="site") as store:
        for n in range(done):
            assert len(store.read_now(lambda c, n=n: q.value_get(c, f"k{n}"))) == 4000
        assert store.read_now(lambda c: q.value_get(c, f"k{done}")) is None


def damage(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(4096))


def test_damage_is_told_with_the_file_and_what_to_do_and_is_not_written_over(path):
    with Store(sqlite_url(path), name="site") as store:
        for n in range(200):
            entry = {"n": n, "x": "y" * 99}
            store.write_now(lambda c, e=entry: q.journal_append(c, 1, "Lobby", "armed", e))
        root = store.read_now(
            lambda c: c.exec_driver_sql(
                "SELECT rootpage FROM sqlite_master WHERE name = 'journal'"
            ).scalar()
        )
    damage(path, (root - 1) * 4096)
    before = path.read_bytes()
    assert migrate.ensure(sqlite_url(path), "site") is False
    store = Store(sqlite_url(path), name="site")
    store.start()
    for ask in (
        lambda: store.read_now(q.journal_head),
        lambda: store.write_now(lambda c: q.journal_append(c, 1, "Lobby", "armed", {})),
    ):
        with pytest.raises(CorruptDatabaseError, match="damaged") as told:
            ask()
        assert str(path) in str(told.value)
        assert "restore the last back-up" in told.value.hint
    store.close()
    assert path.read_bytes() == before


def test_a_damaged_header_is_told_at_the_start(path):
    damage(path, 0)
    before = path.read_bytes()
    with pytest.raises(CorruptDatabaseError, match="is no database"):
        migrate.ensure(sqlite_url(path), "site")
    store = Store(sqlite_url(path), name="site")
    with pytest.raises(CorruptDatabaseError, match="is no database"):
        store.start()
    store.close()
    assert path.read_bytes() == before


def test_a_log_torn_off_in_the_middle_gives_back_whole_commits(path, tmp_path):
    child = started(WRITES, path)
    for _ in range(200):
        child.stdout.readline()
    child.kill()
    child.stdout.read()
    child.wait()
    child.stdout.close()
    wal = path.with_name("site.db-wal")
    os.truncate(wal, wal.stat().st_size // 2 + 7)
    with Store(sqlite_url(path), name="site") as store:
        kept = store.read_now(q.outbox_load)
        assert store.read_now(q.journal_head)[0] == len(kept)
        assert store.read_now(q.journal_verify) is None
    c = sqlite3.connect(path)
    assert c.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    c.close()
