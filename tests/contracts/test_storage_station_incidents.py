"""Incidents, timelines, steps, hand-offs, operators and the station's journal, on both engines."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from watchword.core.errors import NotFoundError
from watchword.storage.shared.chain import GENESIS, Break
from watchword.storage.station import queries as q

SITE, OTHER = "a" * 32, "b" * 32
ANN = "5" * 32


def seed(c):
    q.organisation_add(c, q.OrganisationRow("0" * 32, "O"))
    q.region_add(c, q.RegionRow("1" * 32, "0" * 32, "R"))
    for number, site in enumerate((SITE, OTHER)):
        q.site_add(
            c,
            q.SiteRow(
                id=site, number=number, region="1" * 32, name=site[:1], address="", approach="",
                notes="", time_zone="UTC", watched="staffed", category="SP4", policy="private",
                digits=6, tls_fingerprint=None, hpke_public=None, live_ms=None, joined_ms=0,
            ),
        )  # fmt: skip
    q.person_add(c, q.PersonRow(ANN, SITE, "Ann"))


def incident(n, **changes):
    made = q.IncidentRow(
        id=f"{n:032x}",
        site=SITE,
        kind="duress",
        state="open",
        priority=1,
        life=True,
        covert=True,
        person=ANN,
        entry_point=1,
        area=1,
        opened_ms=100 + n,
        claimed_by=None,
        plan=1,
        released_ms=None,
        closed_ms=None,
        plain={"signals": ["x"]},
    )
    return replace(made, **changes)


def handoff(n, **changes):
    made = q.HandoffRow(
        incident=f"{1:032x}",
        step=1,
        target_kind="webhook",
        target="county",
        idempotency_key=f"key-{n}",
        exercise=False,
        state="queued",
        attempts=0,
        next_ms=100 + n,
        created_ms=1,
        updated_ms=1,
    )
    return replace(made, **changes)


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


def test_an_incident_is_opened_once(w, r):
    assert w(q.incident_add, incident(1)) is True
    assert w(q.incident_add, incident(1, kind="trouble")) is False
    assert r(q.incident_get, incident(1).id) == incident(1)
    assert r(q.incident_get, "x") is None


def test_an_incident_is_read_to_be_changed_and_written_back_whole(w, r):
    w(q.incident_add, incident(1))
    held = w(q.incident_hold, incident(1).id)
    assert held == incident(1)
    changed = replace(held, claimed_by="op", state="claimed", plain={"signals": ["x", "y"]})
    w(q.incident_save, changed)
    assert r(q.incident_get, changed.id) == changed
    assert isinstance(r(q.incident_get, changed.id).life, bool)
    with pytest.raises(NotFoundError):
        w(q.incident_save, incident(2))


def test_what_is_open_comes_most_urgent_first_then_oldest(w, r):
    for one in (
        incident(1, priority=3),
        incident(2),
        incident(3, site=OTHER, person=None),
        incident(4, opened_ms=1),
        incident(5, closed_ms=9),
    ):
        w(q.incident_add, one)
    assert [int(i.id, 16) for i in r(q.incidents_open)] == [4, 2, 3, 1]
    assert [int(i.id, 16) for i in r(q.incidents_open, site=OTHER)] == [3]
    assert [int(i.id, 16) for i in r(q.incidents)] == [5, 3, 2, 1, 4]
    assert [int(i.id, 16) for i in r(q.incidents, limit=1)] == [5]
    assert [int(i.id, 16) for i in r(q.incidents, site=OTHER)] == [3]
    assert r(q.incidents, kind="fire") == ()


def test_what_a_signal_could_join_is_open_recent_and_of_the_same_person_or_place(w, r):
    for one in (
        incident(1),
        incident(2, person=None, entry_point=2),
        incident(3, person=None, entry_point=1),
        incident(4, closed_ms=9),
        incident(5, opened_ms=1),
        incident(6, site=OTHER),
    ):
        w(q.incident_add, one)

    def near(**who):
        return [int(i.id, 16) for i in r(q.incidents_near, SITE, 100, **who)]

    assert near() == [3, 2, 1]
    assert near(person=ANN) == [1]
    assert near(entry_point=2) == [2]
    assert near(person=ANN, entry_point=1) == [3, 1]


def test_a_timeline_only_grows_and_each_entry_has_its_audience(w, r):
    w(q.incident_add, incident(1))
    one = q.EventRow(incident(1).id, 5, "system", "opened", {"a": 1}, "off-site")
    first = w(q.event_add, one)
    second = w(q.event_add, replace(one, at_ms=4, who="op", key="note", audience="everyone"))
    assert second > first
    assert [e.key for e in r(q.events, incident(1).id)] == ["opened", "note"]
    assert r(q.events, incident(1).id)[0] == replace(one, id=first)
    assert [e.key for e in r(q.events, incident(1).id, audiences=("everyone",))] == ["note"]
    with pytest.raises(IntegrityError):
        w(q.event_add, replace(one, incident="f" * 32))


def test_steps_are_written_by_number_and_come_due(w, r):
    w(q.incident_add, incident(1))
    one = q.StepRow(incident(1).id, 1, "dispatch", "now", 50, 1, {})
    two = q.StepRow(incident(1).id, 2, "call", "unavailable", None, 1, {"reason": "no call"})
    w(q.step_save, two)
    w(q.step_save, one)
    assert r(q.steps, incident(1).id) == (one, two)
    assert w(q.steps_due, 49) == ()
    assert w(q.steps_due, 50) == (one,)
    w(q.step_save, replace(one, state="done", due_ms=None))
    assert w(q.steps_due, 99) == ()


def test_a_hand_off_is_queued_once_for_a_key(w, r):
    w(q.incident_add, incident(1))
    first = w(q.handoff_add, handoff(1))
    assert w(q.handoff_add, handoff(1, target="other")) == first
    second = w(q.handoff_add, handoff(2))
    assert r(q.handoff_get, first) == handoff(1, id=first)
    assert r(q.handoff_get, 999) is None
    assert [h.id for h in r(q.handoffs, incident(1).id)] == [first, second]


def test_hand_offs_come_due_earliest_first_until_nothing_is_to_be_done(w, r):
    assert r(q.handoff_next_ms) is None
    w(q.incident_add, incident(1))
    late, early = w(q.handoff_add, handoff(9)), w(q.handoff_add, handoff(1))
    assert r(q.handoff_next_ms) == 101
    assert w(q.handoffs_due, 100) == ()
    assert [h.id for h in w(q.handoffs_due, 200)] == [early, late]
    assert [h.id for h in w(q.handoffs_due, 200, limit=1)] == [early]
    taken = replace(r(q.handoff_get, early), state="accepted", next_ms=None, accepted_by="Sgt Hill")
    w(q.handoff_save, taken)
    assert r(q.handoff_get, early) == taken
    assert [h.id for h in w(q.handoffs_due, 200)] == [late]
    with pytest.raises(NotFoundError):
        w(q.handoff_save, handoff(3, id=999))


# --- who works here

OPERATOR = q.OperatorRow("op", "Olga P", "$argon2id$secret", frozenset({"work", "release"}))


def session(n, **changes):
    made = q.SessionRow(bytes([n]) * 32, "op", "csrf", None, 10, 10, "127.0.0.1")
    return replace(made, **changes)


def test_operators_are_kept_by_name_and_hide_their_password(w, r):
    w(q.operator_set, OPERATOR)
    assert r(q.operator_get, "op") == OPERATOR
    assert r(q.operator_get, "x") is None
    assert "secret" not in repr(r(q.operator_get, "op"))
    w(q.operator_set, replace(OPERATOR, may=frozenset()))
    assert r(q.operators) == (replace(OPERATOR, may=frozenset()),)


def test_a_session_ends_with_its_operator(w, r):
    w(q.operator_set, OPERATOR)
    w(q.session_add, session(1))
    assert r(q.session_get, b"\x01" * 32) == (session(1), OPERATOR)
    assert r(q.session_get, b"\x02" * 32) is None
    w(q.session_place, b"\x01" * 32, "off-site")
    w(q.session_seen, b"\x01" * 32, 77)
    found, _ = r(q.session_get, b"\x01" * 32)
    assert (found.place, found.seen_ms) == ("off-site", 77)
    w(q.operator_disable, "op")
    assert r(q.session_get, b"\x01" * 32) is None
    w(q.session_add, session(2))
    assert r(q.session_get, b"\x02" * 32) is None
    with pytest.raises(NotFoundError):
        w(q.operator_disable, "x")
    assert "csrf" not in repr(session(1)).replace("csrf=", "")


def test_sessions_that_are_old_or_unused_are_ended(w, r):
    w(q.operator_set, OPERATOR)
    for one in (session(1), session(2, created_ms=50, seen_ms=60), session(3, created_ms=50)):
        w(q.session_add, one)
    assert w(q.sessions_forget, created_before_ms=20, seen_before_ms=20) == 2
    assert r(q.session_get, b"\x02" * 32) is not None
    w(q.session_remove, b"\x02" * 32)
    assert r(q.session_get, b"\x02" * 32) is None


def test_the_stations_journal_is_a_chain_too(w, r):
    assert r(q.journal_head) == (0, GENESIS)
    w(q.journal_append, 1, "op", "signed-in", {})
    length, head = w(q.journal_append, 2, "op", "released", {"why": "é"}, site=SITE)
    assert r(q.journal_head) == (length, head) == (2, head)
    assert [e.key for e in r(q.journal_tail, 9)] == ["released", "signed-in"]
    assert [e.key for e in r(q.journal_tail, 9, site=SITE)] == ["released"]
    assert r(q.journal_verify) is None
    w(lambda c: c.execute(text("UPDATE journal SET who = 'other' WHERE id = 1")))
    assert r(q.journal_verify) == Break(1, "changed")
