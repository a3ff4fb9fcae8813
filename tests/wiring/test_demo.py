"""The sample hotel: real codes at both halves, and written down in one place only."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from halves import Halves
from watchword.adapters.shared.clock import SystemClock
from watchword.core.codes import is_weak
from watchword.site.slots import Cost, Slots
from watchword.station.sessions import Sessions
from watchword.storage.site import queries as site_queries
from watchword.storage.station import queries as station_queries
from watchword.wire.slot import Meaning
from watchword.wiring.demo import NAMES
from watchword.wiring.provision import open_site, open_station
from watchword.wiring.site import DERIVATION
from watchword.wiring.station import DEMO, load_keys

pytestmark = pytest.mark.slow


def shown(data: Path) -> dict[str, Any]:
    return json.loads((data / "demo.json").read_text())


def codes(data: Path) -> dict[str, tuple[str, Meaning]]:
    """code -> whose it is and what it means, as `demo.json` says."""
    found = {}
    for person in shown(data)["people"]:
        found[person["normal"]] = (person["name"], Meaning.NORMAL)
        found[person["duress"]] = (person["name"], Meaning.DURESS)
    return found


def test_eight_good_codes_of_four_people(demo: Halves) -> None:
    told = codes(demo.data)
    assert len(told) == 2 * len(NAMES)
    assert {len(code) for code in told} == {6}
    assert not any(is_weak(code) for code in told)
    assert (demo.data / "demo.json").stat().st_mode & 0o777 == 0o600


def test_the_site_finds_each_person_and_the_station_opens_each_token(demo: Halves) -> None:
    store = open_site(demo.data / "site")
    station = open_station(demo.data / "station")
    ring = load_keys(demo.data / "station").ring()
    try:
        cost = Cost(**store.read_now(lambda c: site_queries.value_get(c, DERIVATION)))
        slots = Slots((demo.data / "site" / "site.key").read_bytes(), cost)
        slots.load(store.read_now(site_queries.rows_load))
        for code, (name, meaning) in codes(demo.data).items():
            found = slots.find(slots.derive(code))
            assert found.person is not None and found.token is not None
            person = found.person.hex()
            at_site = store.read_now(lambda c, p=person: site_queries.person_get(c, p))
            token = ring.open_token(found.token)
            ref = token.slot_ref.hex()
            slot = station.read_now(lambda c, r=ref: station_queries.slot_get(c, r))
            assert at_site is not None and slot is not None
            assert (at_site.name, token.meaning) == (name, meaning)
            assert (slot.person, slot.state) == (person, "active")
        assert slots.find(slots.derive("000000")).person is None
    finally:
        store.close()
        station.close()


def test_no_other_file_holds_a_code(demo: Halves) -> None:
    told = [code.encode() for code in codes(demo.data)]
    for path in demo.data.rglob("*"):
        if path.is_file() and path.name != "demo.json":
            content = path.read_bytes()
            assert not any(code in content for code in told), path


def test_neither_half_names_the_row_of_a_meaning(demo: Halves) -> None:
    """Slots stand at the station without a meaning: only the sealed token has it."""
    station = open_station(demo.data / "station")
    try:
        for person in demo_people(demo):
            slots = station.read_now(lambda c, p=person: station_queries.slots_of_person(c, p))
            assert len(slots) == 2
            assert len({(s.state, s.pair, s.enrolment, s.key_id) for s in slots}) == 1
    finally:
        station.close()


def demo_people(demo: Halves) -> list[str]:
    store = open_site(demo.data / "site")
    try:
        return [person.id for person in store.read_now(site_queries.people)]
    finally:
        store.close()


async def test_its_operator_can_sign_in_and_the_site_is_live(demo: Halves) -> None:
    console = shown(demo.data)["console"]
    store = open_station(demo.data / "station")
    try:
        sessions = Sessions(store=store, clock=SystemClock(), default_place="off-site")
        assert await sessions.sign_in(console["user"], console["password"], address="127.0.0.1")
        (site,) = await store.read(station_queries.sites)
        assert site.live_ms is not None
        assert await store.read(lambda c: station_queries.value_get(c, DEMO)) is True
    finally:
        store.close()


async def test_it_is_filled_once(demo: Halves) -> None:
    before = (demo.data / "demo.json").read_bytes()
    await asyncio.to_thread(lambda: demo.provision(demo=True))
    assert codes(demo.data)
    after = json.loads((demo.data / "demo.json").read_text())
    assert after["people"] == json.loads(before)["people"]
    assert len(demo_people(demo)) == len(NAMES)


def test_a_hotel_that_is_no_sample_gets_no_sample_people(plain: Halves) -> None:
    assert not (plain.data / "demo.json").exists()
    assert demo_people(plain) == []
