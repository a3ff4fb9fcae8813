"""An attempt id is evaluated once, while it is under way and afterwards."""

import asyncio
from uuid import uuid4

import pytest

from watchword.site.views import Answer
from watchword.web.keypad import once as module
from watchword.web.keypad.once import Once

from .fake import DISARMED

ANSWER = Answer(True, "Disarmed", DISARMED)


async def test_two_at_the_same_time_share_one_evaluation() -> None:
    once, go, calls, attempt = Once(), asyncio.Event(), [], uuid4()

    async def work() -> Answer:
        calls.append(1)
        await go.wait()
        return ANSWER

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(once.run(1, attempt, work)) for _ in range(2)]
        await asyncio.sleep(0)
        go.set()
    assert [task.result() for task in both] == [ANSWER, ANSWER]
    assert len(calls) == 1


async def test_another_keypad_or_another_id_is_another_attempt() -> None:
    once, calls, attempt = Once(), [], uuid4()

    async def work() -> Answer:
        calls.append(1)
        return ANSWER

    await once.run(1, attempt, work)
    await once.run(2, attempt, work)
    await once.run(1, uuid4(), work)
    assert len(calls) == 3


async def test_a_failure_is_kept_too() -> None:
    once, calls, attempt = Once(), [], uuid4()

    async def work() -> Answer:
        calls.append(1)
        raise OSError

    for _ in range(2):
        with pytest.raises(OSError):
            await once.run(1, attempt, work)
    assert len(calls) == 1


async def test_the_one_who_waits_may_leave() -> None:
    once, go, attempt = Once(), asyncio.Event(), uuid4()

    async def work() -> Answer:
        await go.wait()
        return ANSWER

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(once.run(1, attempt, work))
        await asyncio.sleep(0)
        second = tasks.create_task(once.run(1, attempt, work))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        go.set()
    assert first.result() == ANSWER


async def test_a_cancelled_evaluation_is_not_repeated() -> None:
    once, attempt = Once(), uuid4()

    async def work() -> Answer:
        await asyncio.Event().wait()
        return ANSWER

    task = asyncio.ensure_future(once.run(1, attempt, work))
    await asyncio.sleep(0)
    task.cancel()
    for waiting in (task, once.run(1, attempt, work)):
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_it_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_MAX", 3)
    once, calls = Once(), []

    async def work() -> Answer:
        calls.append(1)
        return ANSWER

    ids = [uuid4() for _ in range(4)]
    for attempt in ids:
        await once.run(1, attempt, work)
    await once.run(1, ids[-1], work)
    assert len(calls) == 4
    await once.run(1, ids[0], work)
    assert len(calls) == 5
