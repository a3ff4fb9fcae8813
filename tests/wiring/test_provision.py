"""Setting up: everything once, nothing that exists is replaced, and a lost key is told."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from halves import Halves, quiet_ports
from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.tls import SiteTls, StationTls
from watchword.core.errors import ConfigError, LocalFaultError
from watchword.site.config import SAMPLE
from watchword.station.sessions import Sessions
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as site_queries
from watchword.storage.site.queries import Identity
from watchword.storage.station import queries as station_queries
from watchword.storage.station.queries import SiteRow
from watchword.wire.seal import KeyPair
from watchword.wiring.provision import (
    ALL_RIGHTS,
    FIRST_OPERATOR,
    FIRST_SIGN_IN,
    found_station,
    open_site,
    open_station,
)
from watchword.wiring.station import load_keys

pytestmark = pytest.mark.slow

SITE_FILES = ("site.key", "site-hpke.key", "site.toml")
STATION_FILES = ("station.key", "station.toml", "first-sign-in.txt")


def files(data: Path) -> dict[str, str]:
    """What every file of a directory holds; databases aside, which have journals of their own."""
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file() and ".db" not in path.name
    }


def read(store: Store, work: Callable[[Connection], object]) -> object:
    try:
        return store.read_now(work)
    finally:
        store.close()


def identity(half: Halves) -> Identity:
    found = read(open_site(half.data / "site"), site_queries.identity_get)
    assert isinstance(found, Identity)
    return found


def sites(half: Halves) -> tuple[SiteRow, ...]:
    found = read(open_station(half.data / "station"), station_queries.sites)
    assert isinstance(found, tuple)
    return found


def test_two_halves_know_each_other(plain: Halves) -> None:
    site, (entered,) = identity(plain), sites(plain)
    key = load_keys(plain.data / "station").newest
    assert (site.site_id, site.number, site.name) == (entered.id, entered.number, entered.name)
    assert (site.station_public, site.station_key_id) == (key.pair.public, key.id)
    assert site.addresses == (f"127.0.0.1:{plain.ports[2]}",)
    mine = KeyPair.from_secret((plain.data / "site" / "site-hpke.key").read_bytes())
    assert entered.hpke_public == mine.public
    tls = StationTls.ensure(plain.data / "station" / "tls", name="", hosts=["localhost"], at=0)
    assert site.station_fingerprint == tls.identity.fingerprint
    own = SiteTls.load(plain.data / "site" / "tls")
    assert entered.tls_fingerprint == own.identity.fingerprint


def test_nobody_else_may_read_what_was_made(plain: Halves) -> None:
    for path in [plain.data, *plain.data.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    for name in SITE_FILES:
        assert (plain.data / "site" / name).is_file()
    for name in STATION_FILES:
        assert (plain.data / "station" / name).is_file()


def test_once_more_changes_nothing(plain: Halves) -> None:
    before, known = files(plain.data), identity(plain)
    plain.provision()
    assert files(plain.data) == before
    assert identity(plain) == known


def test_the_halves_find_each_other_on_other_ports(plain: Halves) -> None:
    known = identity(plain)
    plain.ports = quiet_ports(3)
    plain.provision()
    moved = f"127.0.0.1:{plain.ports[2]}"
    assert identity(plain) == replace(known, addresses=(moved,))


async def test_the_first_operator_can_sign_in_and_is_made_once(plain: Halves) -> None:
    note = plain.data / "station" / "first-sign-in.txt"
    name, password = note.read_text().split()
    assert name == FIRST_OPERATOR
    store = open_station(plain.data / "station")
    try:
        sessions = Sessions(store=store, clock=SystemClock())
        secret = await sessions.sign_in(name, password, address="127.0.0.1")
        assert secret
        (row,) = await store.read(station_queries.operators)
        assert row.may == ALL_RIGHTS
        assert password not in row.password_hash
    finally:
        store.close()
    note.unlink()
    await asyncio.to_thread(plain.provision)
    assert not note.exists(), "who deleted it has another password by now"


def test_codes_are_as_the_sites_settings_say(tmp_path: Path) -> None:
    halves = Halves(tmp_path / "data")
    site = halves.data / "site"
    site.mkdir(parents=True)
    text = SAMPLE.replace("digits = 6", "digits = 8").replace(
        'policy = "private"', 'policy = "independent"'
    )
    assert text.count("digits = 8") == text.count('"independent"') == 1
    (site / "site.toml").write_text(text)
    halves.provision()
    (entered,) = sites(halves)
    assert (entered.digits, entered.policy) == (8, "independent")


def test_a_directory_with_an_awkward_name(tmp_path: Path) -> None:
    """A path is not an address: what looks like a query or an escape is part of a name."""
    halves = Halves(tmp_path / "a ?b=c#d 100%20 é" / "data").provision()
    assert (halves.data / "site" / "site.db").is_file()
    assert (halves.data / "station" / "station.db").is_file()


@pytest.mark.parametrize("key", ["site/site.key", "site/site-hpke.key", "station/station.key"])
def test_a_lost_key_is_told_and_not_made_anew(plain: Halves, key: str) -> None:
    """A new one would open no report and find no code, and look well all the same."""
    kept = (plain.data / key).read_bytes()
    (plain.data / key).unlink()
    before = files(plain.data)
    with pytest.raises(LocalFaultError) as caught:
        plain.provision()
    assert key in caught.value.message and "missing" in caught.value.message
    assert "back-up" in caught.value.hint
    assert files(plain.data) == before
    (plain.data / key).write_bytes(kept)
    (plain.data / key).chmod(0o600)
    plain.provision()


@pytest.mark.parametrize("key", ["site/site.key", "site/site-hpke.key", "station/station.key"])
def test_a_set_up_that_was_interrupted_goes_on(tmp_path: Path, key: str) -> None:
    """Before anything was made with a key, its absence means only that it is not there yet."""
    data = tmp_path / "data"
    for half in ("site", "station"):
        (data / half).mkdir(parents=True)
    open_site(data / "site").close()
    open_station(data / "station").close()
    (data / key).unlink()
    halves = Halves(data).provision()
    assert (data / key).is_file()
    assert len(sites(halves)) == 1


def test_a_settings_file_that_is_wrong_stops_it(plain: Halves) -> None:
    (plain.data / "site" / "site.toml").write_text("[site\n")
    with pytest.raises(ConfigError, match=r"site\.toml"):
        plain.provision()


def test_a_file_where_the_directory_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(LocalFaultError, match="cannot be used"):
        Halves(tmp_path / "data").provision()
    assert (tmp_path / "data").read_text() == "mine"


def test_a_station_alone_gets_keys_settings_and_a_first_operator_once(tmp_path: Path) -> None:
    found_station(tmp_path)
    note = (tmp_path / "station" / FIRST_SIGN_IN).read_text().split()
    assert note[0] == "admin" and len(note[1]) >= 16
    key = (tmp_path / "station" / "station.key").read_bytes()
    found_station(tmp_path)
    assert (tmp_path / "station" / "station.key").read_bytes() == key
    assert (tmp_path / "station" / FIRST_SIGN_IN).read_text().split() == note
    assert not (tmp_path / "site").exists()
