"""One number for everything that changes."""

import asyncio

from watchword.station.changes import Changes


async def test_waiting_and_waking() -> None:
    changes = Changes()
    async with asyncio.TaskGroup() as tasks:
        waiters = [tasks.create_task(changes.wait(0, 60), name=f"w{n}") for n in range(3)]
        await asyncio.sleep(0)
        changes.bump()
    assert [w.result() for w in waiters] == [1, 1, 1]


async def test_who_is_behind_does_not_wait() -> None:
    changes = Changes()
    changes.bump()
    assert await changes.wait(0, 60) == 1
    assert await changes.wait(-1, 60) == 1


async def test_the_time_ends_a_wait() -> None:
    assert await Changes().wait(0, 0.001) == 0
