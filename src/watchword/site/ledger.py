"""What the panel wants kept: state, journal and outbox in one transaction, or in memory.

This file owns one rule (decision record 3): a disk that takes nothing stops nobody. What
could not be written is sent to the station at once all the same, is owed, and goes into the
next transaction that succeeds. It is alike for every code, because nothing here sees one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from watchword.storage.shared.faults import StorageFaultError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import OutboxCell

OWED_MAX = 10_000  # as many as the outbox holds; the oldest go first, and aloud

log = structlog.get_logger("ledger")


class Outbox(Protocol):
    """Where a report is handed on to the uplink."""

    def send(self, cell: OutboxCell) -> None:
        """Queue it for the next ticks; `id` is 0 when it could not be written yet."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal that is to be written."""

    at_ms: int
    area: str
    key: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one fact changed; `areas` and `values` are the plain states after it."""

    areas: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    journal: tuple[Entry, ...] = ()
    cells: tuple[OutboxCell, ...] = ()


class Ledger:
    """Commits changes in the order in which they are given.

    Args:
        store: the site's database.
        outbox: told of each report once it is durable, or at once when it cannot be.
        current: the states as they are now, written again after the disk failed.
    """

    def __init__(self, store: Store, outbox: Outbox, current: Callable[[], Change]) -> None:
        self._store = store
        self._outbox = outbox
        self._current = current
        self._owed_journal: deque[Entry] = deque(maxlen=OWED_MAX)
        self._owed_cells: deque[OutboxCell] = deque(maxlen=OWED_MAX)
        self._running: set[asyncio.Task[None]] = set()
        self._stale = False  # the stored states are older than those in memory

    @property
    def owes(self) -> bool:
        """Whether something could not be written yet."""
        return self._stale

    async def commit(self, change: Change) -> None:
        """Return when the change is durable, or when the disk did not take it.

        A caller that is cancelled does not stop it: what was decided is written and sent.
        """
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._commit(change), name="ledger-commit")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Return when everything that was given is written or given up."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _commit(self, change: Change) -> None:
        full = self._with_owed(change)
        try:
            ids = await self._store.write(lambda c: _write(c, full))
        except StorageFaultError as error:
            self._owe(full, type(error).__name__)
            self._send(change.cells, (0,) * len(change.cells))
        except Exception:
            self._send(change.cells, (0,) * len(change.cells))  # a mistake of ours mutes nobody
            raise
        else:
            self._send(full.cells, ids)

    def _with_owed(self, change: Change) -> Change:
        if not self._stale:
            return change
        now = self._current()
        full = Change(
            areas=now.areas,
            values=now.values,
            journal=(*self._owed_journal, *change.journal),
            cells=(*self._owed_cells, *change.cells),
        )
        self._owed_journal.clear()
        self._owed_cells.clear()
        self._stale = False
        return full

    def _owe(self, change: Change, error: str) -> None:
        log.error("ledger.not_written", error=error, cells=len(change.cells))
        self._stale = True
        self._owed_journal.extend(change.journal)
        self._owed_cells.extend(change.cells)

    def _send(self, cells: tuple[OutboxCell, ...], ids: tuple[int, ...]) -> None:
        for cell, number in zip(cells, ids, strict=True):
            self._outbox.send(replace(cell, id=number))


def _write(c: Connection, change: Change) -> tuple[int, ...]:
    for name, plain in change.areas.items():
        queries.area_save(c, name, plain)
    for key, value in change.values.items():
        queries.value_set(c, key, value)
    for entry in change.journal:
        queries.journal_append(c, entry.at_ms, entry.area, entry.key, entry.params)
    return tuple(queries.outbox_add(c, cell) for cell in change.cells)
