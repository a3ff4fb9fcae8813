"""What the site and its uplink ask of each other: the outbox, letters, the journal's head.

This file owns one rule: a report leaves the outbox only when the station has acknowledged
it, and what the outbox holds at a start is offered again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from watchword.core.errors import RemoteFaultError
from watchword.core.words import ReportClass
from watchword.site.ports import LinkState, Uplink
from watchword.site.reports import as_cell
from watchword.storage.shared.faults import StorageFaultError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import OutboxCell
from watchword.wire.uplink import NO_CHAIN, Cell, CellId, Chain

LINK_GRACE_S = 10.0  # a station that restarts is back sooner; trouble that flaps is not read
UNANSWERED_S = 30.0  # twice the time after which a cell is sent again within a connection
LOOK_S = 5.0  # entries of the journal that came without a report are witnessed this late at most
URGENT = frozenset({ReportClass.BUTTON, ReportClass.ALARM})
"""Classes whose report is a public fact that speeds the link up."""

log = structlog.get_logger("outgoing")


class Told(Protocol):
    """The panel, as far as the link tells it things."""

    def heard_station(self, utc_s: float) -> None:
        """Follow the station's time."""
        ...

    async def trouble(self, key: str, *, on: bool) -> None:
        """A trouble begins or ends."""
        ...


class Outgoing:
    """Implements `Outbox` for the panel and `UplinkDuties` for the uplink; see `attach`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[CellId, int] = {}
        self._since: dict[CellId, float] = {}  # offered and not acknowledged, by when
        self._shed_rows: list[int] = []
        self._uplink: Uplink | None = None
        self._panel: Told | None = None
        self._letter: Callable[[bytes], Awaitable[None]] | None = None
        self._chain = NO_CHAIN
        self._moved = asyncio.Event()
        self._troubles: asyncio.Queue[tuple[str, bool]] = asyncio.Queue(maxsize=64)
        self._links: dict[str, LinkState] = {}
        self._up, self._down = asyncio.Event(), asyncio.Event()

    def attach(
        self, *, uplink: Uplink, panel: Told, letter: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Join the parts; once, before anything runs."""
        self._uplink, self._panel, self._letter = uplink, panel, letter

    def send(self, cell: OutboxCell) -> None:
        """Offer a committed report to the uplink; its row goes when it is acknowledged."""
        ready = as_cell(cell)
        if cell.id:
            self._rows[ready.id] = cell.id
        self._since.setdefault(ready.id, asyncio.get_running_loop().time())
        self._moved.set()
        if self._uplink is None:
            return  # before the uplink runs: `waiting` reads it from the outbox
        self._uplink.offer(ready)
        if ready.cls in URGENT:
            self._uplink.public_fact()

    async def run(self) -> None:
        """Keep the journal's head at hand, and pass troubles of the link on, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_journal(), name="journal-head")
            tasks.create_task(self._pass_troubles(), name="link-troubles")
            tasks.create_task(self._watch_link(), name="link-watch")
            tasks.create_task(self._watch_answers(), name="answer-watch")

    async def waiting(self) -> Sequence[Cell]:
        """Every cell of the outbox that is not acknowledged, oldest first."""
        kept = sorted(await self._store.read(queries.outbox_load), key=lambda row: row.id)
        cells = []
        for row in kept:
            try:
                cell = as_cell(row)
            except (RemoteFaultError, ValueError) as error:
                # A damaged row is left where it is; it must not keep the others from going out.
                log.critical("outgoing.row-unreadable", row=row.id, error=type(error).__name__)
                continue
            self._rows[cell.id] = row.id
            self._since.setdefault(cell.id, asyncio.get_running_loop().time())
            cells.append(cell)
        return cells

    async def acknowledged(self, cells: Sequence[CellId]) -> None:
        """The station has these: let go of their rows."""
        for cell in cells:
            self._since.pop(cell, None)
        gone = {cell: row for cell in cells if (row := self._rows.get(cell))}
        await self._store.write(lambda c: queries.outbox_remove(c, list(gone.values())))
        for cell, row in gone.items():
            if self._rows.get(cell) == row:  # else: written only now, after a full disk
                del self._rows[cell]

    def shed(self, cells: Sequence[CellId]) -> None:
        """The uplink had no room for these, the least urgent: told aloud, and let go of.

        The outbox on disk has the same bound as the one in memory, or an outage would fill it.
        """
        log.error("outgoing.shed", cells=len(cells))
        for cell in cells:
            self._since.pop(cell, None)
            if row := self._rows.pop(cell, None):
                self._shed_rows.append(row)
        self._moved.set()
        self._trouble("uplink", on=True)

    async def letter(self, sealed: bytes) -> None:
        """Act on one sealed letter."""
        if self._letter is not None:
            await self._letter(sealed)

    def chain(self) -> Chain:
        """The journal's head, as last read."""
        return self._chain

    def heard(self, address: str, station_time_s: float) -> None:
        """Follow the clock of one station, the one that is linked longest: two may differ."""
        linked = (known for known, state in self._links.items() if state is LinkState.UP)
        if self._panel is not None and address == next(linked, address):
            self._panel.heard_station(station_time_s)

    def link_changed(self, address: str, state: LinkState, detail: str) -> None:  # noqa: ARG002
        """Trouble when no address is linked for a while; over when one is."""
        self._links.pop(address, None)
        self._links[address] = state  # at the end: who is linked longest stands first
        if LinkState.UP in self._links.values():
            self._up.set()
            self._down.clear()
        else:
            self._up.clear()
            self._down.set()

    def certificates_expired(self, address: str, whose: Sequence[str]) -> None:  # noqa: ARG002
        """Trouble while a certificate is past its date; the link goes on."""
        self._trouble("certificate", on=bool(whose))

    def _trouble(self, key: str, *, on: bool) -> None:
        if not self._troubles.full():
            self._troubles.put_nowait((key, on))

    async def _pass_troubles(self) -> None:
        while True:
            key, on = await self._troubles.get()
            if self._panel is not None:
                await self._panel.trouble(key, on=on)

    async def _watch_link(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LINK_GRACE_S):
                    await self._up.wait()
            except TimeoutError:
                self._trouble("uplink", on=True)
                await self._up.wait()
            self._trouble("uplink", on=False)
            await self._down.wait()

    async def _watch_answers(self) -> None:
        """A link may be up and the station deaf, with its disk full: that must show here."""
        told = False
        while True:
            oldest = min(self._since.values(), default=None)
            waits = oldest is not None and (
                asyncio.get_running_loop().time() - oldest > UNANSWERED_S
            )
            if waits != told:
                told = waits
                self._trouble("unanswered", on=waits)
            await asyncio.sleep(LOOK_S)

    async def _forget_shed(self) -> None:
        rows, self._shed_rows = self._shed_rows, []
        if not rows:
            return
        try:
            await self._store.write(lambda c: queries.outbox_remove(c, rows))
        except StorageFaultError as error:
            self._shed_rows += rows  # tried again with the next look
            log.error("outgoing.shed-kept", error=type(error).__name__)

    async def _follow_journal(self) -> None:
        while True:
            self._moved.clear()
            await self._forget_shed()
            try:
                length, head = await self._store.read(queries.journal_head)
                self._chain = Chain(length, head)
            except StorageFaultError as error:
                # The panel goes on from memory, and so does this: the head is told when it can be.
                log.error("outgoing.journal-unread", error=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._moved.wait()
            except TimeoutError:
                continue
