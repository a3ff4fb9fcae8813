"""A station and a site on real sockets, over stores that are dictionaries."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.tls import Identity, SiteTls, StationTls, new_key, request
from watchword.adapters.site.uplink import SiteUplink
from watchword.adapters.station.pairing import PairingDesk
from watchword.adapters.station.uplink import StationUplink
from watchword.core.errors import LocalFaultError, RefusedError
from watchword.site.ports import LinkState
from watchword.station.ports import Admission, Invitation, NewSite, PairedSite
from watchword.wire.uplink import Cell, CellId, Chain, Stream

NOW = time.time()
TICK_S = 0.02
WAIT_S = 10.0  # for what happens within a few ticks; only a fault waits so long
STATION_KEY = bytes(range(32))
HEAD = Chain(1, b"h" * 32)


@dataclass
class SiteStore:
    """What a site keeps, and everything that its link told it."""

    outbox: dict[CellId, Cell] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)
    letter_faults: int = 0
    states: list[tuple[LinkState, str]] = field(default_factory=list)
    shed_ids: list[CellId] = field(default_factory=list)
    heard_s: float = 0.0
    frames: int = 0
    expired: tuple[str, ...] = ()
    head: Chain = HEAD
    acknowledge_faults: int = 0
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def waiting(self) -> Sequence[Cell]:
        return list(self.outbox.values())

    async def acknowledged(self, cells: Sequence[CellId]) -> None:
        if self.acknowledge_faults:
            self.acknowledge_faults -= 1
            raise LocalFaultError("disk full")
        for cell in cells:
            self.outbox.pop(cell, None)
        await self._notify()

    def shed(self, cells: Sequence[CellId]) -> None:
        self.shed_ids += cells

    async def letter(self, sealed: bytes) -> None:
        if self.letter_faults:
            self.letter_faults -= 1
            await self._notify()
            raise LocalFaultError("disk full")
        self.letters.append(sealed)
        await self._notify()

    def chain(self) -> Chain:
        return self.head

    def heard(self, address: str, station_time_s: float) -> None:
        self.heard_s = station_time_s
        self.frames += 1
        self._soon = asyncio.ensure_future(self._notify())

    def link_changed(self, address: str, state: LinkState, detail: str) -> None:
        self.states.append((state, detail))
        self._soon = asyncio.ensure_future(self._notify())

    def certificates_expired(self, address: str, whose: Sequence[str]) -> None:
        self.expired = tuple(whose)

    async def _notify(self) -> None:
        async with self.moved:
            self.moved.notify_all()


@dataclass
class StationStore:
    """What a station keeps, and everything that its links told it."""

    sites: dict[str, PairedSite] = field(default_factory=dict)
    envelopes: dict[tuple[str, CellId], Cell] = field(default_factory=dict)
    repeated: int = 0
    chains: list[Chain] = field(default_factory=list)
    down: list[Cell] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    invitations: dict[bytes, Invitation] = field(default_factory=dict)
    joined: list[NewSite] = field(default_factory=list)
    seen_at: float = 0.0
    fault: Exception | None = None
    lost_race: bool = False
    asked: int = 0
    may_commit: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.may_commit.set()

    async def site_of(self, fingerprint: str) -> PairedSite | None:
        return self.sites.get(fingerprint)

    async def committed(self, site: PairedSite) -> Mapping[Stream, int]:
        return {}

    async def intake(
        self, site: PairedSite, cells: Sequence[Cell], chain: Chain
    ) -> Collection[CellId]:
        self.asked += len(cells)
        await self._notify()
        await self.may_commit.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        for cell in cells:
            self.repeated += (site.id, cell.id) in self.envelopes
            assert self.envelopes.setdefault((site.id, cell.id), cell) == cell
        self.chains.append(chain)
        await self._notify()
        return [cell.id for cell in cells]

    async def letters(self, site: PairedSite) -> Sequence[Cell]:
        return self.down

    async def delivered(self, site: PairedSite, cells: Sequence[CellId]) -> None:
        gone = set(cells)
        self.down = [cell for cell in self.down if cell.id not in gone]
        await self._notify()

    def seen(self, site: PairedSite, at: float) -> None:
        self.seen_at = at

    def certificate_expired(self, site: PairedSite) -> None:
        self.expired.append(site.id)

    async def invitation(self, secret_hash: bytes) -> Invitation | None:
        return self.invitations.get(secret_hash)

    async def admit(self, secret_hash: bytes, site: NewSite, at: float) -> Admission:
        if self.lost_race:
            raise RefusedError("used")
        if self.fault is not None:
            raise self.fault
        known = self.invitations[secret_hash]
        self.invitations[secret_hash] = Invitation(secret_hash, known.expires_at, used=True)
        self.joined.append(site)
        self.sites[site.fingerprint] = PairedSite(site.id, len(self.joined), site.name, TICK_S)
        return Admission(len(self.joined), STATION_KEY, b"KEY1", 20, "DP4")

    async def _notify(self) -> None:
        async with self.moved:
            self.moved.notify_all()


async def until(moved: asyncio.Condition, ready: object) -> None:
    """Wait until `ready()` holds; it is asked whenever the store moved."""
    assert callable(ready)
    async with asyncio.timeout(WAIT_S), moved:
        await moved.wait_for(ready)


@dataclass
class Station:
    """A station that serves."""

    tls: StationTls
    store: StationStore
    uplink: StationUplink
    address: str


class World:
    """Makes stations and sites in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def station_tls(self, name: str = "station", *, at: float = NOW) -> StationTls:
        return StationTls.ensure(
            self.directory / name, name=name, hosts=["127.0.0.1", "localhost"], at=at
        )

    @asynccontextmanager
    async def station(
        self, tls: StationTls, store: StationStore, *, port: int = 0
    ) -> AsyncIterator[Station]:
        desk = PairingDesk(authority=tls.authority, registry=store, clock=SystemClock())
        uplink = StationUplink(tls=tls, duties=store, pair=desk.converse, clock=SystemClock())
        listener = socket.create_server(("127.0.0.1", port))
        await uplink.start(listener)
        try:
            yield Station(tls, store, uplink, f"127.0.0.1:{listener.getsockname()[1]}")
        finally:
            await uplink.close()

    def site_tls(
        self, tls: StationTls, store: StationStore | None, *, at: float = NOW, name: str = "site"
    ) -> SiteTls:
        """A paired site's files; entered in the registry when a store is given."""
        key = new_key()
        pem = tls.authority.issue_site("a1" * 16, request(key, name), at=at)
        identity = Identity(pem, key)
        if store is not None:
            store.sites[identity.fingerprint] = PairedSite("a1" * 16, 1, name, TICK_S)
        return SiteTls.save(self.directory / name, identity, tls.identity.certificate)

    @asynccontextmanager
    async def site(self, address: str, tls: SiteTls, store: SiteStore) -> AsyncIterator[SiteUplink]:
        uplink = SiteUplink(
            addresses=[address], tls=tls, tick_s=TICK_S, duties=store, clock=SystemClock()
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(uplink.run())
            try:
                yield uplink
            finally:
                running.cancel()


def cell(counter: int, cls: int = 2, epoch: int = 1) -> Cell:
    return Cell(cls, epoch, counter, counter.to_bytes(160, "big"))
