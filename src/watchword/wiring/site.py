"""Joins the parts of the site's process, and of no other."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.control import ControlServer, Handler
from watchword.adapters.shared.files import credential_or_file, read_private
from watchword.adapters.shared.tls import SiteTls
from watchword.adapters.site.uplink import SiteUplink
from watchword.core.errors import InputError, LocalFaultError
from watchword.core.words import Action
from watchword.site.config import SiteSettings, load
from watchword.site.enrol import Enrolments, Keys
from watchword.site.outgoing import Outgoing
from watchword.site.panel import Panel
from watchword.site.reports import Reports
from watchword.site.slots import Cost, Slots
from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import Identity
from watchword.web.keypad.app import make_app
from watchword.web.shared.server import serve
from watchword.wiring.listen import listen
from watchword.wiring.process import Life, pid_file, run_until

DATABASE, SETTINGS, SITE_KEY, HPKE_KEY = "site.db", "site.toml", "site.key", "site-hpke.key"
CREDENTIAL = "site-key"  # as systemd may hand it over, instead of the file
DERIVATION = "derivation"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the keypad's pages are."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The joined parts of a running site."""

    store: Store
    panel: Panel
    outgoing: Outgoing
    uplink: SiteUplink


async def run_site_half(data: Path, where: Listen, life: Life, stop: asyncio.Event) -> None:
    """Run the site of this data directory until `stop`.

    Raises:
        ConfigError: settings or keys cannot be used.
        LocalFaultError: not paired yet, a port taken, a database that cannot be opened.
    """
    directory = data / "site"
    if not (directory / DATABASE).exists():
        raise _not_paired(directory)
    settings = load(directory / SETTINGS)
    async with AsyncExitStack() as end:
        end.enter_context(pid_file(directory))
        url = sqlite_url(directory / DATABASE)
        migrate.ensure(url, "site")
        store = Store(url, name="site")
        end.callback(store.close)
        store.start()
        parts = await _join(directory, settings, store)
        end.push_async_callback(parts.panel.close)
        pages = listen(directory, where.host, where.port)
        end.callback(pages.sock.close)
        control = ControlServer(
            directory / "control.sock", _commands(parts.panel, settings, pages.base_url)
        )
        await parts.panel.start()
        await control.start()
        end.push_async_callback(control.close)
        await run_until(
            stop,
            serving=serve(
                make_app(parts.panel, stop=stop, secure_cookies=pages.secure),
                pages.sock,
                stop,
                certfile=pages.certificate,
                keyfile=pages.key,
            ),
            jobs={
                "panel": parts.panel.run(),
                "outgoing": parts.outgoing.run(),
                "uplink": parts.uplink.run(),
                "store": store.watch(),
            },
            ready=life.ready,
        )


async def _join(directory: Path, settings: SiteSettings, store: Store) -> Parts:
    identity = await store.read(queries.identity_get)
    if identity is None:
        raise _not_paired(directory)
    clock = SystemClock()
    slots = await _slots(directory, store)
    reports, outgoing = Reports(identity), Outgoing(store)
    panel = Panel(
        settings=settings,
        store=store,
        slots=slots,
        reports=reports,
        outbox=outgoing,
        clock=clock,
    )
    enrolments = Enrolments(
        store=store,
        slots=slots,
        reports=reports,
        outbox=outgoing,
        clock=clock,
        keys=Keys(read_private(directory / HPKE_KEY, what="The site's key"), identity.number),
        policy=settings.policy,
        digits=settings.digits,
    )
    uplink = SiteUplink(
        addresses=identity.addresses,
        tls=SiteTls.load(directory / "tls"),
        tick_s=_tick_s(identity, settings),
        duties=outgoing,
        clock=clock,
    )
    outgoing.attach(uplink=uplink, panel=panel, letter=enrolments.take)
    return Parts(store, panel, outgoing, uplink)


async def _slots(directory: Path, store: Store) -> Slots:
    cost = await store.read(lambda c: queries.value_get(c, DERIVATION))
    if cost is None:
        raise _not_paired(directory)
    key = credential_or_file(CREDENTIAL, directory / SITE_KEY, what="The site key")
    slots = Slots(key, Cost(**cost))
    slots.load(await store.read(queries.rows_load))
    return slots


def _tick_s(identity: Identity, settings: SiteSettings) -> float:
    """The slower of what pairing and the settings say: both ends must bear it."""
    return max(identity.tick_ms, settings.tick_ms) / 1000


def _commands(panel: Panel, settings: SiteSettings, base_url: str) -> dict[str, Handler]:
    async def attempt(given: Mapping[str, Any]) -> Any:
        entry = panel.command_line(_optional(given, "area"))
        action = Action(given["action"])
        return msgspec.to_builtins(await panel.attempt(entry, str(given["code"]), action))

    async def zone(given: Mapping[str, Any]) -> Any:
        state = await panel.zone(str(given["name"]), bool(given["open"]))
        return msgspec.to_builtins(state)

    async def keypad_offer(given: Mapping[str, Any]) -> Any:
        known = settings.entry_points
        if "name" not in given and known:
            code = await panel.offer(known[0].name, known[0].area)
        else:
            name = str(given.get("name", "")).strip()
            if not name:
                raise InputError("A keypad needs a name.")
            code = await panel.offer(name, _optional(given, "area"))
        return {"url": f"{base_url}/pair/{code}", "code": code}

    async def health(_: Mapping[str, Any]) -> Any:
        return {"trouble": list(panel.state(panel.command_line()).trouble)}

    return {"attempt": attempt, "zone": zone, "keypad-offer": keypad_offer, "health": health}


def _optional(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    return None if value is None else str(value)


def _not_paired(directory: Path) -> LocalFaultError:
    return LocalFaultError(
        f"There is no paired site in {directory}.",
        hint="Pair it with `watchword pair join`, or run `watchword up` for both halves.",
    )
