"""What local commands may ask of a station: plain values in and out, and no secret among them."""

import asyncio
import json
import secrets
from base64 import b64decode, b64encode

import pytest

from enrolling import SITE, Pair
from monitored import Station
from watchword.adapters.shared.tls import StationTls
from watchword.core.codes import Policy
from watchword.core.errors import InputError, NotFoundError
from watchword.station.accounts import Accounts
from watchword.station.changes import Changes
from watchword.station.draw import draw_enrolment
from watchword.station.enrol import StationKey
from watchword.station.incidents import Desk
from watchword.station.overview import Overview
from watchword.station.people import People
from watchword.station.record import Rules
from watchword.storage.station import queries
from watchword.wire.pairing import read_offer
from watchword.wire.seal import key_id
from watchword.wiring.commands import Commands


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


@pytest.fixture
def handlers(pair, tmp_path):
    common = {"store": pair.station, "clock": pair.clock, "rules": Rules()}
    tls = StationTls.ensure(
        tmp_path / "tls", name="North", hosts=["localhost"], at=pair.clock.now()
    )
    key = StationKey(pair.station_keys.public, key_id(pair.station_keys.public))
    return Commands(
        store=pair.station,
        clock=pair.clock,
        desk=Desk(**common, changes=Changes()),
        people=People(
            store=pair.station,
            clock=pair.clock,
            enrolments=pair.enrolments,
            downlink=pair.woken,
            base_url="https://s.example",
        ),
        enrolments=pair.enrolments,
        overview=Overview(**common, watch=None),
        accounts=Accounts(store=pair.station, clock=pair.clock, key=key, tick_ms=250),
        identity=tls.identity,
        uplink_address="station.example:8082",
    ).handlers()


async def ask(handlers, command, **given):
    """As the socket does: through JSON, both ways."""
    answer = await handlers[command](json.loads(json.dumps({"do": command, **given})))
    return json.loads(json.dumps(answer, default=str))


def draw(offer):
    return draw_enrolment(
        Policy(offer["policy"]),
        offer["digits"],
        b64decode(offer["station_key"]),
        bytes.fromhex(offer["station_key_id"]),
        b64decode(offer["site_key"]),
        enrolment=bytes.fromhex(offer["enrolment"]),
        randbelow=secrets.randbelow,
        token_bytes=secrets.token_bytes,
    )


def batch(offer, drawn):
    return {
        "enrolment": offer["enrolment"],
        "sealed": b64encode(drawn.sealed).decode(),
        "slots": [[ref.hex() for ref in refs] for refs in drawn.slots],
    }


class TestEnrolment:
    async def test_a_command_enrols_a_person_and_no_code_passes_through_here(self, pair, handlers):
        offer = await ask(handlers, "enrol-begin", name="Maria Lopez", site=None)
        drawn = draw(offer)
        assert await ask(handlers, "people") == [
            {"site": "Hotel Aurora", "name": "Maria Lopez", "state": "invited"}
        ]
        await ask(handlers, "enrol-submit", **batch(offer, drawn))
        waiting = await ask(handlers, "enrol-result", enrolment=offer["enrolment"])
        assert waiting == {"state": "waiting"}
        await pair.settle()
        taken = await ask(handlers, "enrol-result", enrolment=offer["enrolment"])
        assert taken["state"] == "taken"
        codes = drawn.pair(taken["pair"])
        assert pair.slots.find(pair.slots.derive(codes.normal().reveal())).person
        (person,) = await ask(handlers, "people")
        assert person["state"] == "holds codes"
        said = json.dumps([offer, batch(offer, drawn), taken, person])
        for code in (codes.normal().reveal(), codes.duress().reveal()):
            assert f'"{code}"' not in said

    async def test_a_site_that_takes_none_is_told_as_refused(self, pair, handlers):
        offer = await ask(handlers, "enrol-begin", name="Maria Lopez")
        await ask(handlers, "enrol-submit", **batch(offer, draw(offer)))
        pair.station.write_now(
            lambda c: queries.enrolment_move(
                c, offer["enrolment"], to="refused", expected=("sent",)
            )
        )
        result = await ask(handlers, "enrol-result", enrolment=offer["enrolment"])
        assert result == {"state": "refused"}

    @pytest.mark.parametrize(
        "change",
        [
            {"enrolment": "not hex"},
            {"enrolment": None},
            {"sealed": "not base64!"},
            {"sealed": 5},
            {"sealed": ""},
            {"slots": None},
            {"slots": [["00"]]},
            {"slots": []},
        ],
    )
    async def test_a_batch_of_another_form_is_refused_and_queues_nothing(
        self, pair, handlers, change
    ):
        offer = await ask(handlers, "enrol-begin", name="Maria Lopez")
        with pytest.raises(InputError, match="wrong form"):
            await ask(handlers, "enrol-submit", **{**batch(offer, draw(offer)), **change})
        assert pair.station.read_now(lambda c: queries.letters_queued(c, SITE)) == ()

    async def test_a_batch_with_a_part_left_out_is_refused(self, handlers):
        with pytest.raises(InputError, match="wrong form"):
            await ask(handlers, "enrol-submit", enrolment="00" * 16)

    async def test_a_removed_person_is_gone(self, handlers):
        await ask(handlers, "invite", name="Maria Lopez")
        gone = await ask(handlers, "person-remove", name="Maria Lopez", site="Hotel Aurora")
        assert gone == {"site": "Hotel Aurora", "name": "Maria Lopez"}
        assert await ask(handlers, "people") == []

    async def test_an_invitation_is_a_link_and_a_code(self, handlers):
        made = await ask(handlers, "invite", name="Maria Lopez", site=None)
        assert set(made) == {"link", "code"}
        assert made["link"].startswith("https://s.example/enrol/")

    @pytest.mark.parametrize("command", ["invite", "person-remove", "enrol-begin"])
    async def test_an_unknown_site_is_named(self, handlers, command):
        with pytest.raises(NotFoundError, match="'Hotel Borealis'"):
            await ask(handlers, command, name="Maria Lopez", site="Hotel Borealis")


class TestPairing:
    async def test_a_string_names_this_station_and_only_its_hash_is_kept(self, pair, handlers):
        made = await ask(handlers, "pair-offer", name="Hotel Borealis")
        offer = read_offer(made["string"])
        assert offer.address == "station.example:8082"
        assert made["expires_at"] == offer.expires_at == int(pair.clock.now()) + 900
        database = pair.station.read_now(
            lambda c: c.exec_driver_sql("select hex(secret_hash), site_name from pairing").all()
        )
        assert len(database) == 1
        assert offer.secret.hex().upper() not in str(database)

    async def test_each_string_is_another(self, handlers):
        made = await asyncio.gather(
            *(ask(handlers, "pair-offer", name="Hotel Borealis") for _ in range(5))
        )
        assert len({read_offer(one["string"]).secret for one in made}) == 5

    async def test_a_site_needs_a_name(self, handlers):
        with pytest.raises(InputError):
            await ask(handlers, "pair-offer", name=" ")


async def test_what_would_fail_is_told(handlers):
    found = await ask(handlers, "examine")
    assert list(found["nobody_comes"]) == ["Hotel Aurora"]
    assert found["unopened"] == 0
    assert any(found["problems"]), "nobody may work here yet"


async def test_incidents_and_signals_are_listed(tmp_path, handlers):
    assert await ask(handlers, "incidents") == []
    assert await ask(handlers, "signals") == []
    (tmp_path / "other").mkdir()
    station = Station(tmp_path / "other")  # another one, where something happened
    try:
        await station.hear(station.site.attempt(station.duress_token()))
        desk = Commands.__new__(Commands)
        desk.desk = station.desk
        (one,) = json.loads(json.dumps(await desk._incidents({}), default=str))
        assert one["kind"] == "duress" and one["person"] == "Maria Lopez"
    finally:
        station.store.close()
