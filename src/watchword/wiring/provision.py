"""Setting both halves up and pairing them with each other: the work of a short-lived process.

Only here are both halves' stores open at once, before either half runs. What exists is left
alone, so that it may run before every start.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cryptography import x509
from sqlalchemy import Connection

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.files import is_there, private_dir, write_private
from watchword.adapters.shared.tls import Identity as TlsIdentity
from watchword.adapters.shared.tls import SiteTls, StationTls, fingerprint, new_key, request
from watchword.core.errors import LocalFaultError
from watchword.site.config import load, write_sample
from watchword.site.slots import SITE_KEY_BYTES, Cost
from watchword.station.accounts import TICK_MS, Accounts, SiteProfile
from watchword.station.config import SAMPLE
from watchword.station.enrol import StationKey
from watchword.station.keys import StationKeys, to_file
from watchword.station.keys import new_key as new_station_key
from watchword.station.ports import Admission, NewSite
from watchword.station.sessions import Sessions
from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as site_queries
from watchword.storage.site.queries import Identity
from watchword.storage.station import queries as station_queries
from watchword.wire.seal import KeyPair
from watchword.wiring import demo as sample
from watchword.wiring import site as site_files
from watchword.wiring import station as station_files
from watchword.wiring.site import DERIVATION, HPKE_KEY, SETTINGS, SITE_KEY
from watchword.wiring.station import KEYS, load_keys, load_settings

FIRST_OPERATOR = "admin"
FIRST_SIGN_IN = "first-sign-in.txt"
ALL_RIGHTS = frozenset({"work", "people", "prove"})


@dataclass(frozen=True, slots=True)
class Places:
    """Where the halves of one data directory listen."""

    host: str
    site_port: int
    station_port: int
    uplink_port: int

    @property
    def uplink(self) -> str:
        """The uplink's address as the site dials it."""
        return f"{self.host}:{self.uplink_port}"


def provision_both(
    data: Path,
    *,
    demo: bool,
    host: str,
    site_port: int,
    station_port: int,
    uplink_port: int,
) -> None:
    """Set both halves up on the first start; refresh addresses and links on later ones."""
    places = Places(host, site_port, station_port, uplink_port)
    asyncio.run(_provision(data, places, demo=demo))


def found_station(data: Path) -> None:
    """Make a station alone: its keys, settings, database and first operator."""
    directory = private_dir(private_dir(data) / "station")
    store = open_station(directory)
    try:
        asyncio.run(_first_operator(store, directory, demo=False))
    finally:
        store.close()


async def _provision(data: Path, places: Places, *, demo: bool) -> None:
    private_dir(data)
    station_dir, site_dir = private_dir(data / "station"), private_dir(data / "site")
    station = open_station(station_dir, demo=demo)
    try:
        site = open_site(site_dir)
        try:
            settings = load(site_dir / SETTINGS)
            if await site.read(site_queries.identity_get) is None:
                profile = sample.PROFILE if demo else SiteProfile(settings.name)
                # Codes have the length and policy that the site's settings have.
                profile = replace(profile, policy=settings.policy, digits=settings.digits)
                await _pair(data, station, site, profile, places)
            await _follow_address(site, places)
            await _first_operator(station, station_dir, demo=demo)
            if demo:
                await sample.fill(data, station, site, settings, load_keys(station_dir))
        finally:
            site.close()
    finally:
        station.close()


def open_station(directory: Path, *, demo: bool = False) -> Store:
    """The station's store, with keys and settings made on the first start.

    Raises:
        LocalFaultError: the keys are gone, and there are sites whose reports need them.
    """
    if not (directory / station_files.SETTINGS).exists():
        text = SAMPLE.replace('call_back = ""', f'call_back = "{sample.CALL_BACK}"')
        write_private(directory / station_files.SETTINGS, (text if demo else SAMPLE).encode())
    url = station_files.database_url(directory, load_settings(directory))
    migrate.ensure(url, "station")
    store = _opened(url, "station")
    with _closed_on_error(store):
        if _missing(
            directory / KEYS,
            station_files.CREDENTIAL,
            used=bool(store.read_now(station_queries.sites)),
        ):
            made = StationKeys((new_station_key(int(SystemClock().now() * 1000)),))
            write_private(directory / KEYS, to_file(made))
    return store


def open_site(directory: Path) -> Store:
    """The site's store, with its keys, derivation cost and sample settings on the first start.

    Raises:
        LocalFaultError: a key of a paired site is gone.
    """
    write_sample(directory / SETTINGS)
    url = sqlite_url(directory / site_files.DATABASE)
    migrate.ensure(url, "site")
    store = _opened(url, "site")
    with _closed_on_error(store):
        paired = store.read_now(site_queries.identity_get) is not None
        if _missing(directory / SITE_KEY, site_files.CREDENTIAL, used=paired):
            write_private(directory / SITE_KEY, secrets.token_bytes(SITE_KEY_BYTES))
        if _missing(directory / HPKE_KEY, "", used=paired):
            write_private(directory / HPKE_KEY, KeyPair.generate().secret)
        if store.read_now(lambda c: site_queries.value_get(c, DERIVATION)) is None:
            cost = asdict(Cost.measured(time.perf_counter))
            store.write_now(lambda c: site_queries.value_set(c, DERIVATION, cost))
    return store


def _missing(key: Path, credential: str, *, used: bool) -> bool:
    """Whether a key is to be made; one that something was made with is never replaced."""
    if is_there(credential, key):
        return False
    if used:
        raise LocalFaultError(
            f"{key} is missing, and what is stored needs it.",
            hint="Restore it from its back-up. A new one would open and find nothing.",
        )
    return True


@contextmanager
def _closed_on_error(store: Store) -> Iterator[None]:
    try:
        yield
    except BaseException:
        store.close()
        raise


def _opened(url: str, name: str) -> Store:
    store = Store(url, name=name)
    store.start()
    return store


async def _pair(
    data: Path, station: Store, site: Store, profile: SiteProfile, places: Places
) -> None:
    """Exchange what pairing exchanges, without a network: both ends are here."""
    clock = SystemClock()
    station_dir, site_dir = data / "station", data / "site"
    newest = load_keys(station_dir).newest
    key = StationKey(newest.pair.public, newest.id)
    hosts = sorted({places.host, "localhost"})
    tls = StationTls.ensure(
        station_dir / "tls", name=load_settings(station_dir).name, hosts=hosts, at=clock.now()
    )
    site_id, tls_key = secrets.token_hex(16), new_key()
    issued = tls.authority.issue_site(site_id, request(tls_key, profile.name), at=clock.now())
    hpke = KeyPair.from_secret((site_dir / HPKE_KEY).read_bytes())
    new = NewSite(
        site_id,
        profile.name,
        hpke.public,
        fingerprint(x509.load_pem_x509_certificate(issued)),
    )
    accounts = Accounts(store=station, clock=clock, key=key, tick_ms=TICK_MS)

    def enter(c: Connection) -> Admission:
        return accounts.enter(c, new, profile, at=clock.now())

    admission = await station.write(enter)
    SiteTls.save(site_dir / "tls", TlsIdentity(issued, tls_key), tls.identity.certificate)
    identity = Identity(
        site_id=site_id,
        number=admission.number,
        name=profile.name,
        station_public=admission.station_key,
        station_key_id=admission.station_key_id,
        station_fingerprint=tls.identity.fingerprint,
        addresses=(places.uplink,),
        tick_ms=admission.tick_ms,
        category=admission.category,
        paired_ms=int(clock.now() * 1000),
    )
    await site.write(lambda c: site_queries.identity_set(c, identity))


async def _follow_address(site: Store, places: Places) -> None:
    """The two halves of one directory find each other on whatever ports they were given."""
    identity = await site.read(site_queries.identity_get)
    if identity is not None and identity.addresses != (places.uplink,):
        moved = replace(identity, addresses=(places.uplink,))
        await site.write(lambda c: site_queries.identity_set(c, moved))


async def _first_operator(station: Store, directory: Path, *, demo: bool) -> None:
    known = await station.read(station_queries.operators)
    if demo or known:
        return
    password = secrets.token_urlsafe(12)
    sessions = Sessions(store=station, clock=SystemClock())
    await sessions.set_operator(
        FIRST_OPERATOR, display="Administrator", password=password, may=ALL_RIGHTS, by="set-up"
    )
    note = f"{FIRST_OPERATOR} {password}\n"
    write_private(directory / FIRST_SIGN_IN, note.encode())
