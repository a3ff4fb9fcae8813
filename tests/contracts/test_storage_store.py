"""What a store promises, on both engines."""

import asyncio
import threading

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from watchword.storage.shared.faults import (
    DatabaseUnavailableError,
    StorageFaultError,
    TransactionLostError,
)
from watchword.storage.shared.store import Store
from watchword.storage.station import queries as q
from watchword.storage.station import schema as t


def put(key, plain=1):
    return lambda c: q.value_set(c, key, plain)


@pytest.fixture
def gate():
    class Gate:
        entered, opened = threading.Event(), threading.Event()

        def __call__(self, c):
            self.entered.set()
            assert self.opened.wait(20)

    made = Gate()
    yield made
    made.opened.set()


async def crowd(store, gate, works):
    first = asyncio.create_task(store.write(gate), name="busy")
    await asyncio.to_thread(gate.entered.wait, 20)
    tasks = [asyncio.create_task(store.write(w), name=f"w{n}") for n, w in enumerate(works)]
    await asyncio.sleep(0)
    gate.opened.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


def keys(store):
    return store.read_now(lambda c: set(c.execute(text("SELECT key FROM value")).scalars()))


def clash(c):
    """A write that goes well, then one that breaks a rule."""
    q.value_set(c, "clash", 1)
    c.execute(insert(t.value), {"key": "there", "plain": 1})


async def test_a_crowd_shares_one_commit_and_the_bad_item_fails_alone(station_store, gate):
    await station_store.write(put("there"))
    before = station_store.commits
    outcomes = await crowd(station_store, gate, [put("a"), clash, put("b")])
    assert [type(one) for one in outcomes] == [type(None), IntegrityError, type(None)]
    assert keys(station_store) == {"there", "a", "b"}
    assert station_store.commits - before == 2


async def test_work_that_swallows_an_error_is_never_told_success_for_nothing(station_store, gate):
    await station_store.write(put("there"))

    def swallow(c):
        q.value_set(c, "mine", 1)
        try:
            c.execute(insert(t.value), {"key": "there", "plain": 1})
        except IntegrityError:
            return "never mind"

    try:
        told = await station_store.write(swallow)
    except TransactionLostError:
        told = None
    assert ("mine" in keys(station_store)) is (told == "never mind")
    outcomes = await crowd(station_store, gate, [put("a"), swallow, put("b")])
    assert (outcomes[0], outcomes[2]) == (None, None)
    assert ("mine" in keys(station_store)) is (outcomes[1] == "never mind")
    assert {"a", "b"} <= keys(station_store)


async def test_a_read_is_one_snapshot_and_cannot_write(station_store):
    with pytest.raises(StorageFaultError):
        await station_store.read(put("k"))

    def twice(c):
        before = q.value_get(c, "k")
        station_store.write_now(put("k", "new"))
        return before, q.value_get(c, "k")

    assert await station_store.read(twice) == (None, None)
    assert await station_store.read(lambda c: q.value_get(c, "k")) == "new"


async def test_a_fold_leaves_everything_there(station_store):
    await station_store.write(put("k"))
    await station_store.fold()
    assert keys(station_store) == {"k"}


def test_two_stores_append_to_one_journal_in_turn(station_url, station_store):
    with Store(station_url, name="second") as second:
        stores = (station_store, second)

        def append(store, n):
            for _ in range(10):
                store.write_now(lambda c: q.journal_append(c, n, "op", "did", {}))

        threads = [threading.Thread(target=append, args=(s, n)) for n, s in enumerate(stores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert station_store.read_now(q.journal_head)[0] == 20
        assert second.read_now(q.journal_verify) is None


@pytest.mark.postgres
async def test_a_server_that_goes_away_is_told_and_met_again(databases, station_url, station_store):
    if databases.engine == "sqlite":
        return  # there is no server
    end_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await station_store.read(lambda c: q.value_get(c, "k"))
    with Store(station_url, name="second") as second:
        second.write_now(lambda c: c.execute(end_others).all())
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
        await station_store.write(put("k"))
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
        await station_store.read(lambda c: q.value_get(c, "k"))
    await station_store.write(put("k"))
    assert await station_store.read(lambda c: q.value_get(c, "k")) == 1


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_told_without_its_password(postgresql):
    url = f"postgresql+psycopg://user:opensesame@/none?host={postgresql.dir}/nowhere"
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached") as told:
        Store(url, name="station").start()
    assert "opensesame" not in str(told.value)
