"""The station's end: commit before acknowledging, clear refusals, and nobody in another's way."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from linking import (
    SiteStore,
    Station,
    StationStore,
    World,
    cell,
    until,
)
from watchword.adapters.shared import line, tls
from watchword.adapters.site import uplink as site_uplink
from watchword.adapters.station import uplink as station_uplink
from watchword.core.errors import LocalFaultError
from watchword.site.ports import LinkState
from watchword.station.ports import PairedSite
from watchword.wire.uplink import Chain, Direction, Link


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_uplink, "BACKOFF_S_MIN", 0.01)
    monkeypatch.setattr(site_uplink, "BACKOFF_S_MAX", 0.05)
    monkeypatch.setattr(site_uplink, "RETRY_S", 0.01)


async def test_nothing_is_acknowledged_while_its_commit_is_under_way(world: World) -> None:
    there, here = StationStore(), SiteStore()
    there.may_commit.clear()
    here.outbox = {cell(n).id: cell(n) for n in range(1, 6)}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(there.moved, lambda: there.asked > 0)
        # The station goes on ticking, with hundreds of chances to acknowledge too early.
        heard = here.frames
        await until(here.moved, lambda: here.frames > heard + 300)
        assert len(here.outbox) == 5
        there.may_commit.set()
        await until(here.moved, lambda: not here.outbox)
        assert len(there.envelopes) == 5


async def test_a_programming_fault_of_the_station_ends_one_link_only(world: World) -> None:
    there, here = StationStore(fault=ZeroDivisionError()), SiteStore()
    here.outbox = {cell(1).id: cell(1)}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: not here.outbox)


@asynccontextmanager
async def raw(station: Station, site: tls.SiteTls, path: str = "/uplink") -> AsyncIterator[object]:
    """A client that may say what it likes."""
    context: ssl.SSLContext = site.context()
    async with connect(
        f"wss://{station.address}{path}", ssl=context, proxy=None, **line.OPTIONS
    ) as ws:
        yield ws


@pytest.mark.parametrize(
    ("path", "paired", "status"), [("/uplink", False, 403), ("/", True, 404), ("/up", True, 404)]
)
async def test_wrong_paths_and_unpaired_clients_get_a_clear_status(
    world: World, path: str, paired: bool, status: int
) -> None:
    there = StationStore()
    async with world.station(world.station_tls(), there) as station:
        site = world.site_tls(station.tls, there)
        context = site.context() if paired else tls.pairing_context()
        with pytest.raises(InvalidStatus) as told:
            await connect(f"wss://{station.address}{path}", ssl=context, proxy=None)
        assert told.value.response.status_code == status


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ([b"short"], 1002, "5 bytes, not 512"),
        ([bytes(512)], 1002, "version 0"),
        (["text"], 1002, "text message"),
        ([bytes(513)], 1009, ""),
        (["replay"], 1002, "repeated or replayed"),
        (["down"], 1002, "kind 1 where 0 (up) is due"),
    ],
)
async def test_a_site_that_breaks_the_protocol_is_told_why(
    world: World, sent: list[bytes | str], code: int, says: str
) -> None:
    there = StationStore()
    up = Link(Direction.UP, noise=secrets.token_bytes).on_tick(0, 0)[0]
    down = Link(Direction.DOWN, noise=secrets.token_bytes).on_tick(0, 0)[0]
    named = {"replay": [up, up], "down": [down]}
    async with (
        world.station(world.station_tls(), there) as station,
        raw(station, world.site_tls(station.tls, there)) as ws,
    ):
        for one in named.get(str(sent[0]), sent):
            await ws.send(one)  # type: ignore[attr-defined]
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(5):
                while True:
                    await ws.recv()  # type: ignore[attr-defined]
        assert ws.close_code == code  # type: ignore[attr-defined]
        assert says in (ws.close_reason or "")  # type: ignore[attr-defined]
        assert there.envelopes == {}


async def test_a_second_connection_of_a_site_replaces_the_first(world: World) -> None:
    there = StationStore()
    async with world.station(world.station_tls(), there) as station:
        site = world.site_tls(station.tls, there)
        async with raw(station, site) as first:
            await first.recv()  # type: ignore[attr-defined]
            async with raw(station, site) as second:
                await second.recv()  # type: ignore[attr-defined]
                with pytest.raises(ConnectionClosed):
                    async with asyncio.timeout(2):
                        while True:
                            await first.recv()  # type: ignore[attr-defined]
                assert station.uplink.linked("a1" * 16)
                station.uplink.disconnect("a1" * 16)
                station.uplink.disconnect("nobody")
                with pytest.raises(ConnectionClosed):
                    async with asyncio.timeout(2):
                        while True:
                            await second.recv()  # type: ignore[attr-defined]


async def test_a_registry_that_fails_refuses_for_now(world: World) -> None:
    class Broken(StationStore):
        async def site_of(self, fingerprint: str) -> PairedSite | None:
            raise LocalFaultError("disk full")

    there, here = Broken(), SiteStore()
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, None), here),
    ):
        await until(here.moved, lambda: bool(here.states))
        assert here.states[0] == (LinkState.DOWN, "The station answered with 503.")


async def test_a_flood_waits_for_its_commits_in_bounded_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station_uplink, "PENDING_MAX", 4)
    there, here = StationStore(), SiteStore()
    here.outbox = {cell(n).id: cell(n) for n in range(1, 400)}
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(here.moved, lambda: not here.outbox)
        assert len(there.envelopes) == 399


async def test_the_chain_is_witnessed_when_it_moves(world: World) -> None:
    there, here = StationStore(), SiteStore()
    async with (
        world.station(world.station_tls(), there) as station,
        world.site(station.address, world.site_tls(station.tls, there), here),
    ):
        await until(there.moved, lambda: there.chains == [here.head])
        here.head = Chain(2, b"i" * 32)
        await until(there.moved, lambda: there.chains[-1] == here.head)
        assert len(there.chains) == 2
