"""The sites that a station watches: how one is offered a pairing, and how it is entered."""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.core.codes import DEFAULT_DIGITS, Policy
from watchword.core.errors import InputError, RefusedError
from watchword.core.timing import Clock
from watchword.station.enrol import StationKey
from watchword.station.ports import Admission, Invitation, NewSite
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import (
    OrganisationRow,
    PairingRow,
    RegionRow,
    SiteRow,
)

FIRST_ORGANISATION = OrganisationRow("0" * 32, "This organisation")
FIRST_REGION = RegionRow("0" * 32, FIRST_ORGANISATION.id, "This region")
TICK_MS = 250
CATEGORY = "SP5"  # 90 s until silence is an incident
NAME_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """What a site is entered with; an operator completes the rest later."""

    name: str
    address: str = ""
    approach: str = ""
    notes: str = ""
    time_zone: str = "UTC"
    watched: str = "staffed"
    category: str = CATEGORY
    policy: Policy = Policy.PRIVATE
    digits: int = DEFAULT_DIGITS


class Accounts:
    """Implements `ports.Registry` for pairing."""

    def __init__(self, *, store: Store, clock: Clock, key: StationKey, tick_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._tick_ms = tick_ms

    async def offer(self, name: str, secret_hash: bytes, expires_at: float) -> None:
        """Keep the hash of a one-time string that was handed out for a new site.

        Raises:
            InputError: the name is empty or too long.
        """
        plain = " ".join(name.split())
        if not plain or len(plain) > NAME_CHARS_MAX or not plain.isprintable():
            raise InputError(f"A site's name has 1 to {NAME_CHARS_MAX} printable characters.")
        row = PairingRow(secret_hash, plain, {}, int(expires_at * 1000))

        def store(c: Connection) -> None:
            queries.pairing_add(c, row)
            at_ms = int(self._clock.now() * 1000)
            queries.journal_append(c, at_ms, "command", "pairing-offered", {"site": plain})

        await self._store.write(store)

    async def invitation(self, secret_hash: bytes) -> Invitation | None:
        """The invitation whose secret has this SHA-256, used and expired ones too."""
        row = await self._store.read(lambda c: queries.pairing_get(c, secret_hash))
        if row is None:
            return None
        return Invitation(row.secret_hash, row.expires_ms / 1000, row.used_ms is not None)

    async def admit(self, secret_hash: bytes, site: NewSite, at: float) -> Admission:
        """Use the invitation up and enter the site, in one transaction.

        Raises:
            RefusedError: it was used in the meantime.
        """

        def store(c: Connection) -> Admission:
            taken = queries.pairing_take(c, secret_hash, int(at * 1000))
            if taken is None:
                raise RefusedError("This pairing string was used already.")
            profile = SiteProfile(taken.site_name, policy=Policy(site.policy), digits=site.digits)
            return self.enter(c, site, profile, at=at)

        return await self._store.write(store)

    def enter(self, c: Connection, site: NewSite, profile: SiteProfile, *, at: float) -> Admission:
        """Enter a site in somebody's transaction; its number is the next free one."""
        queries.organisation_add(c, FIRST_ORGANISATION)
        queries.region_add(c, FIRST_REGION)
        row = SiteRow(
            id=site.id,
            number=queries.site_next_number(c),
            region=FIRST_REGION.id,
            name=profile.name,
            address=profile.address,
            approach=profile.approach,
            notes=profile.notes,
            time_zone=profile.time_zone,
            watched=profile.watched,
            category=profile.category,
            policy=profile.policy,
            digits=profile.digits,
            tls_fingerprint=site.fingerprint,
            hpke_public=site.hpke_public,
            live_ms=None,
            joined_ms=int(at * 1000),
        )
        queries.site_add(c, row)
        said = {"name": row.name, "number": row.number}
        queries.journal_append(c, int(at * 1000), "system", "site-joined", said, site=row.id)
        return Admission(
            number=row.number,
            station_key=self._key.public,
            station_key_id=self._key.key_id,
            tick_ms=self._tick_ms,
            category=row.category,
        )
