"""Tells every open console that something changed, from one place.

The rule of this file: one task asks the station for changes, and any number of streams
wait for it without tasks of their own. When that task cannot ask, streams are told to
look for themselves: a console never goes quiet because its messenger did.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from watchword.core.errors import WatchwordError

ASK_S = 10.0  # one question to the station lasts at most so long
AGAIN_S = 1.0  # after a question that failed
_log = logging.getLogger("watchword.web.console")

Changes = Callable[[int, float], Awaitable[int]]


class Hub:
    """The present version of everything, and a bell that rings when it moves or all ends."""

    def __init__(self, changes: Changes, stop: asyncio.Event) -> None:
        self._changes = changes
        self._stop = stop
        self._bell = asyncio.Event()
        self.version = -1
        self.following = False

    @property
    def closed(self) -> bool:
        """Whether streams are to end."""
        return self._stop.is_set()

    async def run(self) -> None:
        """Follow the station until the stop event; owned by the application's lifespan."""
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow(), name="console-changes")
            await self._stop.wait()
            self._ring()
            following.cancel()

    async def wait(self, seen: int, timeout_s: float) -> int:
        """Sleep until the version is not `seen`, the stop event or the time; then the version."""
        bell = self._bell
        if self.version == seen and not self.closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await bell.wait()
            except TimeoutError:
                pass
        return self.version

    async def _follow(self) -> None:
        try:
            while True:
                await self._ask()
        finally:
            self.following = False

    async def _ask(self) -> None:
        try:
            # After a fault the first question is one that is answered at once.
            version = await self._changes(self.version if self.following else -1, ASK_S)
        except WatchwordError as error:
            _log.error("cannot follow changes: %s", type(error).__name__)
            self.following = False
            await asyncio.sleep(AGAIN_S)
            return
        self.following = True
        if version != self.version:
            self.version = version
            self._ring()

    def _ring(self) -> None:
        rung, self._bell = self._bell, asyncio.Event()
        rung.set()
