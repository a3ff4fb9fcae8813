"""What the station does for each link: it joins the parts, and one that fails stops no other."""

from hotel import FaultyStore
from monitored import SITE, Station
from watchword.station.downlink import Letters
from watchword.station.links import Links
from watchword.station.ports import PairedSite
from watchword.station.witness import Witness
from watchword.storage.shared.chain import Head
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.station import queries
from watchword.wire.uplink import Chain

LINKED = PairedSite(SITE, 1, "Hotel 1", 0.25)


def links(station: Station, *, witness_store=None) -> Links:
    return Links(
        store=station.store,
        receiver=station.receiver,
        letters=Letters(station.store),
        witness=Witness(
            store=witness_store or station.store,
            clock=station.clock,
            rules=station.rules,
            changes=station.changes,
        ),
        watch=station.watch,
        tick_s=0.25,
        acknowledge_after_s=0.0,
    )


async def test_a_site_is_known_by_the_fingerprint_of_its_certificate(station):
    assert await links(station).site_of("f1") == LINKED
    assert await links(station).site_of("unknown") is None


async def test_nothing_is_acknowledged_from_memory(station):
    assert await links(station).committed(LINKED) == {}


async def test_what_came_is_kept_and_its_journal_is_witnessed(station):
    cell = station.site.attempt(station.normal_token())
    assert await links(station).intake(LINKED, [cell], Chain(3, b"h" * 32)) == (cell.id,)
    assert await station.store.read(queries.envelopes_count)
    assert await station.store.read(lambda c: queries.witness_get(c, SITE)) == Head(3, b"h" * 32)


async def test_what_is_durable_is_acknowledged_although_the_witness_fails(station):
    with FaultyStore(station.url, name="faulty") as faulty:
        faulty.fails = DiskFullError("full")
        cell = station.site.attempt(station.normal_token())
        joined = links(station, witness_store=faulty)
        assert await joined.intake(LINKED, [cell], Chain(3, b"h" * 32)) == (cell.id,)


async def test_a_frame_is_heard_by_whoever_watches_for_silence(station):
    links(station).seen(LINKED, station.clock.now())
    assert SITE in station.watch._heard


async def test_letters_go_down_and_are_done_when_they_were_committed(station):
    joined = links(station)
    assert list(await joined.letters(LINKED)) == []
    await joined.delivered(LINKED, [])
    joined.certificate_expired(LINKED)
