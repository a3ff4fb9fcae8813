"""One commit for a crowd, nobody's mistake but one's own, and no silent end."""

import asyncio
import logging
import threading

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from watchword.core.errors import RefusedError
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.faults import (
    DatabaseLockedError,
    DiskFullError,
    StoreBusyError,
    StoreStoppedError,
    TransactionLostError,
)
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as q


def put(key, plain=1):
    return lambda c: q.value_set(c, key, plain)


def keys(store):
    return store.read_now(lambda c: set(c.execute(q.t.value.select()).scalars()))


async def crowd(store, gate, works):
    """Run works that all gathered while the writer was busy; their outcomes in order."""
    first = asyncio.create_task(store.write(gate), name="busy")
    await asyncio.to_thread(gate.entered.wait, 20)
    tasks = [asyncio.create_task(store.write(w), name=f"w{n}") for n, w in enumerate(works)]
    await asyncio.sleep(0)
    gate.opened.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_crowd_shares_one_commit(store, gate):
    seen = []
    event.listen(store._write_engine, "commit", lambda _c: seen.append(1))
    before = store.commits
    await crowd(store, gate, [put(f"k{n}") for n in range(100)])
    assert store.commits - before == 2
    assert len(seen) == 2
    assert len(keys(store)) == 100


async def test_a_lone_write_is_committed_at_once(store):
    before = store.commits
    for n in range(3):
        await store.write(put(f"k{n}"))
        assert store.commits - before == n + 1


async def test_a_crowd_beyond_one_batch_takes_another_commit(store, gate):
    store._writer._batch_max = 10
    before = store.commits
    await crowd(store, gate, [put(f"k{n}") for n in range(25)])
    assert store.commits - before == 4
    assert len(keys(store)) == 25


async def test_only_the_bad_item_of_a_crowd_fails(store, gate):
    def refuse(c):
        q.value_set(c, "refused", 1)
        raise RefusedError("no")

    def breaks_a_rule(c):
        q.value_set(c, "broken", 1)
        q.pairing_code_add(c, b"1" * 32, 77, 1)

    runs = []

    def good(c):
        runs.append(1)
        return q.journal_append(c, 1, "Lobby", "armed", {})[0]

    before = store.commits
    outcomes = await crowd(store, gate, [good, put("a"), refuse, breaks_a_rule, put("b")])
    assert [type(one) for one in outcomes] == [
        int,
        type(None),
        RefusedError,
        IntegrityError,
        type(None),
    ]
    assert keys(store) == {"a", "b"}
    assert len(runs) == 2  # with the others, and again once it was clear that one is bad
    assert store.read_now(q.journal_head)[0] == outcomes[0] == 1
    assert store.commits - before == 2


async def test_work_that_swallows_a_lost_transaction_is_not_told_that_it_is_durable(store, gate):
    def swallow(c):
        q.value_set(c, "lost", 1)
        c.connection.driver_connection.execute("ROLLBACK")

    with pytest.raises(TransactionLostError):
        await store.write(swallow)
    outcomes = await crowd(store, gate, [put("a"), swallow, put("b")])
    assert [type(one) for one in outcomes] == [type(None), TransactionLostError, type(None)]
    assert keys(store) == {"a", "b"}


async def test_a_transaction_lost_while_looking_for_a_mistake_spares_the_others(store, gate):
    calls = []

    def refuse(c):
        raise RefusedError("no")

    def swallow_later(c):
        calls.append(1)
        if len(calls) == 1:
            c.connection.driver_connection.execute("ROLLBACK")

    works = [refuse, lambda c: q.journal_append(c, 1, "Lobby", "armed", {})[0], swallow_later]
    outcomes = await crowd(store, gate, works)
    assert [type(one) for one in outcomes] == [RefusedError, int, type(None)]
    assert store.read_now(q.journal_head)[0] == 1


def fill_at(pages):
    def limit(c):
        c.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    return limit


def used(store):
    return store.write_now(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())


async def test_on_a_full_disk_what_does_not_fit_fails_and_the_rest_goes_on(store, gate, caplog):
    await store.write(fill_at(used(store) + 2))
    outcomes = await crowd(store, gate, [put("a"), put("big", "x" * 100_000), put("b")])
    assert [type(one) for one in outcomes] == [type(None), DiskFullError, type(None)]
    assert "is full" in str(outcomes[1])
    assert "Make room" in outcomes[1].hint
    assert keys(store) == {"a", "b"}
    with pytest.raises(DiskFullError):
        await store.write(put("big", "x" * 100_000))
    await store.write(fill_at(10_000))
    await store.write(put("big", "x" * 100_000))
    assert keys(store) == {"a", "b", "big"}
    assert "xxx" not in caplog.text


async def test_a_full_disk_met_while_looking_for_a_mistake_spares_the_others(store, gate):
    await store.write(fill_at(used(store) + 2))

    def refuse(c):
        raise RefusedError("no")

    outcomes = await crowd(store, gate, [refuse, put("a"), put("big", "x" * 100_000), put("b")])
    assert [type(one) for one in outcomes] == [
        RefusedError,
        type(None),
        DiskFullError,
        type(None),
    ]
    assert keys(store) == {"a", "b"}


async def test_a_database_that_another_holds_is_told_as_locked(store, raw, gate):
    await store.write(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=1"))
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError, match="locked by another process"):
        await store.write(put("k"))
    raw.execute("ROLLBACK")
    await store.write(put("k"))
    assert keys(store) == {"k"}


async def test_a_fault_of_the_database_is_everybodys(store, gate):
    def meets_a_lock(c):
        raise DatabaseLockedError("locked")

    outcomes = await crowd(store, gate, [put("a"), meets_a_lock, put("b")])
    assert [type(one) for one in outcomes] == [DatabaseLockedError] * 3
    assert keys(store) == set()


async def test_a_full_queue_is_told_at_once(path, gate):
    with Store(sqlite_url(path), name="site", queue_max=2) as store:
        tasks = [asyncio.create_task(store.write(gate), name="busy")]
        await asyncio.to_thread(gate.entered.wait, 20)
        tasks += [asyncio.create_task(store.write(put(f"k{n}")), name=f"w{n}") for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StoreBusyError, match="2 writes wait already"):
            await store.write(put("too much"))
        gate.opened.set()
        await asyncio.gather(*tasks)
        assert keys(store) == {"k0", "k1"}


class Killed(BaseException):
    """Nothing that a store could expect."""


def die(_c):
    raise Killed


async def test_a_writer_that_ends_is_loud_and_leaves_nobody_waiting(store, gate, caplog):
    caplog.set_level(logging.CRITICAL)
    watch = asyncio.create_task(store.watch(), name="watch")
    await asyncio.sleep(0)
    first = asyncio.create_task(store.write(gate), name="busy")
    await asyncio.to_thread(gate.entered.wait, 20)
    store._writer._batch_max = 2
    works = (die, put("same batch"), put("waits"))
    tasks = [asyncio.create_task(store.write(w), name=f"w{n}") for n, w in enumerate(works)]
    await asyncio.sleep(0)
    gate.opened.set()
    await first
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [StoreStoppedError] * 3
    with pytest.raises(StoreStoppedError, match="writer thread ended"):
        await watch
    with pytest.raises(StoreStoppedError, match="writer thread ended"):
        await store.write(put("k"))
    with pytest.raises(StoreStoppedError):
        await store.watch()
    assert "writer thread ended (Killed)" in caplog.text
    assert keys(store) == set()


def test_a_blocked_caller_hears_of_the_end_too(store):
    with pytest.raises(StoreStoppedError, match="writer thread ended"):
        store.write_now(die)


async def test_a_fold_runs_alone_between_commits(store, gate):
    first = asyncio.create_task(store.write(gate), name="busy")
    await asyncio.to_thread(gate.entered.wait, 20)
    before = store.commits
    tasks = [
        asyncio.create_task(one, name=f"w{n}")
        for n, one in enumerate(
            [store.write(put("a")), store.write(put("b")), store.fold(), store.write(put("c"))]
        )
    ]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(first, *tasks)
    assert store.commits - before == 3
    assert keys(store) == {"a", "b", "c"}


def test_the_thread_has_a_name(store):
    names = {thread.name for thread in threading.enumerate()}
    store.read_now(q.journal_head)
    assert "site-writer" in names
