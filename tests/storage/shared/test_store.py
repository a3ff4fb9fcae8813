"""Durable when `write` returns; readers see only that; what goes wrong is told."""

import asyncio
import sqlite3
import threading

import pytest

from watchword.core.errors import RefusedError
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.faults import DatabaseUnavailableError, StoreStoppedError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q


def put(key, plain=1):
    return lambda c: q.value_set(c, key, plain)


def get(key):
    return lambda c: q.value_get(c, key)


async def test_what_was_written_is_there_for_anybody_when_write_returns(store, raw):
    assert await store.write(lambda c: q.journal_append(c, 1, "Lobby", "armed", {}))
    assert raw.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    assert (await store.read(q.journal_head))[0] == 1


async def test_readers_never_see_what_is_not_committed(store, gate):
    def half(c):
        q.value_set(c, "k", "half")
        gate(c)
        q.value_set(c, "k", "whole")

    writing = asyncio.create_task(store.write(half), name="writing")
    await asyncio.to_thread(gate.entered.wait, 20)
    assert await store.read(get("k")) is None
    gate.opened.set()
    await writing
    assert await store.read(get("k")) == "whole"


async def test_a_read_is_one_snapshot_and_cannot_write(store):
    with pytest.raises(DatabaseUnavailableError, match="written"):
        await store.read(put("k"))
    with pytest.raises(DatabaseUnavailableError, match="written"):
        store.read_now(put("k"))
    assert store.read_now(get("k")) is None

    def twice(c):
        before = q.value_get(c, "k")
        store.write_now(put("k", "new"))
        return before, q.value_get(c, "k")

    assert store.read_now(twice) == (None, None)
    assert store.read_now(get("k")) == "new"


async def test_what_the_work_refuses_is_raised_and_nothing_of_it_is_written(store):
    def refuse(c):
        q.value_set(c, "k", 1)
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        await store.write(refuse)
    assert await store.read(get("k")) is None
    with pytest.raises(RefusedError):
        await store.read(lambda _c: (_ for _ in ()).throw(RefusedError("no")))


async def test_a_caller_that_gave_up_does_not_undo_its_write(store, gate):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: complaints.append(told))
    first = asyncio.create_task(store.write(gate), name="first")
    await asyncio.to_thread(gate.entered.wait, 20)
    second = asyncio.create_task(store.write(put("k", "kept")), name="second")
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.opened.set()
    await first
    await store.write(put("later"))
    assert await store.read(get("k")) == "kept"
    assert complaints == []


def test_a_loop_that_is_gone_does_not_wedge_the_writer(store, gate):
    async def leave():
        asyncio.get_running_loop().create_task(store.write(gate), name="left behind")
        await asyncio.to_thread(gate.entered.wait, 20)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    for task in asyncio.all_tasks(loop):
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    gate.opened.set()
    store.write_now(put("k", "on it goes"))
    assert store.read_now(get("k")) == "on it goes"


def test_several_threads_and_loops_may_write_at_once(store):
    def from_own_loop(n):
        asyncio.run(store.write(put(f"loop{n}")))

    threads = [threading.Thread(target=from_own_loop, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read_now(get(f"loop{n}")) for n in range(4)] == [1] * 4


def test_closing_writes_what_waits_and_leaves_one_file(path, gate):
    store = Store(sqlite_url(path), name="site")
    store.start()
    ended = []
    writers = [
        threading.Thread(target=lambda w=work: ended.append(store.write_now(w)))
        for work in (gate, put("k", "last"))
    ]
    writers[0].start()
    assert gate.entered.wait(20)
    writers[1].start()
    while not store._writer._queue:
        pass
    assert path.with_name("site.db-wal").exists()
    closing = threading.Thread(target=store.close)
    closing.start()
    gate.opened.set()
    for thread in (*writers, closing):
        thread.join()
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["site.db"]
    found = sqlite3.connect(path)
    assert found.execute("SELECT plain FROM value").fetchall() == [('"last"',)]
    found.close()


def test_closing_folds_the_log_even_while_another_process_looks(path, raw):
    store = Store(sqlite_url(path), name="site")
    store.start()
    raw.execute("SELECT * FROM value").fetchall()
    store.write_now(put("k"))
    store.close()
    assert path.with_name("site.db-wal").stat().st_size == 0


async def test_a_closed_store_says_so(path):
    store = Store(sqlite_url(path), name="site")
    with pytest.raises(StoreStoppedError, match="not open"):
        await store.write(put("k"))
    store.start()
    store.close()
    for ask in (store.write(put("k")), store.read(get("k")), store.fold()):
        with pytest.raises(StoreStoppedError):
            await ask


def test_a_store_never_makes_a_database(tmp_path):
    store = Store(sqlite_url(tmp_path / "none.db"), name="site")
    with pytest.raises(DatabaseUnavailableError, match=r"none\.db is not there"):
        store.start()
    store.close()
    assert list(tmp_path.iterdir()) == []


async def test_removed_rows_are_gone_from_the_disk_after_a_fold(store, path):
    name = "Maria-Elena Lopez-Quintanilla"
    ann = q.PersonRow("1" * 32, name, b"A" * 16)
    await store.write(lambda c: q.person_add(c, ann))
    await store.write(lambda c: q.person_remove(c, ann.id))
    await store.fold()
    wal = path.with_name("site.db-wal")
    assert wal.stat().st_size == 0
    assert name.encode() not in path.read_bytes()
    await store.write(put("k"))
    assert wal.stat().st_size > 0


async def test_an_error_never_shows_the_values_of_a_statement(store):
    await store.write(lambda c: q.enrolment_record(c, "e" * 32, {"secret": "123456"}, 1))
    with pytest.raises(Exception, match="UNIQUE") as told:
        await store.write(lambda c: q.enrolment_record(c, "e" * 32, {"secret": "123456"}, 1))
    assert "123456" not in str(told.value)
    assert "eeee" not in str(told.value)
