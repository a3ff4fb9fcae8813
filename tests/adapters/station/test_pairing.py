"""The station's desk: nonsense, wrong beginnings and silence get a clear end."""

import asyncio

import pytest
from websockets.asyncio.client import connect

from linking import NOW, Station, StationStore, World
from watchword.adapters.shared import tls
from watchword.adapters.station import pairing as desk
from watchword.station.ports import Invitation
from watchword.wire.pairing import PairRequest, decode, encode, read_offer


def _offer(station: Station, *, at: float = NOW, used: bool = False) -> str:
    handout = desk.hand_out(station.address, station.tls.identity, at=at)
    station.store.invitations[handout.secret_hash] = Invitation(
        handout.secret_hash, handout.expires_at, used
    )
    return handout.text


@pytest.mark.parametrize("sent", [b"{}", "text", b"x" * 8000, b"[" * 8000])
async def test_nonsense_is_answered_clearly(world: World, sent: bytes | str) -> None:
    async with (
        world.station(world.station_tls(), StationStore()) as station,
        connect(f"wss://{station.address}/pair", ssl=tls.pairing_context(), proxy=None) as ws,
    ):
        await ws.send(sent)
        assert b"malformed" in encode(decode(await ws.recv()))


async def test_an_answer_or_a_wrong_request_does_not_pair(world: World) -> None:
    async with world.station(world.station_tls(), StationStore()) as station:
        secret = read_offer(_offer(station)).secret.hex()
        request = PairRequest(secret, "x", "no certificate request", "aa" * 32)
        for message in (request, desk._refusal(desk.Reason.USED)):
            async with connect(
                f"wss://{station.address}/pair", ssl=tls.pairing_context(), proxy=None
            ) as ws:
                await ws.send(encode(message))
                assert b"malformed" in encode(decode(await ws.recv()))
        assert station.store.joined == []


async def test_a_message_that_is_too_long_ends_the_conversation(world: World) -> None:
    async with (
        world.station(world.station_tls(), StationStore()) as station,
        connect(f"wss://{station.address}/pair", ssl=tls.pairing_context(), proxy=None) as ws,
    ):
        await ws.send(bytes(8193))
        await ws.wait_closed()
        assert ws.close_code == 1009


async def test_who_says_nothing_is_sent_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "CONVERSATION_S", 0.05)
    async with (
        world.station(world.station_tls(), StationStore()) as station,
        connect(f"wss://{station.address}/pair", ssl=tls.pairing_context(), proxy=None) as ws,
    ):
        async with asyncio.timeout(5):
            await ws.wait_closed()
