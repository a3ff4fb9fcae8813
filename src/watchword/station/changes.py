"""A number that grows whenever anything an operator might see has changed, and waiting for it."""

import asyncio


class Changes:
    """One counter for all consoles of this process; what changed is asked for anew by each."""

    def __init__(self) -> None:
        self._version = 0
        self._bell = asyncio.Event()

    @property
    def version(self) -> int:
        """The present version."""
        return self._version

    def bump(self) -> None:
        """Say that something changed; call it after the commit."""
        self._version += 1
        rung, self._bell = self._bell, asyncio.Event()
        rung.set()

    async def wait(self, after: int, timeout_s: float) -> int:
        """The present version as soon as it is not `after`, or when the time is up."""
        bell = self._bell
        if self._version == after:
            try:
                async with asyncio.timeout(timeout_s):
                    await bell.wait()
            except TimeoutError:
                pass
        return self._version
