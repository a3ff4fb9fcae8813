"""A site on a slow tick (a cellular or back-up path) keeps its link, and is heard."""

import asyncio
import time
from pathlib import Path

import pytest

from linking import SiteStore, StationStore, World, cell, until
from watchword.adapters.shared import line
from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.site.uplink import SiteUplink
from watchword.site.ports import LinkState

TICK_S = 6.5  # slower than any silence that a site on a fast tick may keep


@pytest.mark.slow
async def test_a_site_on_a_slow_tick_keeps_its_link(tmp_path: Path) -> None:
    assert line.silence_s(0.25) < TICK_S
    world, there, here = World(tmp_path), StationStore(), SiteStore()
    tls = world.station_tls()
    # So that the first tick is as far away as it can be.
    await asyncio.sleep(TICK_S - time.monotonic() % TICK_S)
    async with world.station(tls, there) as station:
        uplink = SiteUplink(
            addresses=[station.address],
            tls=world.site_tls(tls, there),
            tick_s=TICK_S,
            duties=here,
            clock=SystemClock(),
        )
        here.outbox[cell(1).id] = cell(1)
        running = asyncio.create_task(uplink.run())
        try:
            await until(there.moved, lambda: there.envelopes)
            await asyncio.sleep(TICK_S)
            assert [state for state, _ in here.states] == [LinkState.UP], "made once, and kept"
            assert not here.outbox
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
