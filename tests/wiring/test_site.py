"""A whole site in this process: its local commands, its pages, and what stops it from starting."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from halves import HOST, Halves, quiet_ports, until
from untouched import unchanged
from watchword.core.errors import ConfigError, InputError, LocalFaultError, NotFoundError
from watchword.site.config import SAMPLE
from watchword.wiring.process import Life
from watchword.wiring.site import Listen, run_site_half

pytestmark = pytest.mark.slow


@pytest.fixture
async def site(demo: Halves) -> AsyncIterator[Halves]:
    """The sample hotel's site; its station is not running."""
    async with demo.site():
        yield demo


def codes(half: Halves) -> dict[str, str]:
    import json  # noqa: PLC0415

    person = json.loads((half.data / "demo.json").read_text())["people"][0]
    return {"normal": person["normal"], "duress": person["duress"]}


class TestCommands:
    async def test_a_code_arms_and_a_wrong_one_does_not(self, site: Halves) -> None:
        code = codes(site)["normal"]
        done = await site.ask_site("attempt", code=code, action="arm-away")
        assert done["accepted"] and done["state"]["phase"] == "exiting"
        wrong = await site.ask_site("attempt", code="000000", action="disarm", area=None)
        assert (wrong["accepted"], wrong["message"]) == (False, "Code not accepted")
        assert code not in str(done) and "000000" not in str(wrong)

    async def test_a_zone_opens(self, site: Halves) -> None:
        state = await site.ask_site("zone", name="Front door", open=True)
        assert [zone["name"] for zone in state["open_zones"]] == ["Front door"]
        assert (await site.ask_site("zone", name="Front door", open=False))["open_zones"] == []

    @pytest.mark.parametrize(
        ("command", "given", "kind"),
        [
            ("attempt", {"code": "12", "action": "disarm"}, InputError),
            ("attempt", {"code": "123456", "action": "disarm", "area": "Cellar"}, NotFoundError),
            ("attempt", {"code": "123456", "action": "open-sesame"}, LocalFaultError),
            ("attempt", {"action": "disarm"}, LocalFaultError),
            ("zone", {"name": "Nowhere", "open": True}, NotFoundError),
            ("keypad-offer", {"name": "  "}, InputError),
            ("keypad-offer", {"name": "Gate", "area": "Cellar"}, NotFoundError),
            ("incidents", {}, InputError),  # a site has none to tell of
        ],
    )
    async def test_what_cannot_be_done_is_an_answer_and_ends_nothing(
        self, site: Halves, command: str, given: dict[str, Any], kind: type[Exception]
    ) -> None:
        with pytest.raises(kind) as caught:
            await site.ask_site(command, **given)
        assert "123456" not in str(caught.value)
        assert await site.ask_site("health")

    async def test_an_offered_link_makes_a_browser_a_keypad_once(self, site: Halves) -> None:
        offer = await site.ask_site("keypad-offer", name="Gate", area=None)
        assert offer["url"] == f"{site.site_url}/pair/{offer['code']}"
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
            page = await browser.get(offer["url"])
            assert page.status_code == 200 and "device" in browser.cookies
            assert (await browser.get(f"{site.site_url}/state")).json()["phase"] == "disarmed"
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as other:
            assert (await other.get(offer["url"])).status_code == 400

    async def test_the_keypad_of_the_settings_is_offered_when_none_is_named(
        self, site: Halves
    ) -> None:
        offer = await site.ask_site("keypad-offer")
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
            await browser.get(offer["url"])
            assert (await browser.get(f"{site.site_url}/state")).json()["area"] == "Lobby"

    async def test_without_its_station_it_works_and_keeps_what_it_has_to_say(
        self, site: Halves
    ) -> None:
        for code in codes(site).values():
            assert (await site.ask_site("attempt", code=code, action="disarm"))["accepted"]
        assert (await site.ask_site("health")) == {"trouble": []}, "the grace is not over"
        with closing(sqlite3.connect(site.data / "site" / "site.db")) as c:
            assert c.execute("select count(*) from outbox").fetchone()[0] >= 2


async def test_what_it_said_while_alone_arrives_when_the_station_comes(demo: Halves) -> None:
    async with demo.site():
        code = codes(demo)["duress"]
        assert (await demo.ask_site("attempt", code=code, action="disarm"))["accepted"]
        async with demo.station():
            (one,) = await until(lambda: demo.ask_station("incidents"))
    assert one["kind"] == "duress"


async def test_it_leaves_nothing_open_when_it_ends(demo: Halves) -> None:
    for _ in range(2):
        async with demo.site():
            pass
        directory = demo.data / "site"
        assert not (directory / "control.sock").exists()
        assert not (directory / "pid").exists()
    with closing(sqlite3.connect(demo.data / "site" / "site.db")) as c:
        assert c.execute("pragma integrity_check").fetchone()[0] == "ok"


async def test_a_second_site_on_the_same_directory_is_refused_and_harms_nothing(
    demo: Halves,
) -> None:
    async with demo.site():
        second = Halves(demo.data)
        with pytest.raises(LocalFaultError, match="already runs"):
            await start(second)
        assert await demo.ask_site("health")


async def start(half: Halves) -> None:
    """Start the site; it must not come to that."""
    stop = asyncio.Event()
    stop.set()
    life = Life(ready_fd=-1, parent_fd=-1)
    async with asyncio.timeout(20):
        await run_site_half(half.data, Listen(HOST, half.ports[0]), life, stop)


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda site: _spoil(site, name, content)


def _spoil(site: Path, name: str, content: bytes) -> None:
    for path in site.glob(f"{name}-*"):  # the database's journal, which would repair it
        path.unlink()
    (site / name).write_bytes(content)
    (site / name).chmod(0o600)


def newer(site: Path) -> None:
    with closing(sqlite3.connect(site / "site.db")) as c:
        c.execute("update alembic_version set version_num = 'site_9999'")
        c.commit()


def unpaired(site: Path) -> None:
    with closing(sqlite3.connect(site / "site.db")) as c:
        c.execute("delete from identity")
        c.commit()


def misspelt(site: Path) -> None:
    (site / "site.toml").write_text(SAMPLE.replace("digits", "digit"))


CASES = {
    "corrupt database": (spoil("site.db", b"not a database " * 512), LocalFaultError, "damaged"),
    "empty database": (spoil("site.db", b""), LocalFaultError, "holds nothing"),
    "newer schema": (newer, LocalFaultError, "newer program"),
    "never paired": (unpaired, LocalFaultError, "no paired site"),
    "no database": (lambda s: (s / "site.db").unlink(), LocalFaultError, "no paired site"),
    "open key": (lambda s: (s / "site.key").chmod(0o644), ConfigError, "mode 0644"),
    "no key": (lambda s: (s / "site.key").unlink(), ConfigError, "site.key"),
    "no letter key": (lambda s: (s / "site-hpke.key").unlink(), ConfigError, "site-hpke.key"),
    "open letter key": (lambda s: (s / "site-hpke.key").chmod(0o640), ConfigError, "mode 0640"),
    "no settings": (lambda s: (s / "site.toml").unlink(), ConfigError, "does not exist"),
    "bad settings": (misspelt, ConfigError, "digit"),
    "settings of bytes": (spoil("site.toml", b"\xff\xfe"), ConfigError, "UTF-8"),
    "no certificates": (lambda s: shutil.rmtree(s / "tls"), ConfigError, "tls"),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_wrong_is_told_and_nothing_is_overwritten(demo: Halves, case: str) -> None:
    wreck, kind, says = CASES[case]
    wreck(demo.data / "site")
    with unchanged(demo.data), pytest.raises(kind) as caught:
        await start(demo)
    assert says in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


async def test_a_key_of_another_length_is_told(demo: Halves) -> None:
    _spoil(demo.data / "site", "site.key", b"short")
    with pytest.raises((ConfigError, LocalFaultError)):
        await start(demo)


async def test_a_taken_port_is_told_and_lets_go_of_the_directory(demo: Halves) -> None:
    other = Halves(demo.data, quiet_ports(3))
    async with demo.station():
        demo.ports[0] = demo.ports[1]  # where the station's console is
        with pytest.raises(LocalFaultError, match="another port"):
            await start(demo)
    async with other.site():
        assert await other.ask_site("health")
