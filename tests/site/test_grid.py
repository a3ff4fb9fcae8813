"""Answers leave on a grid, whenever the work was done."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotel import HandClock
from watchword.site.grid import GUARD_S, AnswerGrid

TICK_S = 0.1


@given(arrived=st.floats(1000, 2000), work_s=st.floats(0, 0.5))
def test_an_answer_leaves_on_a_tick_after_the_work(arrived: float, work_s: float) -> None:
    clock = HandClock(mono=arrived + work_s)
    due = asyncio.run(AnswerGrid(clock, tick_s=TICK_S, sleep=clock.sleep).release(arrived))
    assert due == pytest.approx(round(due / TICK_S) * TICK_S), "on the grid"
    assert due >= arrived + TICK_S - 1e-9
    assert due <= max(arrived + TICK_S, arrived + work_s + GUARD_S) + TICK_S + 0.001
    assert due <= clock.mono < due + 0.001, "neither before the tick nor long after it"


@given(arrived=st.floats(1000, 2000), one=st.floats(0, 0.09), other=st.floats(0, 0.09))
def test_work_that_is_done_in_time_does_not_show(arrived: float, one: float, other: float) -> None:
    ticks = []
    for work_s in (one, other):
        clock = HandClock(mono=arrived + work_s)
        grid = AnswerGrid(clock, tick_s=TICK_S, sleep=clock.sleep)
        ticks.append(asyncio.run(grid.release(arrived)))
    assert ticks[0] == ticks[1]


async def test_a_wait_that_overshoots_takes_the_next_tick() -> None:
    clock = HandClock(mono=1000.05)
    late = iter([0.01])

    async def overshoot(wait_s: float) -> None:
        clock.move(wait_s + next(late, 0.0))

    due = await AnswerGrid(clock, tick_s=TICK_S, sleep=overshoot).release(1000.05)
    assert due == pytest.approx(1000.3)


async def test_on_this_machine_it_hits_the_tick_closely() -> None:
    class Machine:
        now = staticmethod(time.time)
        monotonic = staticmethod(time.monotonic)

    arrived = time.monotonic()
    due = await AnswerGrid(Machine(), tick_s=0.02).release(arrived)
    assert due <= time.monotonic()
