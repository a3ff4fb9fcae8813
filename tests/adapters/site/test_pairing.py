"""Pairing over real sockets: the happy path, and every refusal."""

import time
from dataclasses import replace

import pytest
from websockets.asyncio.server import serve

from linking import NOW, STATION_KEY, SiteStore, Station, StationStore, World, cell, until
from watchword.adapters.shared import line, tls
from watchword.adapters.site.pairing import join
from watchword.adapters.station import pairing as desk
from watchword.adapters.station import uplink as station_uplink
from watchword.core.errors import InputError, LocalFaultError, RefusedError, RemoteFaultError
from watchword.station.ports import Invitation
from watchword.wire.pairing import encode, read_offer, show_offer


def _offer(station: Station, *, at: float = NOW, used: bool = False) -> str:
    handout = desk.hand_out(station.address, station.tls.identity, at=at)
    station.store.invitations[handout.secret_hash] = Invitation(
        handout.secret_hash, handout.expires_at, used
    )
    return handout.text


async def test_a_site_joins_and_links(world: World) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        joined = await join(_offer(station), name="Hotel Aurora")
        assert (joined.number, joined.tick_ms, joined.category) == (1, 20, "DP4")
        assert (joined.station_key, joined.station_key_id) == (STATION_KEY, b"KEY1")
        assert joined.station_fingerprint == station.tls.identity.fingerprint
        entered = station.store.joined[0]
        assert (entered.name, entered.id) == ("Hotel Aurora", joined.site_id)
        assert entered.hpke_public == joined.hpke.public
        assert entered.fingerprint == joined.identity.fingerprint
        assert "PRIVATE" not in repr(joined)
        assert joined.hpke.secret.hex() not in repr(joined)
        saved = tls.SiteTls.save(
            world.directory / "joined", joined.identity, joined.station_certificate
        )
        store = SiteStore()
        async with world.site(joined.address, saved, store) as uplink:
            uplink.offer(cell(1))
            await until(station.store.moved, lambda: len(station.store.envelopes) == 1)


async def test_a_string_works_once(world: World) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        text = _offer(station)
        await join(text, name="one")
        with pytest.raises(RefusedError, match=r"used already.*Ask for a new string"):
            await join(text, name="two")
        assert len(station.store.joined) == 1


@pytest.mark.parametrize("ago_s", [15 * 60, 3600])
async def test_a_string_that_is_too_old_is_refused(world: World, ago_s: float) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        with pytest.raises(RefusedError, match="too old"):
            await join(_offer(station, at=time.time() - ago_s - 1), name="late")
        assert station.store.joined == []


async def test_a_wrong_secret_is_refused_and_told_nothing_more(world: World) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        right = read_offer(_offer(station))
        wrong = show_offer(replace(right, secret=bytes(16)))
        with pytest.raises(RefusedError, match="did not hand out"):
            await join(wrong, name="x")


async def test_another_station_at_the_address_is_told_nothing(world: World) -> None:
    store = StationStore()
    async with (
        world.station(world.station_tls(), StationStore()) as ours,
        world.station(world.station_tls("thief"), store) as thief,
    ):
        offer = replace(read_offer(_offer(ours)), address=thief.address)
        with pytest.raises(RemoteFaultError, match=r"not the station of this string.*Do not go on"):
            await join(show_offer(offer), name="x")
        assert store.joined == []
        assert store.invitations == {}


async def test_a_typing_error_is_told_before_anything_is_sent() -> None:
    with pytest.raises(InputError, match="not a pairing string"):
        await join("nonsense", name="x")


async def test_nobody_at_the_address_is_told(world: World) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        text = _offer(station)
    with pytest.raises(LocalFaultError, match=r"No station answers at 127\.0\.0\.1"):
        await join(text, name="x")


async def test_a_race_for_one_string_has_one_winner(world: World) -> None:
    store = StationStore(lost_race=True)
    async with world.station(world.station_tls(), store) as station:
        with pytest.raises(RefusedError, match="used already"):
            await join(_offer(station), name="x")


async def test_a_fault_of_the_station_is_told(world: World) -> None:
    store = StationStore(fault=LocalFaultError("disk full"))
    async with world.station(world.station_tls(), store) as station:
        with pytest.raises(RefusedError, match="has a fault"):
            await join(_offer(station), name="x")


async def test_only_so_many_may_pair_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station_uplink, "PAIRINGS_MAX", 0)
    async with world.station(world.station_tls(), StationStore()) as station:
        with pytest.raises(LocalFaultError, match=r"cannot pair now \(503\)"):
            await join(_offer(station), name="x")


async def test_a_station_that_answers_for_another_key_is_not_believed(world: World) -> None:
    station = world.station_tls()

    async def liar(ws: object) -> None:
        pem = station.authority.issue_site("a1" * 16, tls.request(tls.new_key(), "n"), at=NOW)
        await ws.recv()  # type: ignore[attr-defined]
        for text in answers:
            made = text or pem.decode()
            answer = desk.PairAnswer("a1" * 16, 1, made, "aa" * 32, "bb" * 4, 20, "DP4")
            await ws.send(encode(answer))  # type: ignore[attr-defined]

    async with serve(liar, "127.0.0.1", 0, ssl=station.context(), **line.OPTIONS) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        text = desk.hand_out(address, station.identity, at=NOW).text
        for answers in (["nonsense"], [""]):  # noqa: B007 - read by the liar
            with pytest.raises(RemoteFaultError, match="for another key"):
                await join(text, name="x")
