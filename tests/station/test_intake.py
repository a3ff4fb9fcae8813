"""The first transaction: durable, then acknowledged, and the same for whatever it says."""

import pytest

from monitored import OTHER, SITE, Station
from watchword.core.errors import LocalFaultError
from watchword.core.words import Event
from watchword.storage.station import queries


async def test_durable_before_it_is_acknowledged(station: Station) -> None:
    cell = station.site.attempt(station.duress_token())
    assert await station.receiver.take(SITE, [cell]) == (cell.id,)
    station.restart()
    assert station.store.read_now(queries.envelopes_count) == {"new": 1}
    assert station.incidents() == []


async def test_no_acknowledgement_without_a_commit(station: Station) -> None:
    cell = station.site.attempt(station.duress_token())
    station.store.close()
    with pytest.raises(LocalFaultError):
        await station.receiver.take(SITE, [cell])


async def test_again_is_acknowledged_again(station: Station) -> None:
    cell = station.site.attempt(station.normal_token())
    await station.take(cell)
    await station.take(cell)
    await station.take(cell, cell)
    assert station.store.read_now(queries.envelopes_count) == {"new": 1}
    assert station.store.read_now(queries.anomalies) == ()


async def test_other_bytes_are_kept_and_acknowledged(station: Station) -> None:
    first = station.site.attempt(station.normal_token())
    station.site.counters.clear()
    await station.take(first)
    await station.take(station.site.attempt(station.normal_token()))
    (kept,) = station.store.read_now(queries.anomalies)
    assert kept.reason == "different"


async def test_the_same_number_of_another_site_is_another(station: Station) -> None:
    cell = station.site.attempt(station.normal_token())
    await station.take(cell)
    await station.take(cell, site=OTHER)
    assert station.store.read_now(queries.envelopes_count) == {"new": 2}


async def test_the_same_rows_for_every_code(station: Station) -> None:
    """What is stored before anything is opened differs in bytes of the sealed body only."""
    sizes = set()
    for token in (station.normal_token(), station.duress_token(), station.site.dummy()):
        await station.take(station.site.attempt(token, event=Event.ATTEMPT_ACCEPTED))
    for row in station.store.read_now(lambda c: queries.envelopes_new(c, 10)):
        sizes.add((row.report_class, len(row.body), row.key_id, row.state, row.received_ms))
    assert len(sizes) == 1
