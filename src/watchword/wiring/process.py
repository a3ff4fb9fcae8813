"""How a half lives: it starts, says that it is ready, and ends cleanly when told to.

Told by SIGTERM or SIGINT, by the end of its parent, or by the death of one of its own
tasks: a dead task is never left behind in a running process.
"""

import asyncio
import fcntl
import os
import resource
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import uvloop

from watchword.adapters.shared import log as logs
from watchword.adapters.shared.files import write_private
from watchword.core.errors import LocalFaultError, WatchwordError

END_S = 15.0  # pages have 2 s of grace; what has not ended by then would linger, deaf

log = structlog.get_logger("process")


@dataclass(frozen=True, slots=True)
class Life:
    """What the parent gave: a pipe to say "ready" on, and one that ends when it does."""

    ready_fd: int
    parent_fd: int

    def ready(self) -> None:
        """Say once that everything answers."""
        if self.ready_fd >= 0:
            os.write(self.ready_fd, b"ready\n")
            os.close(self.ready_fd)


@contextmanager
def pid_file(directory: Path) -> Iterator[None]:
    """Hold a directory for this process alone, and say which process that is.

    Raises:
        LocalFaultError: another process runs on it; two would write one outbox and one journal.
    """
    path = directory / "pid"
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise LocalFaultError(
                f"Another process already runs on {directory}.",
                hint="Stop it first, or choose another directory with --data.",
            ) from e
        try:
            write_private(path, f"{os.getpid()}\n".encode())
        except LocalFaultError as e:
            # A full disk: the lock holds without the number, and a keypad must answer.
            log.error("process.no-pid-file", error=type(e).__name__)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def live(name: str, main: Callable[[asyncio.Event], Awaitable[None]], *, parent_fd: int) -> None:
    """Run one half until it is told to stop.

    Raises:
        WatchwordError: what ended it, taken out of the task group that it ended.
    """
    logs.configure(name)
    # Digits and keys pass through this memory: a crash must not write them to a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        uvloop.run(_main(main, parent_fd))
    except BaseExceptionGroup as group:
        known = _first_known(group)
        if known is None:
            raise
        raise known from None


async def run_until(
    stop: asyncio.Event,
    *,
    serving: Coroutine[Any, Any, None],
    jobs: Mapping[str, Coroutine[Any, Any, None]],
    ready: Callable[[], None],
) -> None:
    """Run a half's jobs until `stop`; `serving` ends by itself then, the jobs are cancelled.

    A job that ends or fails before that ends the process, aloud.
    """
    async with AsyncExitStack() as last:
        # In a thread, for what hangs may be the loop: who started us starts us again.
        late = threading.Timer(END_S, _give_up)
        late.daemon = True
        last.callback(late.cancel)
        await _run_until(stop, late, serving=serving, jobs=jobs, ready=ready)


def _give_up() -> None:
    log.critical("process.does-not-end", after_s=END_S)
    os._exit(70)


async def _run_until(
    stop: asyncio.Event,
    late: threading.Timer,
    *,
    serving: Coroutine[Any, Any, None],
    jobs: Mapping[str, Coroutine[Any, Any, None]],
    ready: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serving, name="pages")
        running = [tasks.create_task(job, name=name) for name, job in jobs.items()]
        for task in running:
            task.add_done_callback(lambda _: stop.set())
        ready()
        await stop.wait()
        late.start()
        ended = next((task.get_name() for task in running if task.done()), None)
        if ended is not None:  # a job that failed ends the group with its own error
            raise LocalFaultError(f"The work on {ended} ended by itself.", hint="See the log.")
        for task in running:
            task.cancel()


async def _main(main: Callable[[asyncio.Event], Awaitable[None]], parent_fd: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def parent_ended() -> None:
        loop.remove_reader(parent_fd)  # an ended pipe stays readable
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if parent_fd >= 0:
        loop.add_reader(parent_fd, parent_ended)
    await main(stop)


def _first_known(group: BaseExceptionGroup[BaseException]) -> WatchwordError | None:
    for e in group.exceptions:
        if isinstance(e, WatchwordError):
            return e
        if isinstance(e, BaseExceptionGroup) and (found := _first_known(e)):
            return found
    return None
