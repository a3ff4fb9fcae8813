"""`pair join`: a second site, on its own machine, joins a station that watches another already."""

import json
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from apart import Process, forbidden_at_the_site
from running import Stack, until, watchword
from telling import one_line
from untouched import unchanged
from watchword.adapters.shared.tls import Identity, SiteTls, StationTls, new_key, request
from watchword.site.config import write_sample
from watchword.wire.pairing import read_offer, show_offer

pytestmark = [pytest.mark.slow, pytest.mark.process]

BOREALIS = "Hotel Borealis"


def string(hotel: Stack, name: str = BOREALIS) -> str:
    made: str = hotel.ask("pair", "site", name)["string"]
    return made


def join(data: Path, text: str):  # type: ignore[no-untyped-def]
    return watchword("pair", "join", "-", "--data", str(data), typed=text + "\n")


def database(hotel: Stack) -> sqlite3.Connection:
    return sqlite3.connect(hotel.data / "station" / "station.db")


@pytest.fixture(scope="module")
def joined(hotel: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a site that has just joined and never ran."""
    data = tmp_path_factory.mktemp("joined") / "data"
    done = join(data, string(hotel))
    assert done.returncode == 0, done.stderr
    assert f"watchword site --data {data}" in done.stdout
    with closing(sqlite3.connect(data / "site" / "site.db")) as c:  # codes in no time
        cost = json.dumps({"memory_kib": 64, "passes": 1})
        c.execute("update value set plain = ? where key = 'derivation'", (cost,))
        c.commit()
    return data


@pytest.fixture(scope="module")
def borealis(joined: Path) -> Iterator[Process]:
    """The same, running."""
    process = Process(joined, "site").start()
    yield process
    process.stop()


def test_a_code_that_the_station_gave_out_counts_at_the_new_site(
    hotel: Stack, borealis: Process
) -> None:
    borealis.until_linked("up")
    mine = hotel.ask("person", "add", "Vera Lind", "--site", BOREALIS)
    assert borealis.attempt(mine["normal"])["accepted"]
    assert borealis.attempt(mine["duress"])["accepted"]
    (one,) = until(
        lambda: [each for each in hotel.incidents() if each["site"] == BOREALIS], within_s=30
    )
    assert (one["kind"], one["person"], one["signals"]) == ("duress", "Vera Lind", 1)
    assert not hotel.attempt(mine["normal"])["accepted"], "of another site"


def test_what_runs_there_can_open_no_token_and_knows_no_incident(
    hotel: Stack, borealis: Process
) -> None:
    """Looked at in the process itself, after everything that a site does: a linter reads source."""
    borealis.until_linked("up")
    mine = hotel.ask("person", "add", "Ylva Moe", "--site", BOREALIS)  # a letter was acted on
    borealis.attempt(mine["normal"])
    borealis.attempt("000000")
    borealis.ask("zone", "open", "Reception desk")  # a button, too
    borealis.ask("pair", "keypad", "Gate")
    assert borealis.stop() == 0
    loaded = borealis.modules()
    assert {"watchword.site.panel", "watchword.adapters.site.uplink"} <= loaded
    assert forbidden_at_the_site(loaded) == set()
    borealis.start()


def test_codes_at_the_new_site_are_as_its_own_settings_say(hotel: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "site"
    folder.mkdir(parents=True)
    write_sample(folder / "site.toml")
    text = (folder / "site.toml").read_text()
    text = re.sub(r"^digits = \d", "digits = 8", text, flags=re.MULTILINE)
    text = re.sub(r'^policy = "private"', 'policy = "independent"', text, flags=re.MULTILINE)
    (folder / "site.toml").write_text(text)
    done = join(tmp_path / "data", string(hotel, "Hotel Cassini"))
    assert done.returncode == 0, done.stderr
    with closing(database(hotel)) as c:
        found = c.execute("select digits, policy from site where name = 'Hotel Cassini'").fetchone()
    assert found == (8, "independent")


def test_a_site_is_joined_once(hotel: Stack, joined: Path) -> None:
    text = string(hotel, "Another")
    with unchanged(joined / "site" / "tls"):
        before = (joined / "site" / "site.key").read_bytes()
        one_line(join(joined, text), "paired already", "empty directory")
        assert (joined / "site" / "site.key").read_bytes() == before


def test_its_keys_are_for_nobody_else(joined: Path) -> None:
    for path in (joined / "site").rglob("*"):
        if path.name != "control.sock":
            assert path.stat().st_mode & 0o077 == 0, path


class TestStrings:
    """Each string that does not work says why, in one line, and the directory stays usable."""

    def refused(self, data: Path, text: str, *says: str) -> None:
        assert text not in one_line(join(data, text), *says)
        assert not (data / "site" / "tls").exists()
        done = watchword("site", "--data", str(data))
        one_line(done, "no paired site")

    def test_a_used_one(self, hotel: Stack, tmp_path: Path) -> None:
        text = string(hotel, "Used")
        with closing(database(hotel)) as c:
            c.execute("update pairing set used_ms = 1 where site_name = 'Used'")
            c.commit()
        self.refused(tmp_path / "data", text, "used already", "new string")

    def test_one_that_is_too_old(self, hotel: Stack, tmp_path: Path) -> None:
        text = string(hotel, "Old")
        with closing(database(hotel)) as c:
            c.execute("update pairing set expires_ms = 1 where site_name = 'Old'")
            c.commit()
        self.refused(tmp_path / "data", text, "too old", "15 minutes")

    def test_a_mistyped_one_and_then_the_right_one(self, hotel: Stack, tmp_path: Path) -> None:
        text = string(hotel, "Typed")
        at = len(text) // 2
        wrong = text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]
        self.refused(tmp_path / "data", wrong, "typing error")
        assert join(tmp_path / "data", text.lower().replace("-", " ")).returncode == 0

    def test_one_of_another_station(self, hotel: Stack, tmp_path: Path) -> None:
        """Its fingerprint is of another: somebody may stand between, so nothing is said to it."""
        text = string(hotel, "Elsewhere")
        offer = replace(read_offer(text), fingerprint=secrets.token_bytes(32))
        self.refused(tmp_path / "data", show_offer(offer), "not the station of this string")
        with closing(database(hotel)) as c:
            used = c.execute("select used_ms from pairing where site_name = 'Elsewhere'")
            assert used.fetchall() == [(None,)], "the secret was not shown to it"

    def test_one_that_nobody_handed_out(self, hotel: Stack, tmp_path: Path) -> None:
        offer = replace(read_offer(string(hotel, "Made up")), secret=secrets.token_bytes(16))
        self.refused(tmp_path / "data", show_offer(offer), "did not hand out this string")

    def test_a_station_that_is_not_there(self, hotel: Stack, tmp_path: Path) -> None:
        offer = replace(read_offer(string(hotel, "Away")), address="127.0.0.1:9")
        self.refused(tmp_path / "data", show_offer(offer), "No station answers at 127.0.0.1:9")

    @pytest.mark.parametrize("text", ["", "hello", "https://station.example/", "ww1-"])
    def test_no_string_at_all(self, tmp_path: Path, text: str) -> None:
        one_line(join(tmp_path / "data", text))

    def test_a_settings_file_that_is_wrong_is_told_before_the_string_is_used(
        self, hotel: Stack, tmp_path: Path
    ) -> None:
        site = tmp_path / "data" / "site"
        site.mkdir(parents=True)
        (site / "site.toml").write_text("[site\n")
        one_line(join(tmp_path / "data", string(hotel, "Settings")), "site.toml")
        with closing(database(hotel)) as c:
            used = c.execute("select used_ms from pairing where site_name = 'Settings'")
            assert used.fetchall() == [(None,)]


class TestStrangers:
    """Certificates of another station: the site is refused, or refuses, and says so."""

    def changed(self, station_data: Path, joined: Path, tmp_path: Path, *, own: bool) -> Process:
        """A copy of the site whose own certificate, or the pinned one, is of another station."""
        shutil.copytree(joined, tmp_path / "data", ignore=shutil.ignore_patterns("control.sock"))
        at, tls = time.time(), tmp_path / "data" / "site" / "tls"
        other = StationTls.ensure(tmp_path / "other", name="x", hosts=["127.0.0.1"], at=at)
        kept = SiteTls.load(tls)
        identity, station = kept.identity, other.identity.certificate
        if own:
            key = new_key()
            identity = Identity(
                other.authority.issue_site("c" * 32, request(key, BOREALIS), at=at), key
            )
            station = StationTls.ensure(
                station_data / "station" / "tls", name="", hosts=["localhost"], at=at
            ).identity.certificate
        shutil.rmtree(tls)
        SiteTls.save(tls, identity, station)
        return Process(tmp_path / "data", "site")

    @pytest.mark.parametrize(
        ("whose", "told"),
        [
            ("own", ("refused", "does not accept this site's certificate")),
            ("pinned", ("stranger", "not the station of the pairing")),
        ],
    )
    def test_a_certificate_of_another_station(
        self, hotel: Stack, joined: Path, tmp_path: Path, whose: str, told: tuple[str, str]
    ) -> None:
        process = self.changed(hotel.data, joined, tmp_path, own=whose == "own").start()
        try:
            state, says = told
            assert says in process.until_linked(state)["detail"]
            assert process.ask("zone", "close", "Front door")["phase"] == "disarmed"
        finally:
            assert process.stop() == 0
