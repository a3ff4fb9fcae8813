"""Joins the parts of the station's process."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import structlog
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.control import ControlServer
from watchword.adapters.shared.files import credential_or_file, is_there, read_private
from watchword.adapters.shared.tls import StationTls
from watchword.adapters.station.pairing import PairingDesk
from watchword.adapters.station.uplink import StationUplink
from watchword.adapters.station.webhook import WebhookSender
from watchword.core.errors import ConfigError, LocalFaultError
from watchword.station.accounts import TICK_MS, Accounts
from watchword.station.changes import Changes
from watchword.station.config import StationSettings, parse_settings
from watchword.station.downlink import Letters
from watchword.station.enrol import Enrolments, StationKey
from watchword.station.escalate import Escalations
from watchword.station.handoff import Handoffs
from watchword.station.incidents import Desk
from watchword.station.intake import Receiver
from watchword.station.keys import StationKeys, from_file
from watchword.station.links import Links
from watchword.station.overview import Overview
from watchword.station.people import People
from watchword.station.process import Processor
from watchword.station.record import Rules
from watchword.station.sessions import Sessions
from watchword.station.views import SessionView, SiteView
from watchword.station.watch import Watch
from watchword.station.witness import Witness
from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.web.console.app import make_app
from watchword.web.console.service import Invitation
from watchword.web.enrol import routes as enrol_pages
from watchword.web.shared.server import bind, serve
from watchword.wiring.commands import Commands
from watchword.wiring.listen import Pages, listen
from watchword.wiring.process import Life, pid_file, run_until

DATABASE, SETTINGS, KEYS = "station.db", "station.toml", "station.key"
ENGINES = {"postgresql+psycopg", "sqlite"}
CREDENTIAL = "station-key"  # as systemd may hand it over, instead of the file
DEMO = "demo"
TIDY_S = 3600.0  # ended sessions, expired invitations, carried letters
LETTER_KEPT_MS = 7 * 24 * 3600 * 1000

log = structlog.get_logger("station")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the console and the uplink are."""

    host: str
    port: int
    uplink_port: int


class _Common(TypedDict):
    """What most parts of a station are given."""

    store: Store
    clock: SystemClock
    rules: Rules
    changes: Changes


class Waker:
    """Rings an uplink that is made later than those who ring."""

    def __init__(self) -> None:
        self.uplink: StationUplink | None = None

    def wake(self, site: str) -> None:
        """A letter waits for this site."""
        if self.uplink is not None:
            self.uplink.wake(site)


@dataclass(frozen=True, slots=True)
class SitesAndPeople:
    """What the console's pages ask about sites, joined from those who answer it."""

    overview: Overview
    people: People

    async def sites(self, session: SessionView) -> tuple[SiteView, ...]:
        """Every site, and whether anybody would come."""
        return await self.overview.sites(session)

    async def invite(self, site: str, session: SessionView, name: str) -> Invitation:
        """Let a person enrol."""
        made = await self.people.invite(site, session, name)
        return Invitation(made.link, made.code)

    async def remove(self, site: str, session: SessionView, person: str) -> None:
        """Take a person's codes away at once."""
        await self.people.remove(site, session, person)

    async def prove(self, site: str, session: SessionView, *, kind: str, reference: str) -> None:
        """Record that somebody answered."""
        await self.people.prove(site, session, kind=kind, reference=reference)


def load_settings(directory: Path) -> StationSettings:
    """Read `station.toml`; without the file everything is as usual.

    Raises:
        ConfigError: it names the setting and what to do.
    """
    path = directory / SETTINGS
    if not path.exists():
        return StationSettings()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{path} cannot be read.", hint="It must be UTF-8 text that this user may read."
        ) from None
    return parse_settings(path, text, lambda file: read_private(file, what="A webhook's key"))


def load_keys(directory: Path) -> StationKeys:
    """Read the station's keys."""
    return from_file(credential_or_file(CREDENTIAL, directory / KEYS, what="The station's key"))


def database_url(directory: Path, settings: StationSettings) -> str:
    """Where the station's database is.

    Raises:
        ConfigError: the settings name one that this program does not know.
    """
    if not settings.database:
        return sqlite_url(directory / DATABASE)
    try:
        known = make_url(settings.database).drivername in ENGINES
    except ArgumentError:
        known = False
    if not known:
        raise ConfigError(
            f"{directory / SETTINGS}: `database` is not the address of a database.",
            hint="Write postgresql+psycopg://user@host/name, or leave it empty.",
        )
    return settings.database


async def run_station_half(data: Path, where: Listen, life: Life, stop: asyncio.Event) -> None:
    """Run the station of this data directory until `stop`.

    Raises:
        ConfigError: settings or keys cannot be used.
        LocalFaultError: not set up yet, a port taken, a database that cannot be opened.
    """
    directory = data / "station"
    if not is_there(CREDENTIAL, directory / KEYS):
        raise LocalFaultError(
            f"There is no station in {directory}.",
            hint="Set it up: `watchword up` for both halves, or restore its keys.",
        )
    settings = load_settings(directory)
    async with AsyncExitStack() as end:
        end.enter_context(pid_file(directory))
        url = database_url(directory, settings)
        migrate.ensure(url, "station")
        store = Store(url, name="station")
        end.callback(store.close)
        store.start()
        pages = listen(directory, where.host, where.port)
        end.callback(pages.sock.close)
        sender = await end.enter_async_context(WebhookSender())
        half = _Half(
            directory=directory,
            settings=settings,
            store=store,
            pages=pages,
            where=where,
            sender=sender,
            stop=stop,
            demo=bool(await store.read(lambda c: queries.value_get(c, DEMO))),
        )
        # TLS with pinned certificates: it may face a network on which pages may not be plain.
        uplink_socket = bind(settings.uplink_host or where.host, where.uplink_port)
        end.callback(uplink_socket.close)
        await half.uplink.start(uplink_socket)
        end.push_async_callback(half.uplink.close)
        control = ControlServer(directory / "control.sock", half.commands.handlers())
        await control.start()
        end.push_async_callback(control.close)
        await run_until(
            stop,
            serving=serve(
                half.app, pages.sock, stop, certfile=pages.certificate, keyfile=pages.key
            ),
            jobs=half.jobs(),
            ready=life.ready,
        )


class _Half:
    """The joined parts of a running station."""

    def __init__(
        self,
        *,
        directory: Path,
        settings: StationSettings,
        store: Store,
        pages: Pages,
        where: Listen,
        sender: WebhookSender,
        stop: asyncio.Event,
        demo: bool,
    ) -> None:
        clock = SystemClock()
        keys = load_keys(directory)
        newest = keys.newest
        public = StationKey(newest.pair.public, newest.id)
        tls = StationTls.ensure(
            directory / "tls",
            name=settings.name,
            hosts=sorted({where.host, "localhost"}),
            at=clock.now(),
        )
        rules = Rules(webhooks=settings.webhooks, call_back=settings.call_back)
        changes, waker = Changes(), Waker()
        common = _Common(store=store, clock=clock, rules=rules, changes=changes)
        self.store, self.clock = store, clock
        self.watch = Watch(**common)
        self.processor = Processor(**common, ring=keys.ring())
        self.handoffs = Handoffs(**common, sender=sender)
        self.escalations = Escalations(**common)
        self.desk = Desk(**common)
        self.enrolments = Enrolments(store=store, clock=clock, key=public, downlink=waker)
        self.people = People(
            store=store,
            clock=clock,
            enrolments=self.enrolments,
            downlink=waker,
            # Under the console's own name: browsers keep cookies by name, not by port.
            base_url=settings.base_url or pages.base_url.replace("127.0.0.1", "localhost"),
        )
        self.overview = Overview(store=store, clock=clock, rules=rules, watch=self.watch)
        self.accounts = Accounts(store=store, clock=clock, key=public, tick_ms=TICK_MS)
        # A sample hotel has no control room to declare: its console counts as off the site.
        self.sessions = Sessions(
            store=store, clock=clock, default_place="off-site" if demo else None
        )
        links = Links(
            store=store,
            receiver=Receiver(store=store, clock=clock, wake=self.processor.wake),
            letters=Letters(store),
            witness=Witness(**common),
            watch=self.watch,
            tick_s=TICK_MS / 1000,
        )
        desk = PairingDesk(authority=tls.authority, registry=self.accounts, clock=clock)
        self.uplink = StationUplink(tls=tls, duties=links, pair=desk.converse, clock=clock)
        waker.uplink = self.uplink
        self.app = make_app(
            sessions=self.sessions,
            desk=self.desk,
            sites=SitesAndPeople(self.overview, self.people),
            stop=stop,
            secure_cookies=pages.secure,
            enrol_router=enrol_pages.make_router(self.enrolments),
            enrol_folder=enrol_pages.HERE,
            now_ms=lambda: int(clock.now() * 1000),
        )
        self.commands = Commands(
            store=store,
            clock=clock,
            desk=self.desk,
            people=self.people,
            enrolments=self.enrolments,
            overview=self.overview,
            accounts=self.accounts,
            identity=tls.identity,
            uplink_address=settings.uplink_address or f"{where.host}:{where.uplink_port}",
        )

    def jobs(self) -> dict[str, Any]:
        """What runs as long as the process does."""
        return {
            "processor": self.processor.run(),
            "handoffs": self.handoffs.run(),
            "escalations": self.escalations.run(),
            "watch": self.watch.run(),
            "tidy": self._tidy(),
            "store": self.store.watch(),
        }

    async def _tidy(self) -> None:
        def forget(c: Connection) -> None:
            now_ms = int(self.clock.now() * 1000)
            queries.enrolments_expire(c, now_ms)
            queries.letters_forget(c, now_ms - LETTER_KEPT_MS)

        while True:
            try:
                await self.sessions.forget_old()
                await self.store.write(forget)
            except LocalFaultError as error:
                # A full disk ends no alarm receiver: what is old waits for the next time.
                log.error("station.not-tidied", error=type(error).__name__)
            await asyncio.sleep(TIDY_S)
