"""When a site may be told that its report is durable: a matter of when the report came."""

import asyncio

import pytest

from monitored import SITE, Station
from watchword.station.downlink import Letters
from watchword.station.links import ACKNOWLEDGE_AFTER_S, Links
from watchword.station.ports import PairedSite
from watchword.station.witness import Witness
from watchword.storage.station import queries
from watchword.wire.uplink import Chain


def links(station: Station) -> Links:
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
    )


@pytest.mark.parametrize("forced", [False, True])
async def test_an_acknowledgement_waits_out_what_the_station_does(station, forced):
    token = station.duress_token() if forced else station.normal_token()
    cell = station.site.attempt(token)
    site, loop = PairedSite(SITE, 1, "Hotel 1", 0.25), asyncio.get_running_loop()
    begun = loop.time()
    taking = asyncio.create_task(
        links(station).intake(site, [cell], Chain(1, b"h" * 32)), name="intake"
    )
    await asyncio.sleep(ACKNOWLEDGE_AFTER_S / 2)
    assert await station.store.read(queries.envelopes_count) == {"new": 1}
    await station.processor.process()  # worked on already, and not yet told
    assert len(station.incidents()) == int(forced)
    assert await taking == (cell.id,)
    assert loop.time() - begun >= ACKNOWLEDGE_AFTER_S
