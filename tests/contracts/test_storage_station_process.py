"""What the second step asks besides, on both engines."""

import pytest

from watchword.storage.station import queries as q
from watchword.storage.station import queries_process as p

SITE = "a" * 32


def seed(c):
    q.organisation_add(c, q.OrganisationRow("0" * 32, "O"))
    q.region_add(c, q.RegionRow("1" * 32, "0" * 32, "R"))
    q.site_add(
        c,
        q.SiteRow(
            id=SITE, number=1, region="1" * 32, name="S", address="", approach="", notes="",
            time_zone="UTC", watched="staffed", category="SP4", policy="private", digits=6,
            tls_fingerprint=None, hpke_public=None, live_ms=None, joined_ms=0,
        ),
    )  # fmt: skip
    q.envelopes_add(c, [envelope(n) for n in (1, 2)])


def envelope(counter, body=b"\x01"):
    return q.Envelope(SITE, 7, 2, counter, b"kkkk", body * 160, 5)


@pytest.fixture
def store(station_store):
    station_store.write_now(seed)
    return station_store


def test_only_what_waits_is_held(store):
    first, second = store.read_now(lambda c: q.envelopes_new(c, 9))
    assert store.write_now(lambda c: p.envelope_hold(c, first.id)) == first
    store.write_now(lambda c: q.envelope_done(c, first.id))
    assert store.write_now(lambda c: p.envelope_hold(c, first.id)) is None
    assert store.write_now(lambda c: p.envelope_hold(c, 999)) is None
    assert store.write_now(lambda c: p.envelope_hold(c, second.id)) == second


def test_what_was_given_up_is_tried_again(store):
    first, second = store.read_now(lambda c: q.envelopes_new(c, 9))
    store.write_now(lambda c: q.envelope_done(c, first.id))
    store.write_now(lambda c: q.envelope_failed(c, second.id))
    assert store.write_now(p.envelopes_revive) == 1
    assert [e.id for e in store.read_now(lambda c: q.envelopes_new(c, 9))] == [second.id]


def test_anomalies_are_read_once_in_their_order(store):
    for body in (b"\x02", b"\x03", b"\x04"):
        store.write_now(lambda c, b=body: q.envelopes_add(c, [envelope(1, b)]))
    found = store.read_now(lambda c: p.anomalies_after(c, 0, limit=2))
    assert [a.body[:1] for a in found] == [b"\x02", b"\x03"]
    assert found[0].reason == "different"
    rest = store.read_now(lambda c: p.anomalies_after(c, found[-1].id))
    assert [a.body[:1] for a in rest] == [b"\x04"]
