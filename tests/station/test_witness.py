"""The station as witness: a site's journal that does not go on is told to a person, once."""

import pytest

from hotel import FaultyStore
from monitored import SITE, Station
from watchword.station.witness import Witness
from watchword.storage.shared.chain import Head
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.station import queries
from watchword.wire.uplink import NO_CHAIN, Chain

LONG, LONGER = Chain(5, b"a" * 32), Chain(6, b"b" * 32)


def witness(station: Station) -> Witness:
    return Witness(
        store=station.store, clock=station.clock, rules=station.rules, changes=station.changes
    )


def head(station: Station) -> Head:
    return station.store.read_now(lambda c: queries.witness_get(c, SITE))


def breaks(station: Station) -> list[tuple[int, int]]:
    rows = station.store.read_now(lambda c: queries.witness_breaks(c, SITE))
    return [(row.known.length, row.told.length) for row in reversed(rows)]


async def test_a_journal_that_grows_is_believed(station: Station) -> None:
    one = witness(station)
    for chain in (Chain(1, b"x" * 32), LONG, LONG, LONGER):
        await one.told(SITE, chain)
    assert head(station) == Head(6, b"b" * 32)
    assert breaks(station) == [] and station.incidents() == []


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(Chain(4, b"c" * 32), id="shorter: cut off, or restored from a back-up"),
        pytest.param(Chain(5, b"c" * 32), id="as long, and other: rewritten"),
        pytest.param(Chain(1, b"c" * 32), id="begun anew"),
    ],
)
async def test_one_that_does_not_go_on_is_an_incident(station: Station, told: Chain) -> None:
    one = witness(station)
    await one.told(SITE, LONG)
    before = station.changes.version
    await one.told(SITE, told)
    assert breaks(station) == [(5, told.length)]
    row = station.only()
    assert row.kind == "trouble" and row.site == SITE
    assert station.causes(row.id)[0] == "journal-broken"
    assert station.changes.version > before, "consoles look again"
    assert head(station) == Head(told.length, told.head), "from here on it is watched again"


async def test_it_is_told_once_and_again_when_it_happens_again(station: Station) -> None:
    one = witness(station)
    await one.told(SITE, LONG)
    short = Chain(2, b"c" * 32)
    for _ in range(5):
        await one.told(SITE, short)
    assert breaks(station) == [(5, 2)]
    await one.told(SITE, LONG)
    await one.told(SITE, Chain(3, b"d" * 32))
    assert breaks(station) == [(5, 2), (5, 3)]


async def test_a_restart_of_the_station_forgets_nothing_and_tells_nothing_twice(
    station: Station,
) -> None:
    await witness(station).told(SITE, LONG)
    await witness(station).told(SITE, LONG)
    assert breaks(station) == []
    await witness(station).told(SITE, Chain(5, b"c" * 32))
    await witness(station).told(SITE, Chain(5, b"c" * 32))
    assert breaks(station) == [(5, 5)]


async def test_a_site_that_says_nothing_of_its_journal_breaks_nothing(station: Station) -> None:
    one = witness(station)
    await one.told(SITE, NO_CHAIN)
    await one.told(SITE, LONG)
    await one.told(SITE, NO_CHAIN)  # it has just started and has not read it yet
    assert breaks(station) == [] and head(station).length == 5


async def test_a_failed_commit_is_looked_at_again(station: Station) -> None:
    station.store.close()
    store = station.store = FaultyStore(station.url, name="station")
    store.start()
    one = witness(station)
    await one.told(SITE, LONG)
    store.fails = DiskFullError("full")
    told = Chain(2, b"c" * 32)
    with pytest.raises(DiskFullError):
        await one.told(SITE, told)
    store.fails = None
    await one.told(SITE, told)
    assert breaks(station) == [(5, 2)]
