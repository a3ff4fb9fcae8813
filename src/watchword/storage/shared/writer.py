"""One thread writes, and what gathered during one commit goes into the next.

There is no timer: a lone item pays one commit, a crowd shares one. An item that fails takes
nobody with it. Nobody is answered before the commit is durable, and a thread that ends says so.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from watchword.storage.shared.engine import in_transaction
from watchword.storage.shared.faults import (
    DatabaseLockedError,
    DiskFullError,
    StorageFaultError,
    StoreBusyError,
    StoreStoppedError,
    TransactionLostError,
    fault,
)

QUEUE_MAX = 10_000  # over a second of commits; whoever waits longer had better hear "busy"
BATCH_MAX = 1_000  # a crowd's commit stays under some 50 ms, so that nobody waits for two long ones

log = logging.getLogger("watchword.storage")

Work = Callable[[Connection], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: its value, or the error to raise."""

    value: Any = None
    error: BaseException | None = None


class Waiter(Protocol):
    """Whoever waits for an outcome."""

    def answer(self, outcome: Outcome) -> None:
        """Take the outcome; called in the writer's thread, must neither block nor raise."""
        ...


@dataclass(slots=True)
class Blocked:
    """A thread that waits for its outcome; only the first answer counts."""

    _ready: threading.Event = field(default_factory=threading.Event)
    _outcome: Outcome = field(default_factory=Outcome)

    def answer(self, outcome: Outcome) -> None:
        """Wake the thread."""
        if not self._ready.is_set():
            self._outcome = outcome
            self._ready.set()

    def wait(self) -> Any:
        """The value, or its error raised."""
        self._ready.wait()
        if self._outcome.error is not None:
            raise self._outcome.error
        return self._outcome.value


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A task that awaits its outcome on its own event loop."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"

    def answer(self, outcome: Outcome) -> None:
        """Wake the task; a loop that is closed meanwhile has nobody left to tell."""
        try:
            self.loop.call_soon_threadsafe(self._settle, outcome)
        except RuntimeError:
            log.debug("a waiter's event loop was closed before its answer")

    def _settle(self, outcome: Outcome) -> None:
        if self.future.done():  # cancelled: the write stands all the same
            return
        if outcome.error is not None:
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome.value)


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of work and who waits for it; `bare` work runs alone, outside any transaction."""

    work: Work
    waiter: Waiter
    bare: bool = False


class Writer:
    """The thread that owns the only writing connection; `commits` counts its transactions."""

    def __init__(
        self,
        engine: Engine,
        *,
        name: str,
        where: str,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self.commits = 0
        self._engine = engine
        self._where = where
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._queue: deque[Item] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._failure: StorageFaultError | None = None
        self._on_end: list[Callable[[], None]] = []
        self._connection: Connection | None = None
        self._batch: list[Item] = []
        self._thread = threading.Thread(target=self._run, name=f"{name}-writer", daemon=True)

    def start(self) -> None:
        """Open the connection and start; a store that cannot be opened is told here."""
        opened = Blocked()
        self._queue.append(Item(lambda _c: None, opened))
        self._thread.start()
        try:
            opened.wait()
        except BaseException:
            self.close()
            raise

    def submit(self, item: Item) -> None:
        """Queue one item.

        Raises:
            StoreStoppedError: the thread has ended.
            StoreBusyError: the queue is full.
        """
        with self._wake:
            if self._failure is not None or self._closing or self._thread.ident is None:
                raise self._failure or _closed(self._where)
            if len(self._queue) >= self._queue_max:
                raise StoreBusyError(
                    f"The {self._where} is busy: {self._queue_max} writes wait already.",
                    hint="Nothing was written. Try again in a moment; look at the disk's speed.",
                )
            self._queue.append(item)
            self._wake.notify()

    def last(self, work: Work) -> None:
        """Queue bare work to run before the connection is closed, even when the queue is full."""
        with self._wake:
            self._queue.append(Item(work, Blocked(), bare=True))
            self._wake.notify()

    def close(self) -> None:
        """Write what is queued, close the connection and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def failure(self) -> StorageFaultError | None:
        """Why the thread ended by itself, or None."""
        return self._failure

    def when_ended(self, call: Callable[[], None]) -> None:
        """Call this, once, in the thread, when it ends by itself; at once if it has already."""
        with self._wake:
            if self._failure is None:
                self._on_end.append(call)
                return
        call()

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._batch = batch
                self._work_on(batch)
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            self._die(error)
        finally:
            self._disconnect()

    def _next(self) -> list[Item]:
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            batch: list[Item] = []
            while self._queue and len(batch) < self._batch_max:
                if batch and (self._queue[0].bare or batch[0].bare):
                    break
                batch.append(self._queue.popleft())
            return batch

    def _work_on(self, batch: list[Item]) -> None:
        try:
            outcomes = self._bare(batch[0]) if batch[0].bare else self._together(batch)
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            outcomes = self._after(error, batch)
        for item, outcome in zip(batch, outcomes, strict=True):
            item.waiter.answer(outcome)

    def _bare(self, item: Item) -> list[Outcome]:
        return [Outcome(item.work(self._open()))]

    def _together(self, batch: list[Item]) -> list[Outcome]:
        c = self._open()
        with c.begin():
            outcomes = [self._outcome(c, item) for item in batch]
        self.commits += 1
        return outcomes

    def _outcome(self, c: Connection, item: Item) -> Outcome:
        value = item.work(c)
        if not in_transaction(c):
            raise self._lost()
        return Outcome(value)

    def _lost(self) -> TransactionLostError:
        return TransactionLostError(
            f"The {self._where} gave a transaction up.", hint="Nothing was written. Try again."
        )

    def _after(self, error: Exception, batch: list[Item]) -> list[Outcome]:
        if len(batch) == 1:
            return [Outcome(error=self._told(error))]
        if fault(error, self._where) is None:  # somebody's mistake: find out whose
            try:
                return self._apart(batch)
            except Exception as second:  # noqa: BLE001 - it goes to whoever waits
                error = second
        if isinstance(fault(error, self._where), DiskFullError | TransactionLostError):
            return [self._alone(item) for item in batch]  # one may fit where all do not
        return [Outcome(error=self._told(error))] * len(batch)

    def _apart(self, batch: list[Item]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        c = self._open()
        with c.begin():
            for item in batch:
                try:
                    with c.begin_nested():
                        outcomes.append(self._outcome(c, item))
                except Exception as error:
                    if fault(error, self._where) is not None:
                        raise  # not this item's own mistake
                    if not in_transaction(c):
                        raise self._lost() from error
                    outcomes.append(Outcome(error=error))
        self.commits += 1
        return outcomes

    def _alone(self, item: Item) -> Outcome:
        try:
            return self._together([item])[0]
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            return Outcome(error=self._told(error))

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _told(self, error: Exception) -> Exception:
        ours = fault(error, self._where)
        if ours is None:
            return error
        log.error("store: %s", ours)
        if not isinstance(ours, DiskFullError | TransactionLostError | DatabaseLockedError):
            self._disconnect()  # it may be useless now; but a full disk might not let us reopen
        return ours

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception:  # noqa: BLE001 - it is thrown away
            log.debug("a broken connection did not close cleanly")

    def _die(self, error: BaseException) -> None:
        failure = StoreStoppedError(
            f"The {self._where}: its writer thread ended ({type(error).__name__}).",
            hint="Nothing more can be written. Restart this process and report this.",
        )
        with suppress(Exception):  # nothing stands between a dead thread and those who wait for it
            log.critical("store: %s", failure, exc_info=error)
        with self._wake:
            self._failure = failure
            waiting, calls = [*self._batch, *self._queue], list(self._on_end)
            self._queue.clear()
        for item in waiting:
            item.waiter.answer(Outcome(error=failure))
        for call in calls:
            call()


def _closed(where: str) -> StoreStoppedError:
    return StoreStoppedError(f"The {where} is not open.", hint="Nothing was written.")
