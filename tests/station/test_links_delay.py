"""When a site may be told that its report is durable: a matter of when the report came."""

import asyncio

import pytest

from monitored import SITE, Station
from watchword.station.downlink import Letters
from watchword.station.links import Links
from watchword.station.ports import PairedSite
from watchword.station.witness import Witness
from watchword.wire.uplink import NO_CHAIN, Chain

LINKED = PairedSite(SITE, 1, "Hotel 1", 0.25)


def links(station: Station, after_s: float) -> Links:
    return Links(
        store=station.store,
        receiver=station.receiver,
        letters=Letters(station.store),
        witness=Witness(
            store=station.store,
            clock=station.clock,
            rules=station.rules,
            changes=station.changes,
        ),
        watch=station.watch,
        tick_s=0.25,
        acknowledge_after_s=after_s,
    )


@pytest.mark.parametrize("forced", [False, True])
async def test_an_acknowledgement_waits_out_what_the_station_does(station, forced):
    token = station.duress_token() if forced else station.normal_token()
    cell = station.site.attempt(token)
    intake = links(station, 3600.0).intake(LINKED, [cell], Chain(1, b"h" * 32))
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(intake, name="intake")
        while not await station.processor.process():
            pass
        assert len(station.incidents()) == int(forced)
        assert not taking.done()  # durable and worked on, and not yet told
        taking.cancel()


async def test_it_leaves_when_the_time_is_up(station):
    cell, loop = station.site.attempt(station.normal_token()), asyncio.get_running_loop()
    begun = loop.time()
    assert await links(station, 0.05).intake(LINKED, [cell], NO_CHAIN) == (cell.id,)
    assert loop.time() - begun >= 0.05
