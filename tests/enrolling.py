"""A site and a station joined by their letters only: for the tests of enrolment on both sides."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from clocks import SetClock
from watchword.core.codes import Policy
from watchword.core.words import Event
from watchword.site.enrol import Enrolments as SiteEnrolments
from watchword.site.enrol import Keys
from watchword.site.reports import Reports, as_cell
from watchword.site.slots import Cost, Slots
from watchword.station.draw import draw_enrolment
from watchword.station.enrol import Enrolments, StationKey, settle_refused, settle_taken
from watchword.storage.shared import migrate
from watchword.storage.shared.store import Store
from watchword.storage.site.queries import Identity
from watchword.storage.station import queries as station_q
from watchword.wire.report import unpack_reference
from watchword.wire.seal import KeyPair, key_id
from watchword.wire.unseal import Keyring

CHEAP = Cost(memory_kib=64, passes=1)
SITE = "a" * 32


def open_store(path: Path, half: str) -> Store:
    url = f"sqlite:///{path}"
    migrate.ensure(url, half)
    store = Store(url, name=half)
    store.start()
    return store


@dataclass
class Woken:
    sites: list[str] = field(default_factory=list)

    def wake(self, site: str) -> None:
        self.sites.append(site)


@dataclass
class Sent:
    cells: list = field(default_factory=list)

    def send(self, cell) -> None:
        self.cells.append(cell)


class Pair:
    """Both halves in memory of one test; `carry` takes letters down and answers up."""

    def __init__(self, tmp_path: Path, *, policy: Policy = Policy.PRIVATE, digits: int = 6) -> None:
        self.clock = SetClock()
        self.station_keys, self.site_keys = KeyPair.generate(), KeyPair.generate()
        self.ring = Keyring({key_id(self.station_keys.public): self.station_keys.secret})
        self.station = open_store(tmp_path / "station.db", "station")
        self.site = open_store(tmp_path / "site.db", "site")
        self.woken, self.sent = Woken(), Sent()
        self.station.write_now(lambda c: self._add_site(c, policy, digits))
        self.identity = Identity(
            site_id=SITE,
            number=1,
            name="Hotel Aurora",
            station_public=self.station_keys.public,
            station_key_id=key_id(self.station_keys.public),
            station_fingerprint="f" * 64,
            addresses=(),
            tick_ms=250,
            category="SP4",
            paired_ms=0,
        )
        self.reports = Reports(self.identity)
        self.slots = Slots(secrets.token_bytes(32), CHEAP)
        self.enrolments = Enrolments(
            store=self.station,
            clock=self.clock,
            key=StationKey(self.station_keys.public, key_id(self.station_keys.public)),
            downlink=self.woken,
        )
        self.at_site = SiteEnrolments(
            store=self.site,
            slots=self.slots,
            reports=self.reports,
            outbox=self.sent,
            clock=self.clock,
            keys=Keys(self.site_keys.secret, 1),
            policy=policy,
            digits=digits,
        )

    def _add_site(self, c, policy, digits) -> None:
        station_q.organisation_add(c, station_q.OrganisationRow("o" * 32, "Aurora Group"))
        station_q.region_add(c, station_q.RegionRow("r" * 32, "o" * 32, "North"))
        station_q.site_add(
            c,
            station_q.SiteRow(
                id=SITE,
                number=1,
                region="r" * 32,
                name="Hotel Aurora",
                address="1 Harbour Street",
                approach="",
                notes="",
                time_zone="UTC",
                watched="staffed",
                category="SP4",
                policy=policy,
                digits=digits,
                tls_fingerprint="f" * 64,
                hpke_public=self.site_keys.public,
                live_ms=None,
                joined_ms=0,
            ),
        )

    async def carry(self) -> list:
        """Letters down to the site; returns the opened reports that it answered with."""
        letters = await self.station.read(lambda c: station_q.letters_queued(c, SITE))
        for letter in letters:
            await self.at_site.take(letter.sealed)
        await self.station.write(lambda c: station_q.letters_done(c, [x.id for x in letters]))
        answers = [as_cell(k) for k in self.sent.cells]
        self.sent.cells.clear()
        return [self.ring.open_report(c.key_id, 1, c.body) for c in answers]

    async def settle(self) -> None:
        """Carry letters, and let the station take the answers as its second step would."""
        for report in await self.carry():
            ref = unpack_reference(report.payload)
            if report.event == Event.ENROLLED:
                await self.station.write(
                    lambda c, r=ref: settle_taken(c, SITE, r.ref.hex(), r.number)
                )
            elif report.event == Event.REFUSED:
                await self.station.write(lambda c, r=ref: settle_refused(c, SITE, r.ref.hex()))

    def close(self) -> None:
        self.site.close()
        self.station.close()


def draw(offer):
    """A batch for an offer, as a browser or `person add` draws it."""
    return draw_enrolment(
        offer.policy,
        offer.digits,
        offer.station_key,
        offer.station_key_id,
        offer.site_key,
        enrolment=offer.enrolment,
        randbelow=secrets.randbelow,
        token_bytes=secrets.token_bytes,
    )


async def enrol_one(pair, name="Maria Lopez"):
    """Enrol a person through both halves; returns one of the codes and the person's id."""
    offer = await pair.enrolments.begin(SITE, name, by="test")
    batch = draw(offer)
    await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
    await pair.settle()
    outcome = await pair.enrolments.outcome(offer.enrolment)
    people = await pair.station.read(lambda c: station_q.people(c, SITE))
    person = next(p.id for p in people if p.name == name)
    return batch.pair(outcome.pair).normal().reveal(), person
