"""The one task that follows the station, and those who wait for it."""

import asyncio

from watchword.core.errors import LocalFaultError
from watchword.web.console import hub as module
from watchword.web.console.hub import Hub
from web.console.conftest import until


class Counter:
    """A station whose version is moved by the test."""

    def __init__(self) -> None:
        self.version = 0
        self.broken = False
        self.moved = asyncio.Event()

    def move(self) -> None:
        self.version += 1
        self.moved.set()

    async def changes(self, after: int, timeout_s: float) -> int:
        if self.broken:
            raise LocalFaultError("The disk is gone.")
        if self.version == after:
            self.moved.clear()
            async with asyncio.timeout(timeout_s):
                await self.moved.wait()
        return self.version


async def test_a_change_wakes_all_who_wait() -> None:
    counter, stop = Counter(), asyncio.Event()
    hub = Hub(counter.changes, stop)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hub.run(), name="hub")
        await until(lambda: hub.version >= 0)
        assert hub.following
        waiting = [tasks.create_task(hub.wait(0, 5.0), name="wait") for _ in range(3)]
        await asyncio.sleep(0)
        counter.move()
        assert [await each for each in waiting] == [1, 1, 1]
        assert await hub.wait(0, 5.0) == 1  # who comes late does not wait
        stop.set()
        await running
    assert hub.closed
    assert not hub.following


async def test_the_stop_event_wakes_them_too() -> None:
    hub = Hub(Counter().changes, stop := asyncio.Event())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.run(), name="hub")
        waiting = tasks.create_task(hub.wait(0, 60.0), name="wait")
        await asyncio.sleep(0.01)
        stop.set()
        await waiting


async def test_time_ends_a_wait() -> None:
    hub = Hub(Counter().changes, asyncio.Event())
    assert await hub.wait(-1, 0.01) == -1


async def test_it_asks_again_after_a_fault(monkeypatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    counter, stop = Counter(), asyncio.Event()
    hub = Hub(counter.changes, stop)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.run(), name="hub")
        await until(lambda: hub.following)
        counter.broken = True
        counter.move()
        await until(lambda: not hub.following)
        counter.broken = False
        await until(lambda: hub.following)
        assert hub.version == 1
        stop.set()
