"""A store: what was written is durable when `write` returns, and readers see only that.

All SQL of a process runs in two threads, one that writes and one that reads, each with its own
connection. A piece of work is a function of a connection; what it does is one transaction.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from watchword.storage.shared.engine import open_engine, sqlite_file, where
from watchword.storage.shared.faults import (
    DatabaseLockedError,
    DatabaseUnavailableError,
    DiskFullError,
    StoreStoppedError,
    fault,
    told,
)
from watchword.storage.shared.writer import QUEUE_MAX, Awaiting, Blocked, Item, Writer

T = TypeVar("T")


class Store:
    """One database and the two threads that work on it.

    Work may be run twice (a crowd's commit that failed is repeated to find whose mistake it
    was), so it must do nothing but SQL, and must not keep the connection.
    """

    def __init__(self, url: str, *, name: str, queue_max: int = QUEUE_MAX) -> None:
        self._where = where(url)
        self._file = sqlite_file(url)
        self._write_engine = open_engine(url, writes=True)
        self._read_engine = open_engine(url, writes=False)
        self._writer = Writer(self._write_engine, name=name, where=self._where, queue_max=queue_max)
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{name}-reader")
        self._read_connection: Connection | None = None
        self._closed = False

    def start(self) -> None:
        """Open the database.

        Raises:
            StorageFaultError: it is damaged, locked, or cannot be opened.
        """
        if self._file is not None and not self._file.is_file():
            raise DatabaseUnavailableError(
                f"The {self._where} is not there.", hint="Look at the data directory's path."
            )
        self._writer.start()

    def close(self) -> None:
        """Write what is queued, fold the write-ahead log into the file, and end both threads."""
        if self._closed:
            return
        self._closed = True
        self._reader.submit(self._forget_reader).result()
        self._reader.shutdown()
        if self._file is not None:
            self._writer.last(_fold_log)
        self._writer.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in the next commit and return its value once that is durable.

        What the work raises is raised here, and then nothing of it was written. A caller that
        is cancelled does not undo the write.

        Raises:
            StorageFaultError: the disk, the file, the queue or the thread; nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.submit(Item(work, Awaiting(loop, future)))
        return await future

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work on one snapshot of what is committed; it cannot write.

        Raises:
            StorageFaultError: the disk or the file.
        """
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """The same as `write`, blocking: for short-lived processes and tests."""
        waiter = Blocked()
        self._writer.submit(Item(work, waiter))
        value: T = waiter.wait()
        return value

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """The same as `read`, blocking."""
        self._check_open()
        return self._reader.submit(self._read, work).result()

    async def fold(self) -> None:
        """Fold SQLite's write-ahead log into the file and empty it: removed rows are gone then."""
        if self._file is not None:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            self._writer.submit(Item(_fold_log, Awaiting(loop, future), bare=True))
            await future

    async def watch(self) -> None:
        """Wait for ever; raises StoreStoppedError when the writer thread ends by itself.

        Run it beside the other tasks of a process: a store that cannot write is an alarm.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(ended.set)

        self._writer.when_ended(tell)
        await ended.wait()
        raise self._writer.failure or StoreStoppedError(f"The {self._where} is closed.")

    @property
    def commits(self) -> int:
        """How many transactions were committed by this store since it was started."""
        return self._writer.commits

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with told(self._where):
                if self._read_connection is None:
                    self._read_connection = self._read_engine.connect()
                with self._read_connection.begin():
                    return work(self._read_connection)
        except Exception as error:
            ours = fault(error, self._where)
            if ours is not None and not isinstance(ours, DiskFullError | DatabaseLockedError):
                self._forget_reader()
            raise

    def _forget_reader(self) -> None:
        connection, self._read_connection = self._read_connection, None
        if connection is not None:
            connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreStoppedError(f"The {self._where} is closed.")


def _fold_log(c: Connection) -> Any:
    raw: Any = c.connection.driver_connection
    return raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
