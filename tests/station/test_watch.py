"""A silent site is told within its category's time, once, and coming back closes nothing."""

import pytest

from monitored import AT_SITE, OTHER, SITE, Station
from watchword.station.watch import ALLOWED_S, MARGIN_S, STRICTEST_S, allowed_s
from watchword.storage.station import queries


async def pass_time(station: Station, seconds: float, *heard: str) -> None:
    for _ in range(int(seconds)):
        station.clock.forward(1)
        for site in heard:
            station.watch.heard(site)
        await station.watch.process()


async def test_silence_is_told_in_time_and_once(station: Station) -> None:
    station.watch.heard(SITE)
    await station.watch.process()
    await pass_time(station, ALLOWED_S["SP4"] - MARGIN_S - 1)
    assert station.incidents() == []
    await pass_time(station, 1)
    row = station.only()
    assert (row.kind, row.covert, row.life) == ("path-loss", False, False)
    await pass_time(station, 5)
    assert station.only() == row
    assert [i.kind for i in await station.desk.queue(AT_SITE)] == ["path-loss"]


async def test_being_heard_again_is_only_noted(station: Station) -> None:
    station.watch.heard(SITE)
    await pass_time(station, 180)
    before = station.only()
    station.watch.heard(SITE)
    await station.watch.process()
    assert station.only() == before
    assert station.causes(before.id)[-1] == "path-restored"
    kinds = [(s.kind, s.qualifier) for s in station.store.read_now(queries.signals)]
    assert kinds == [("path-loss", "3"), ("path-loss", "1")]


async def test_a_site_that_is_heard_is_kept_as_seen(station: Station) -> None:
    await pass_time(station, 3, SITE)
    row = station.store.read_now(lambda c: queries.site_get(c, SITE))
    assert row is not None
    assert row.last_seen_ms == int(station.clock.now() * 1000)
    assert station.watch.live(row)


async def test_a_stopped_station_blames_nobody(station: Station) -> None:
    await pass_time(station, 2, SITE)
    station.clock.forward(10_000)
    station.restart()
    await pass_time(station, 60)
    assert station.incidents() == []
    await pass_time(station, 120)
    assert station.only().kind == "path-loss"


async def test_a_restart_does_not_tell_twice(station: Station) -> None:
    station.watch.heard(SITE)
    await pass_time(station, 180)
    station.restart()
    await pass_time(station, 200)
    assert len(station.incidents()) == 1


async def test_a_site_that_never_came_is_not_lost(station: Station) -> None:
    await pass_time(station, 200, SITE)
    assert station.incidents() == []
    other = station.store.read_now(lambda c: queries.site_get(c, OTHER))
    assert other is not None
    assert not station.watch.live(other)


@pytest.mark.parametrize(("category", "time_s"), [("sp6", 20), ("DP1", 90_000), ("?", STRICTEST_S)])
def test_categories(category: str, time_s: float) -> None:
    assert allowed_s(category) == time_s
