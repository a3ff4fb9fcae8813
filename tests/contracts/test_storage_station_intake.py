"""Envelopes and signals, on both engines."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from watchword.storage.shared.engine import open_engine
from watchword.storage.station import queries as q
from watchword.storage.station import schema as t

TOP = 2**64 - 1
SITE = "a" * 32
NEW, DUPLICATE, DIFFERENT = q.Intake.NEW, q.Intake.DUPLICATE, q.Intake.DIFFERENT


def seed(c):
    q.organisation_add(c, q.OrganisationRow("0" * 32, "O"))
    q.region_add(c, q.RegionRow("1" * 32, "0" * 32, "R"))
    for number, site in enumerate((SITE, "b" * 32)):
        q.site_add(
            c,
            q.SiteRow(
                id=site, number=number, region="1" * 32, name=site[:1], address="", approach="",
                notes="", time_zone="UTC", watched="staffed", category="SP4", policy="private",
                digits=6, tls_fingerprint=None, hpke_public=None, live_ms=None, joined_ms=0,
            ),
        )  # fmt: skip


def envelope(counter, *, report_class=2, epoch=TOP, body=b"\x01", site=SITE, received_ms=5):
    return q.Envelope(site, epoch, report_class, counter, b"kkkk", body * 160, received_ms)


@pytest.fixture
def store(station_store):
    station_store.write_now(seed)
    return station_store


@pytest.fixture
def w(store):
    return lambda query, *a, **k: store.write_now(lambda c: query(c, *a, **k))


@pytest.fixture
def r(store):
    return lambda query, *a, **k: store.read_now(lambda c: query(c, *a, **k))


def test_the_same_envelope_twice_is_one(w, r):
    assert w(q.envelopes_add, []) == ()
    assert w(q.envelopes_add, [envelope(1), envelope(2)]) == (NEW, NEW)
    again = replace(envelope(1), received_ms=99)
    assert w(q.envelopes_add, [again, envelope(3), envelope(2)]) == (DUPLICATE, NEW, DUPLICATE)
    assert [e.counter for e in r(q.envelopes_new, 9)] == [1, 2, 3]
    assert r(q.envelopes_new, 9)[0].received_ms == 5
    assert r(q.anomalies) == ()


def test_twice_in_one_batch_is_one_too(w, r):
    same = [envelope(1), envelope(1), envelope(1, body=b"\x02")]
    assert w(q.envelopes_add, same) == (NEW, DUPLICATE, DIFFERENT)
    assert [e.body[:1] for e in r(q.envelopes_new, 9)] == [b"\x01"]


def test_another_body_under_a_known_number_is_kept_beside_it(w, r):
    w(q.envelopes_add, [envelope(1)])
    forged = envelope(1, body=b"\x02", received_ms=7)
    assert w(q.envelopes_add, [forged]) == (DIFFERENT,)
    assert w(q.envelopes_add, [replace(envelope(1), key_id=b"llll")]) == (DIFFERENT,)
    kept = r(q.anomalies, site=SITE)
    assert [(a.reason, a.epoch, a.body[:1], a.key_id) for a in kept] == [
        ("different", TOP, b"\x01", b"llll"),
        ("different", TOP, b"\x02", b"kkkk"),
    ]
    assert r(q.anomalies, site="b" * 32) == ()
    assert [e.body[:1] for e in r(q.envelopes_new, 9)] == [b"\x01"]


def test_number_epoch_class_and_site_each_make_another_envelope(w):
    apart = [
        envelope(1),
        envelope(2),
        envelope(1, epoch=TOP - 1),
        envelope(1, epoch=0),
        envelope(1, report_class=1),
        envelope(1, site="b" * 32),
    ]
    assert w(q.envelopes_add, apart) == (NEW,) * 6


def test_an_envelope_of_an_unknown_site_is_refused(w):
    with pytest.raises(IntegrityError):
        w(q.envelopes_add, [envelope(1, site="c" * 32)])


def test_the_most_urgent_is_opened_first(w, r):
    w(q.envelopes_add, [envelope(1, report_class=5), envelope(1), envelope(2)])
    w(q.envelopes_add, [envelope(1, report_class=1)])
    order = [(e.report_class, e.counter) for e in r(q.envelopes_new, 9)]
    assert order == [(1, 1), (2, 1), (2, 2), (5, 1)]
    assert [e.report_class for e in w(q.envelopes_claim, 2)] == [1, 2]


def test_an_envelope_is_done_or_given_up_and_then_waits_no_longer(w, r):
    w(q.envelopes_add, [envelope(n) for n in (1, 2, 3)])
    first, second, _ = r(q.envelopes_new, 9)
    w(q.envelope_done, first.id)
    assert [w(q.envelope_tried, second.id) for _ in range(2)] == [1, 2]
    assert w(q.envelope_tried, 999) == 0
    w(q.envelope_failed, second.id)
    assert [e.counter for e in r(q.envelopes_new, 9)] == [3]
    assert [(e.id, e.state, e.tries) for e in r(q.envelopes_failed, 9)] == [
        (second.id, "failed", 2)
    ]
    assert r(q.envelope_get, first.id).state == "done"
    assert r(q.envelope_get, 999) is None
    assert r(q.envelopes_count) == {"new": 1, "done": 1, "failed": 1}
    assert w(q.envelopes_add, [envelope(1)]) == (DUPLICATE,)


@pytest.mark.postgres
def test_two_nodes_never_claim_the_same_envelope(databases, station_url, w):
    if databases.engine == "sqlite":
        return  # one writer at a time: there is no second node
    w(q.envelopes_add, [envelope(n) for n in range(1, 5)])
    one = open_engine(station_url, writes=True).connect()
    two = open_engine(station_url, writes=True).connect()
    with one, two, one.begin(), two.begin():
        mine = {e.counter for e in q.envelopes_claim(one, 2)}
        theirs = {e.counter for e in q.envelopes_claim(two, 9)}
    assert (mine, theirs) == ({1, 2}, {3, 4})


def test_nothing_is_acknowledged_of_an_unknown_epoch(r):
    assert r(q.acked, SITE, 1, 2) == q.Acked(0, ())


def test_a_gap_holds_the_cumulative_acknowledgement_back(w, r):
    w(q.envelopes_add, [envelope(n) for n in (2, 3, 7)])
    assert r(q.acked, SITE, TOP, 2) == q.Acked(0, (2, 3, 7))
    w(q.envelopes_add, [envelope(1)])
    assert r(q.acked, SITE, TOP, 2) == q.Acked(3, (7,))
    assert r(q.acked, "b" * 32, TOP, 2) == q.Acked(0, ())
    assert r(q.acked, SITE, TOP, 3) == q.Acked(0, ())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.integers(1, 12)))
def test_acknowledged_is_exactly_what_is_stored(store, counters):
    def fill(c):
        c.execute(delete(t.envelope))
        q.envelopes_add(c, [envelope(n) for n in sorted(counters, reverse=True)])
        return q.acked(c, SITE, TOP, 2)

    acked = store.write_now(fill)
    assert set(range(1, acked.cumulative + 1)) | set(acked.above) == counters
    assert acked.cumulative + 1 not in counters


def test_a_signal_belongs_to_one_envelope_and_joins_an_incident(w, r):
    w(q.envelopes_add, [envelope(1)])
    number = r(q.envelopes_new, 1)[0].id
    signal = q.SignalRow("4001", 5, "opening", site=SITE, envelope=number, user="é", raw="[x]")
    first = w(q.signal_add, signal)
    assert r(q.signal_of_envelope, number) == replace(signal, id=first)
    assert r(q.signal_of_envelope, 999) is None
    with pytest.raises(IntegrityError):
        w(q.signal_add, signal)
    foreign = w(q.signal_add, q.SignalRow("9", 6, "unknown", code="ZZ"))
    assert [s.id for s in r(q.signals)] == [foreign, first]
    assert [s.id for s in r(q.signals, site=SITE)] == [first]
    assert r(q.signals, limit=1)[0].code == "ZZ"
    with pytest.raises(IntegrityError):
        w(q.signal_join, first, "f" * 32)


def test_the_signals_of_an_incident_are_counted_and_listed(w, r):
    incident = "f" * 32
    opened = {"state": "open", "kind": "trouble", "priority": 5, "life": False, "covert": False}
    row = {"id": incident, "site": SITE, "opened_ms": 1, "plan": 1, "plain": {}, **opened}
    w(lambda c: c.execute(t.incident.insert(), row))
    ids = [w(q.signal_add, q.SignalRow("1", n, "trouble", site=SITE)) for n in range(3)]
    for number in ids[:2]:
        w(q.signal_join, number, incident)
    assert r(q.signals_count, incident) == 2
    assert [s.id for s in r(q.signals, incident=incident)] == ids[1::-1]
