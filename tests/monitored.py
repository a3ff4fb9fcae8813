"""A real station on a real database, a site that seals real reports, and a clock that is set."""

import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from clocks import SetClock
from watchword.core.words import Event, ReportClass
from watchword.station.changes import Changes
from watchword.station.config import WebhookSettings
from watchword.station.escalate import Escalations
from watchword.station.handoff import Handoffs
from watchword.station.incidents import Desk
from watchword.station.intake import Receiver
from watchword.station.keys import StationKeys, new_key
from watchword.station.process import Processor
from watchword.station.record import Rules
from watchword.station.views import SessionView
from watchword.station.watch import Watch
from watchword.storage.shared import migrate
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import (
    EnrolmentRow,
    EnrolmentState,
    OrganisationRow,
    PersonRow,
    RegionRow,
    SiteRow,
    SlotRow,
    SlotState,
)
from watchword.wire.report import PAYLOAD_BYTES, Report, pack_report
from watchword.wire.seal import TOKEN_INFO, dummy_token, report_info, seal
from watchword.wire.slot import Meaning, Token, pack_token
from watchword.wire.uplink.cell import Cell

T0 = 1_790_000_000.0
SITE, OTHER = "site-a", "site-b"
MARIA, BEN = "a" * 32, "b" * 32
OFF_SITE = SessionView("ann", "Ann Berg", "off-site", "csrf", frozenset({"work"}))
SECOND = SessionView("bob", "Bob Ito", "off-site", "csrf", frozenset({"work"}))
AT_SITE = SessionView("eve", "Eve Lind", "premises", "csrf", frozenset({"work"}))
NOWHERE = SessionView("joe", "Joe Kim", None, "csrf", frozenset({"work"}))
READER = SessionView("ray", "Ray Poe", "off-site", "csrf", frozenset())


@dataclass
class FakeSite:
    """What a site sends: reports sealed with the station's public key only."""

    public: bytes
    key_id: bytes
    clock: SetClock
    number: int = 1
    epoch: int = 77
    counters: dict[int, int] = field(default_factory=dict)

    def cell(
        self,
        event: Event | int,
        cls: ReportClass = ReportClass.VALID,
        *,
        payload: bytes = bytes(PAYLOAD_BYTES),
        detail: int = 1,
        area: int = 1,
        place: int = 2,
        count: int = 1,
        inside: dict[str, int] | None = None,
        key: bytes | None = None,
    ) -> Cell:
        self.counters[cls] = counter = self.counters.get(cls, 0) + 1
        values = {
            "cls": int(cls),
            "site": self.number,
            "epoch": self.epoch,
            "counter": counter,
            **(inside or {}),
        }
        report = Report(
            event=int(event),
            at_ms=int(self.clock.now() * 1000),
            detail=detail,
            area=area,
            place=place,
            count=count,
            payload=payload,
            **values,
        )
        body = seal(key or self.public, report_info(self.number), pack_report(report))
        return Cell(int(cls), self.epoch, counter, body, self.key_id)

    def attempt(
        self, token: bytes, *, event: Event = Event.ATTEMPT_ACCEPTED, **more: object
    ) -> Cell:
        cls = ReportClass.VALID if event is Event.ATTEMPT_ACCEPTED else ReportClass.INVALID
        return self.cell(event, cls, payload=token, **more)  # type: ignore[arg-type]

    def token(self, ref: bytes, meaning: Meaning) -> bytes:
        return seal(self.public, TOKEN_INFO, pack_token(Token(ref, self.key_id, meaning)))

    def dummy(self) -> bytes:
        return dummy_token(self.public)


@dataclass
class FakeSender:
    """A receiver that answers what the test says, and remembers what it got."""

    answers: list[int | Exception] = field(default_factory=list)
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.got.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


@cache
def _empty() -> bytes:
    """A station's database without rows, migrated once for all tests."""
    with TemporaryDirectory() as folder:
        migrate.ensure(f"sqlite:///{folder}/station.db", "station")
        return (Path(folder) / "station.db").read_bytes()


class Station:
    """Everything of a station but sockets; `restart` forgets all memory."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}/station.db"
        (path / "station.db").write_bytes(_empty())
        self.clock = SetClock(T0)
        self.keys = StationKeys((new_key(0),))
        self.rules = Rules(call_back="+1 555 0100")
        self.sender = FakeSender()
        self.store = Store(self.url, name="test")
        self.store.start()
        self.wire()
        self.site = self.fake_site(1)
        self.normal, self.duress = secrets.token_bytes(16), secrets.token_bytes(16)
        self.store.write_now(self._fill)

    def wire(self) -> None:
        common = {
            "store": self.store,
            "clock": self.clock,
            "rules": self.rules,
            "changes": Changes(),
        }
        self.changes = common["changes"]
        self.processor = Processor(ring=self.keys.ring(), **common)
        self.receiver = Receiver(store=self.store, clock=self.clock, wake=self.processor.wake)
        self.desk = Desk(**common)
        self.escalations = Escalations(**common)
        self.handoffs = Handoffs(sender=self.sender, **common)
        self.watch = Watch(**common)

    def with_webhook(self) -> None:
        hook = WebhookSettings("Police desk", "https://police.example/in", b"k" * 32)
        self.rules = Rules(webhooks=(hook,), call_back="+1 555 0100")
        self.wire()

    def restart(self) -> None:
        self.store.close()
        self.store = Store(self.url, name="test")
        self.store.start()
        self.wire()

    def fake_site(self, number: int) -> FakeSite:
        key = self.keys.newest
        return FakeSite(key.pair.public, key.id, self.clock, number)

    async def take(self, *cells: Cell, site: str = SITE) -> None:
        acknowledged = await self.receiver.take(site, cells)
        assert acknowledged == tuple(cell.id for cell in cells)

    async def hear(self, *cells: Cell, site: str = SITE) -> None:
        await self.take(*cells, site=site)
        await self.processor.process()

    def incidents(self) -> list[queries.IncidentRow]:
        return list(self.store.read_now(queries.incidents))

    def only(self) -> queries.IncidentRow:
        (row,) = self.incidents()
        return row

    def causes(self, incident: str) -> list[str]:
        return [e.key for e in self.store.read_now(lambda c: queries.events(c, incident))]

    def slot(self, ref: bytes, state: SlotState = SlotState.ACTIVE, site: str = SITE) -> bytes:
        person = MARIA if site == SITE else BEN
        row = SlotRow(ref.hex(), site, person, None, state, 0, self.keys.newest.id)
        self.store.write_now(lambda c: queries.slots_add(c, [row]))
        return ref

    def _fill(self, c) -> None:
        queries.organisation_add(c, OrganisationRow("o", "Aurora"))
        queries.region_add(c, RegionRow("r", "o", "North"))
        for number, site in enumerate((SITE, OTHER), start=1):
            queries.site_add(
                c,
                SiteRow(
                    id=site,
                    number=number,
                    region="r",
                    name=f"Hotel {number}",
                    address="1 Main Street",
                    approach="By the east door.",
                    notes="Dog.",
                    time_zone="UTC",
                    watched="staffed",
                    category="SP4",
                    policy="private",
                    digits=6,
                    tls_fingerprint=f"f{number}",
                    hpke_public=None,
                    live_ms=None,
                    joined_ms=0,
                ),
            )
        queries.person_add(c, PersonRow(MARIA, SITE, "Maria Lopez"))
        queries.person_add(c, PersonRow(BEN, OTHER, "Ben Okafor"))
        queries.names_set(c, SITE, "entry", {2: "Lobby keypad"})
        queries.names_set(c, SITE, "area", {1: "Lobby"})
        key = self.keys.newest.id
        queries.slots_add(
            c,
            [
                SlotRow(ref.hex(), SITE, MARIA, None, SlotState.ACTIVE, 0, key)
                for ref in (self.normal, self.duress)
            ],
        )

    def normal_token(self) -> bytes:
        return self.site.token(self.normal, Meaning.NORMAL)

    def duress_token(self) -> bytes:
        return self.site.token(self.duress, Meaning.DURESS)

    def enrolment(self, person: str = MARIA) -> str:
        row = EnrolmentRow(
            id="e" * 32,
            site=SITE,
            person=person,
            link_hash=b"l" * 32,
            code_hash=b"c" * 32,
            attempts=0,
            state=EnrolmentState.SENT,
            expires_ms=int(T0 * 1000) + 10**6,
        )
        self.store.write_now(lambda c: queries.enrolment_add(c, row))
        return row.id
