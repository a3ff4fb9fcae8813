"""A whole station in this process: what answers, what settings do, and what stops it."""

import asyncio
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from halves import HOST, Halves, until
from untouched import unchanged
from watchword.core.errors import ConfigError, LocalFaultError
from watchword.station.config import StationSettings
from watchword.wire.pairing import read_offer
from watchword.wiring.process import Life
from watchword.wiring.station import (
    Listen,
    Waker,
    database_url,
    load_keys,
    load_settings,
    run_station_half,
)

SLOW = pytest.mark.slow


class TestSettings:
    def test_without_a_file_everything_is_as_usual(self, tmp_path: Path) -> None:
        assert load_settings(tmp_path) == StationSettings()

    def test_a_webhooks_key_is_read_from_its_private_file(self, tmp_path: Path) -> None:
        text = '[[webhook]]\nname = "P"\nurl = "https://p.example"\nkey_file = "p.key"\n'
        (tmp_path / "station.toml").write_text(text)
        (tmp_path / "p.key").write_bytes(b"k" * 32)
        (tmp_path / "p.key").chmod(0o600)
        assert load_settings(tmp_path).webhooks[0].key == b"k" * 32
        (tmp_path / "p.key").chmod(0o644)
        with pytest.raises(ConfigError, match="mode 0644"):
            load_settings(tmp_path)
        (tmp_path / "p.key").unlink()
        with pytest.raises(ConfigError, match="cannot be read"):
            load_settings(tmp_path)

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"[station"])
    def test_a_file_that_is_no_text_is_told(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "station.toml").write_bytes(content)
        with pytest.raises(ConfigError, match=r"station\.toml"):
            load_settings(tmp_path)

    def test_a_webhook_without_a_key_file_is_told(self, tmp_path: Path) -> None:
        text = '[[webhook]]\nname = "P"\nurl = "https://p.example"\n'
        (tmp_path / "station.toml").write_text(text)
        with pytest.raises(ConfigError, match="webhook's key"):
            load_settings(tmp_path)


class TestDatabase:
    def test_it_is_a_file_of_the_directory_unless_the_settings_name_a_server(self) -> None:
        directory = Path("/srv/a ?b=c#d 100%")
        assert "100%" in database_url(directory, StationSettings()).replace("%25", "%")
        server = "postgresql+psycopg://watchword@db/watchword"
        assert database_url(directory, StationSettings(database=server)) == server

    @pytest.mark.parametrize(
        "named", ["nonsense", "mysql://db/x", "postgresql://db/x", "://", "oracle:"]
    )
    def test_a_server_that_is_not_known_is_told_without_its_password(self, named: str) -> None:
        given = named.replace("://db", "://me:hunter2@db")
        with pytest.raises(ConfigError) as caught:
            database_url(Path("/srv"), StationSettings(database=given))
        assert "postgresql+psycopg" in caught.value.hint
        assert "hunter2" not in str(caught.value)


def test_a_bell_that_is_rung_before_there_is_an_uplink_hurts_nobody() -> None:
    Waker().wake("a" * 32)


@SLOW
async def test_console_enrolment_and_commands_answer(plain: Halves) -> None:
    async with plain.station(), httpx.AsyncClient(trust_env=False) as browser:
        html = {"accept": "text/html"}
        console = await browser.get(plain.station_url, headers=html, follow_redirects=True)
        assert (console.status_code, console.url.path) == (200, "/sign-in")
        assert (await browser.get(f"{plain.station_url}/enrol/unknown")).status_code in {200, 404}
        assert await plain.ask_station("incidents") == []
        assert await plain.ask_station("signals") == []


@SLOW
async def test_enrolment_links_are_made_from_the_address_in_the_settings(plain: Halves) -> None:
    path = plain.data / "station" / "station.toml"
    path.write_text(path.read_text().replace('base_url = ""', 'base_url = "https://s.example/"'))
    async with plain.station():
        made = await plain.ask_station("invite", name="Maria Lopez")
    assert made["link"].startswith("https://s.example/enrol/")


@SLOW
async def test_the_uplink_may_face_a_network_that_pages_may_not(plain: Halves) -> None:
    """Where it listens and what pairing strings say are settings of their own."""
    path = plain.data / "station" / "station.toml"
    text = path.read_text().replace('uplink_host = ""', 'uplink_host = "127.0.0.2"')
    path.write_text(text.replace('uplink_address = ""', 'uplink_address = "station.example:8082"'))
    async with plain.station():
        made = await plain.ask_station("pair-offer", name="Hotel Borealis")
        with socket.create_connection(("127.0.0.2", plain.ports[2]), timeout=5):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", plain.ports[2]), timeout=5).close()
    assert read_offer(made["string"]).address == "station.example:8082"


@SLOW
async def test_what_is_old_is_tidied_away_at_the_start(plain: Halves) -> None:
    database = plain.data / "station" / "station.db"
    async with plain.station():
        await plain.ask_station("invite", name="Maria Lopez")
    with closing(sqlite3.connect(database)) as c:
        c.execute("update enrolment set expires_ms = 1")
        c.commit()

    async def expired() -> bool:
        with closing(sqlite3.connect(database)) as c:
            return c.execute("select state from enrolment").fetchall() == [("expired",)]

    async with plain.station():
        await until(expired)


@SLOW
async def test_it_leaves_nothing_open_when_it_ends(plain: Halves) -> None:
    for _ in range(2):
        async with plain.station():
            pass
        directory = plain.data / "station"
        assert not (directory / "control.sock").exists()
        assert not (directory / "pid").exists()


async def start(half: Halves) -> None:
    """Start the station; it must not come to that."""
    stop = asyncio.Event()
    stop.set()
    where = Listen(HOST, half.ports[1], half.ports[2])
    async with asyncio.timeout(20):
        await run_station_half(half.data, where, Life(ready_fd=-1, parent_fd=-1), stop)


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    def wreck(station: Path) -> None:
        for path in station.glob(f"{name}-*"):  # the database's journal, which would repair it
            path.unlink()
        (station / name).write_bytes(content)
        (station / name).chmod(0o600)

    return wreck


def version(value: str) -> Callable[[Path], None]:
    def wreck(station: Path) -> None:
        with closing(sqlite3.connect(station / "station.db")) as c:
            c.execute("update alembic_version set version_num = ?", (value,))
            c.commit()

    return wreck


CASES: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "corrupt database": (spoil("station.db", b"no database " * 512), LocalFaultError, "damaged"),
    "newer schema": (version("station_9999"), LocalFaultError, "newer program"),
    "a site's database": (version("site_0001"), LocalFaultError, "not a station's"),
    "no key": (lambda s: (s / "station.key").unlink(), LocalFaultError, "no station"),
    "open key": (lambda s: (s / "station.key").chmod(0o644), ConfigError, "mode 0644"),
    "no key in it": (spoil("station.key", b"[]"), ConfigError, "key file cannot be used"),
    "bad settings": (spoil("station.toml", b"[statoin]\n"), ConfigError, "'statoin'"),
    "bad certificate": (spoil("web.crt", b"nonsense"), ConfigError, "web"),
}


@SLOW
@pytest.mark.parametrize("case", CASES)
async def test_what_is_wrong_is_told_and_nothing_is_overwritten(plain: Halves, case: str) -> None:
    wreck, kind, says = CASES[case]
    wreck(plain.data / "station")
    with unchanged(plain.data), pytest.raises(kind) as caught:
        await start(plain)
    assert says in str(caught.value)
    assert caught.value.hint  # type: ignore[attr-defined]
    assert "\n" not in str(caught.value)


@SLOW
@pytest.mark.parametrize("port", [1, 2])
async def test_a_taken_port_is_told(plain: Halves, port: int) -> None:
    async with plain.site():
        plain.ports[port] = plain.ports[0]  # where the keypad's pages are
        with pytest.raises(LocalFaultError, match="another port"):
            await start(plain)


@SLOW
def test_keys_may_come_from_the_service_manager(
    plain: Halves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = load_keys(plain.data / "station")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (plain.data / "station" / "station.key").rename(credentials / "station-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert load_keys(plain.data / "station").newest.id == here.newest.id


@SLOW
async def test_a_station_whose_keys_the_service_manager_keeps_starts(
    plain: Halves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (plain.data / "station" / "station.key").rename(credentials / "station-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    async with plain.station():
        assert await plain.ask_station("incidents") == []
