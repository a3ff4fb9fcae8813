"""At the site: joining a station with its one-time string. The site's keys are made here."""

import asyncio
import secrets
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import typer

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.files import private_dir, write_private
from watchword.adapters.shared.tls import SiteTls
from watchword.adapters.site.pairing import Joined, join
from watchword.cli.output import secret_from
from watchword.core.errors import RefusedError
from watchword.site.config import load, write_sample
from watchword.site.slots import SITE_KEY_BYTES, Cost
from watchword.storage.shared import migrate
from watchword.storage.shared.engine import sqlite_url
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import Identity
from watchword.wiring.site import DATABASE, DERIVATION, HPKE_KEY, SETTINGS, SITE_KEY


def join_station(data: Path, *, string: str) -> None:
    """Pair this data directory's site with the station that handed out the string.

    Raises:
        RefusedError: this site is paired already.
        InputError: the string is mistyped, used or too old.
    """
    directory = private_dir(private_dir(data) / "site")
    write_sample(directory / SETTINGS)
    settings = load(directory / SETTINGS)
    url = sqlite_url(directory / DATABASE)
    migrate.ensure(url, "site")
    store = Store(url, name="site")
    store.start()
    try:
        if store.read_now(queries.identity_get) is not None:
            raise RefusedError(
                f"The site in {directory} is paired already.",
                hint="Its codes belong to that station. Use an empty directory for another site.",
            )
        text = secret_from(string, what="pairing string")
        if not (directory / SITE_KEY).exists():
            write_private(directory / SITE_KEY, secrets.token_bytes(SITE_KEY_BYTES))
        joined = asyncio.run(
            join(text, name=settings.name, digits=settings.digits, policy=settings.policy)
        )
        _keep(directory, store, settings.name, joined)
    finally:
        store.close()
    typer.echo(f"{settings.name} is paired. Start it: watchword site --data {data}")
    typer.echo(f"Its areas, zones and delays are in {directory / SETTINGS}", err=True)


def _keep(directory: Path, store: Store, name: str, joined: Joined) -> None:
    """Write keys first and the identity last: its presence says that all is there."""
    write_private(directory / HPKE_KEY, joined.hpke.secret)
    SiteTls.save(directory / "tls", joined.identity, joined.station_certificate)
    identity = Identity(
        site_id=joined.site_id,
        number=joined.number,
        name=name,
        station_public=joined.station_key,
        station_key_id=joined.station_key_id,
        station_fingerprint=joined.station_fingerprint,
        addresses=(joined.address,),
        tick_ms=joined.tick_ms,
        category=joined.category,
        paired_ms=int(SystemClock().now() * 1000),
    )
    cost = asdict(Cost.measured(perf_counter))
    store.write_now(lambda c: queries.value_set(c, DERIVATION, cost))
    store.write_now(lambda c: queries.identity_set(c, identity))
