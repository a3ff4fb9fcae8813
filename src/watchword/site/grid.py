"""When an answer leaves: on a tick of a fixed grid, never when the work happens to be done.

This file owns one rule (docs/explanation/threat-model.md): an attempt that arrived between
two ticks is answered one tick after the next. A timer alone overshoots by about a
millisecond, and by how much depends on the work before it; so the last 3 ms are spun.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from watchword.core.timing import Clock

GUARD_S = 0.003  # a guard of 1.2 ms let the overshoot through when it was measured; 3 ms did not

Sleep = Callable[[float], Awaitable[None]]


class AnswerGrid:
    """The ticks on which answers leave; `tick_s` apart on the monotonic clock."""

    def __init__(self, clock: Clock, *, tick_s: float, sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._tick_s = tick_s
        self._sleep = sleep

    def due(self, arrived: float) -> float:
        """The monotonic moment at which what arrived then is answered, if the work is done."""
        return (math.ceil(arrived / self._tick_s) + 1) * self._tick_s

    async def release(self, arrived: float) -> float:
        """Return on the tick of what arrived at `arrived`, or on the first one after the work.

        Returns:
            The tick.
        """
        due = self.due(arrived)
        while True:
            wait_s = due - GUARD_S - self._clock.monotonic()
            if wait_s > 0:
                await self._sleep(wait_s)
                if self._clock.monotonic() < due:
                    break
            due += self._tick_s
        while self._clock.monotonic() < due:
            pass
        return due
