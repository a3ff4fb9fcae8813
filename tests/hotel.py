"""A small hotel for tests: a real database, a real table of codes, a clock that is told to move."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from watchword.core.words import Action, Event
from watchword.site.config import SAMPLE, SiteSettings, parse_settings
from watchword.site.panel import Panel
from watchword.site.reports import Reports, as_cell
from watchword.site.slots import Cost, Slots, make_row, padded
from watchword.site.views import Answer, EntryPoint
from watchword.storage.shared.migrate import ensure
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import Identity, OutboxCell, PersonRow
from watchword.wire.report import Report
from watchword.wire.seal import KeyPair, key_id
from watchword.wire.unseal import Keyring

T = TypeVar("T")

ANN, ANNS, WRONG = "482913", "432918", "731946"
TOKENS = {ANN: b"a" * 80, ANNS: b"b" * 80}
PERSON = b"ann-ann-ann-ann!"
STATION = KeyPair.generate()
T0 = 1_800_000_000.0
SETTINGS = parse_settings(Path("site.toml"), SAMPLE)


@dataclass
class HandClock:
    """Moves when it is told to, and a little each time it is read, so that a spin ends."""

    utc: float = T0
    mono: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.utc

    def monotonic(self) -> float:
        self.move(0.0001)
        return self.mono

    async def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.move(wait_s)

    def move(self, by_s: float) -> None:
        self.utc += by_s
        self.mono += by_s


class FaultyStore(Store):
    """The real store, until it is told to fail."""

    fails: Exception | None = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self.fails is not None:
            raise self.fails
        return await super().write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        if self.fails is not None:
            raise self.fails
        return await super().read(work)


class Kept:
    """Where reports go: kept, and opened as the station would."""

    def __init__(self, identity: Identity) -> None:
        self.cells: list[OutboxCell] = []
        self._identity = identity
        self._ring = Keyring({key_id(STATION.public): STATION.secret})

    def send(self, cell: OutboxCell) -> None:
        self.cells.append(cell)

    def opened(self) -> list[Report]:
        cells = [as_cell(cell) for cell in self.cells]
        return [
            self._ring.open_report(cell.key_id, self._identity.number, cell.body) for cell in cells
        ]

    def events(self) -> list[Event]:
        quiet = {Event.STARTED, Event.DIRECTORY}
        return [Event(r.event) for r in self.opened() if r.event not in quiet]


class Hotel:
    """One site in a folder; `again` is the same site after its process was killed."""

    def __init__(
        self, folder: Path, *, settings: SiteSettings = SETTINGS, clock: HandClock | None = None
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock or HandClock()
        self.identity = Identity(
            site_id="5" * 32,
            number=7,
            name="Hotel Aurora",
            station_public=STATION.public,
            station_key_id=key_id(STATION.public),
            station_fingerprint="f" * 64,
            addresses=("127.0.0.1:8082",),
            tick_ms=250,
            category="SP4",
            paired_ms=0,
        )
        self.store = FaultyStore(f"sqlite:///{folder / 'site.db'}", name="site")
        self.store.start()
        self.slots = Slots(bytes(32), Cost(memory_kib=64, passes=1))
        self.reports = Reports(self.identity)
        self.kept = Kept(self.identity)
        self.panel = Panel(
            settings=settings,
            store=self.store,
            slots=self.slots,
            reports=self.reports,
            outbox=self.kept,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def enrol(self) -> None:
        """Give Ann her two codes; which of them is which is nowhere here, as at any site."""
        owner = secrets.token_bytes(16)
        rows = [
            make_row(owner=owner, derived=self.slots.derive(c), person=PERSON, token=t)
            for c, t in TOKENS.items()
        ]
        person = PersonRow(id=PERSON.hex(), name="Ann", owner=owner)
        self.store.write_now(lambda c: queries.person_add(c, person))
        self.store.write_now(lambda c: queries.rows_replace(c, padded(rows)))

    async def open(self) -> "Hotel":
        self.slots.load(self.store.read_now(queries.rows_load))
        await self.panel.start()
        return self

    async def again(self) -> "Hotel":
        """The panel dies without a word, and another one takes up its files."""
        self.store.close()
        return await Hotel(self.folder, settings=self.settings, clock=self.clock).open()

    @property
    def keypad(self) -> EntryPoint:
        rows = self.store.read_now(queries.entry_points)
        row = next(row for row in rows if row.name == "Lobby keypad")
        return EntryPoint(row.number, row.name, row.area)

    async def code(self, code: str, action: Action = Action.DISARM, *bypass: str) -> Answer:
        """An attempt that need not wait its turn."""
        self.clock.move(2.0)
        return await self.panel.attempt(self.keypad, code, action, bypass=bypass)

    async def after(self, by_s: float) -> None:
        self.clock.move(by_s)
        await self.panel.tick()

    def journal(self) -> list[str]:
        entries = self.store.read_now(lambda c: queries.journal_tail(c, 1000))
        return [entry.key for entry in reversed(entries)]

    def outbox(self) -> list[OutboxCell]:
        return list(self.store.read_now(queries.outbox_load))


def template(folder: Path) -> Path:
    """An empty site's database, made once for all tests of a session."""
    path = folder / "site.db"
    ensure(f"sqlite:///{path}", "site")
    return path


def hotels(folder: Path, empty: Path) -> Iterator[Hotel]:
    """One enrolled hotel in `folder`, closed when the test is over."""
    shutil.copy(empty, folder / "site.db")
    hotel = Hotel(folder)
    hotel.enrol()
    yield hotel
    hotel.store.close()
