"""Who is watched and who holds codes, on both engines."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from watchword.core.errors import NotFoundError
from watchword.storage.shared.chain import GENESIS, Head
from watchword.storage.station import queries as q

ORGANISATION = q.OrganisationRow("0" * 32, "Aurora Hotels")
REGION = q.RegionRow("1" * 32, ORGANISATION.id, "North")
SITE = q.SiteRow(
    id="a" * 32,
    number=4_000_000_000,
    region=REGION.id,
    name="Hotel Aurora",
    address="1 Quay Street",
    approach="Side door, no lights",
    notes="",
    time_zone="Europe/Madrid",
    watched="staffed",
    category="SP4",
    policy="private",
    digits=6,
    tls_fingerprint="f" * 64,
    hpke_public=bytes(range(32)),
    live_ms=None,
    joined_ms=1,
)
ANN = q.PersonRow("5" * 32, SITE.id, "Ann")


def seed(c):
    q.organisation_add(c, ORGANISATION)
    q.region_add(c, REGION)
    q.site_add(c, SITE)


@pytest.fixture
def store(station_store):
    station_store.write_now(seed)
    return station_store


@pytest.fixture
def w(store):
    """Write: w(query, *args) is one commit."""
    return lambda query, *a, **k: store.write_now(lambda c: query(c, *a, **k))


@pytest.fixture
def r(store):
    """Read: r(query, *args) is one snapshot."""
    return lambda query, *a, **k: store.read_now(lambda c: query(c, *a, **k))


def test_a_value_comes_back_as_it_was(w, r):
    assert r(q.value_get, "k") is None
    w(q.value_set, "k", {"a": 1})
    w(q.value_set, "k", {"a": 2})
    assert r(q.value_get, "k") == {"a": 2}


def test_organisations_and_regions_stand_above_sites(w, r):
    assert r(q.organisations) == (ORGANISATION,)
    w(q.organisation_add, q.OrganisationRow(ORGANISATION.id, "Aurora Group"))
    assert r(q.organisations)[0].name == "Aurora Group"
    south = q.RegionRow("2" * 32, ORGANISATION.id, "South")
    w(q.region_add, south)
    assert r(q.regions) == (REGION, south)
    assert r(q.regions, organisation="9" * 32) == ()
    with pytest.raises(IntegrityError):
        w(q.region_add, q.RegionRow("3" * 32, "9" * 32, "nowhere"))
    with pytest.raises(IntegrityError):
        w(q.site_add, replace(SITE, id="b" * 32, number=2, tls_fingerprint=None, region="9" * 32))


def test_a_site_is_found_by_id_number_and_key(w, r):
    assert r(q.site_get, SITE.id) == SITE
    assert r(q.site_by_number, SITE.number) == SITE
    assert r(q.site_by_fingerprint, "f" * 64) == SITE
    assert r(q.site_get, "x") is None
    assert r(q.site_by_number, 1) is None
    assert r(q.site_by_fingerprint, "0" * 64) is None
    assert r(q.site_next_number) == SITE.number + 1
    for clash in (
        replace(SITE, id="b" * 32, number=7),
        replace(SITE, id="b" * 32, tls_fingerprint=None),
    ):
        with pytest.raises(IntegrityError):
            w(q.site_add, clash)
    other = replace(SITE, id="b" * 32, number=7, tls_fingerprint=None, name="Bar Aurora")
    w(q.site_add, other)
    assert r(q.sites) == (other, SITE)
    assert r(q.sites, region=REGION.id) == (other, SITE)
    assert r(q.sites, region="9" * 32) == ()


def test_a_site_is_changed_by_column(w, r):
    w(q.site_update, SITE.id, live_ms=9, watched="relayed")
    assert r(q.site_get, SITE.id) == replace(SITE, live_ms=9, watched="relayed")
    with pytest.raises(NotFoundError):
        w(q.site_update, "x", live_ms=9)


def test_when_a_site_was_heard_never_goes_back(w, r):
    w(q.sites_seen, {SITE.id: 50})
    w(q.sites_seen, {SITE.id: 40, "unknown": 1})
    assert r(q.site_get, SITE.id).last_seen_ms == 50


def test_the_witness_of_a_journal_and_its_breaks_are_kept(w, r):
    assert r(q.witness_get, SITE.id) == Head(0, GENESIS)
    assert r(q.witness_get, "unknown") == Head(0, GENESIS)
    told = Head(5, b"h" * 32)
    w(q.witness_set, SITE.id, told)
    assert r(q.witness_get, SITE.id) == told
    broken = q.WitnessBreak(SITE.id, 9, known=told, told=Head(3, b"g" * 32))
    first = w(q.witness_break_add, broken)
    second = w(q.witness_break_add, replace(broken, at_ms=10))
    assert second > first
    assert [b.at_ms for b in r(q.witness_breaks, SITE.id)] == [10, 9]
    assert r(q.witness_breaks, SITE.id)[1] == broken


def test_names_stand_behind_numbers(w, r):
    w(q.names_set, SITE.id, "area", {1: "Lobby", 2: "Bar"})
    w(q.names_set, SITE.id, "area", {2: "Pool"})
    w(q.names_set, SITE.id, "place", {1: "Front desk"})
    assert r(q.names, SITE.id, "area") == {1: "Lobby", 2: "Pool"}
    assert r(q.name_get, SITE.id, "place", 1) == "Front desk"
    assert r(q.name_get, SITE.id, "place", 2) is None


def test_the_latest_proof_of_each_kind_counts_and_the_others_stay(w, r):
    assert r(q.proofs, SITE.id) == {}
    old = q.ProofRow(SITE.id, "responders", 10, 2_592_000, "Ann", "drill 1")
    late = replace(old, proven_ms=20, reference="drill 2")
    other = replace(old, kind="psap", proven_ms=5)
    for proof in (late, old, other):
        w(q.proof_add, proof)
    assert r(q.proofs, SITE.id) == {"responders": late, "psap": other}


def test_a_pairing_secret_is_good_once_and_not_for_long(w, r):
    pairing = q.PairingRow(b"s" * 32, "Hotel Aurora", {"category": "SP4"}, expires_ms=100)
    w(q.pairing_add, pairing)
    w(q.pairing_add, replace(pairing, secret_hash=b"t" * 32))
    assert w(q.pairing_take, b"x" * 32, 50) is None
    assert w(q.pairing_take, b"s" * 32, 100) is None
    assert w(q.pairing_take, b"s" * 32, 99) == replace(pairing, used_ms=99)
    assert w(q.pairing_take, b"s" * 32, 99) is None
    assert "ssss" not in repr(pairing)
    assert r(q.pairing_get, b"s" * 32).used_ms == 99
    assert r(q.pairing_get, b"x" * 32) is None


def test_letters_wait_in_order_until_they_are_carried(w, r):
    ids = [w(q.letter_add, SITE.id, "batch", bytes([n]), n) for n in range(3)]
    waiting = r(q.letters_queued, SITE.id)
    assert [(one.id, one.sealed, one.state) for one in waiting] == [
        (number, bytes([n]), "queued") for n, number in enumerate(ids)
    ]
    assert len(r(q.letters_queued, SITE.id, limit=2)) == 2
    assert w(q.letters_done, ids[:2]) == 2
    assert w(q.letters_done, ids[:2]) == 0
    assert w(q.letters_done, []) == 0
    assert [one.id for one in r(q.letters_queued, SITE.id)] == ids[2:]
    assert w(q.letters_forget, 1) == 1


# --- people, slots, enrolments


def enrolment(n, person=ANN.id, state=q.EnrolmentState.INVITED, expires_ms=100):
    return q.EnrolmentRow(
        id=f"{n:032x}",
        site=SITE.id,
        person=person,
        link_hash=bytes([n]) * 32,
        code_hash=b"c" * 32,
        attempts=0,
        state=state,
        expires_ms=expires_ms,
    )


def slots(n, person=ANN.id, pairs=3):
    return [
        q.SlotRow(
            f"{n:02x}{pair:02x}{half:028x}",
            SITE.id,
            person,
            f"{n:032x}",
            q.SlotState.PENDING,
            pair,
            b"kkkk",
        )
        for pair in range(pairs)
        for half in range(2)
    ]


def states(r, n):
    return [(s.pair, s.state) for s in r(q.slots_of_enrolment, f"{n:032x}")]


def test_people_come_and_go(w, r):
    ben = q.PersonRow("6" * 32, SITE.id, "Ben")
    w(q.person_add, ben)
    w(q.person_add, ANN)
    assert r(q.people, SITE.id) == (ANN, ben)
    assert r(q.person_get, ANN.id) == ANN
    assert r(q.person_get, "x") is None
    w(q.person_remove, ANN.id, 50)
    w(q.person_remove, ANN.id, 60)
    assert r(q.people, SITE.id) == (ben,)
    assert r(q.people, SITE.id, removed=True) == (replace(ANN, removed_ms=50), ben)
    with pytest.raises(NotFoundError):
        w(q.person_remove, "x", 1)


def test_the_pair_that_was_taken_is_active_and_everything_else_of_the_person_retired(w, r):
    w(q.person_add, ANN)
    for n in (1, 2):
        w(q.enrolment_add, enrolment(n))
        w(q.slots_add, slots(n))
    assert w(q.slots_activate, f"{1:032x}", 0) == 2
    assert states(r, 1) == [(p, "active" if p == 0 else "retired") for p in (0, 0, 1, 1, 2, 2)]
    assert states(r, 2) == [(p, "retired") for p in (0, 0, 1, 1, 2, 2)]
    w(q.enrolment_add, enrolment(3))
    w(q.slots_add, slots(3))
    assert w(q.slots_activate, f"{3:032x}", 2) == 2
    assert w(q.slots_activate, f"{3:032x}", 2) == 2
    assert {s.state for s in r(q.slots_of_person, ANN.id) if s.state == "active"} == {"active"}
    active = [s for s in r(q.slots_of_person, ANN.id) if s.state == q.SlotState.ACTIVE]
    assert {(s.enrolment, s.pair) for s in active} == {(f"{3:032x}", 2)}
    assert len(active) == 2
    assert r(q.slot_get, active[0].ref) == active[0]
    assert r(q.slot_get, "x") is None


def test_activating_the_slots_of_one_person_leaves_everybody_elses(w, r):
    ben = q.PersonRow("6" * 32, SITE.id, "Ben")
    w(q.person_add, ANN)
    w(q.person_add, ben)
    w(q.enrolment_add, enrolment(1))
    w(q.slots_add, slots(1))
    w(q.enrolment_add, enrolment(2, person=ben.id))
    w(q.slots_add, slots(2, person=ben.id))
    w(q.slots_activate, f"{1:032x}", 1)
    assert {s.state for s in r(q.slots_of_person, ben.id)} == {"pending"}
    w(q.person_remove, ANN.id, 5)
    assert {s.state for s in r(q.slots_of_person, ANN.id)} == {"retired"}
    assert {s.state for s in r(q.slots_of_person, ben.id)} == {"pending"}


def test_slots_are_registered_once_and_retired_by_enrolment_or_person(w, r):
    w(q.person_add, ANN)
    w(q.enrolment_add, enrolment(1))
    w(q.slots_add, slots(1))
    w(q.slots_add, [])
    with pytest.raises(IntegrityError):
        w(q.slots_add, slots(1)[:1])
    assert w(q.slots_retire) == 0
    assert w(q.slots_retire, person="x") == 0
    assert w(q.slots_retire, enrolment=f"{1:032x}", person=ANN.id) == 6
    assert w(q.slots_retire, enrolment=f"{1:032x}") == 0


def test_an_enrolment_moves_on_only_from_where_it_is(w, r):
    w(q.person_add, ANN)
    w(q.enrolment_add, enrolment(1))
    assert r(q.enrolment_get, f"{1:032x}") == enrolment(1)
    assert r(q.enrolment_by_link, b"\x01" * 32) == enrolment(1)
    assert r(q.enrolment_by_link, b"\x02" * 32) is None
    assert [w(q.enrolment_attempt, f"{1:032x}") for _ in range(2)] == [1, 2]
    assert w(q.enrolment_attempt, "x") == 0
    state, move = q.EnrolmentState, q.enrolment_move
    one = f"{1:032x}"
    assert w(move, one, to=state.OPEN, expected=(state.INVITED,))
    assert not w(move, one, to=state.OPEN, expected=(state.INVITED,))
    assert w(move, one, to=state.TAKEN, expected=(state.OPEN, state.SENT), pair=0)
    found = r(q.enrolment_get, one)
    assert (found.state, found.pair, found.attempts) == ("taken", 0, 2)
    assert "ccc" not in repr(found)


def test_invitations_that_nobody_used_expire_with_their_slots(w, r):
    w(q.person_add, ANN)
    w(q.enrolment_add, enrolment(1, expires_ms=100))
    w(q.slots_add, slots(1))
    w(q.enrolment_add, enrolment(2, expires_ms=300))
    w(q.enrolment_add, enrolment(3, expires_ms=100, state=q.EnrolmentState.TAKEN))
    w(q.slots_add, slots(3))
    assert w(q.enrolments_expire, 99) == ()
    assert w(q.enrolments_expire, 100) == (f"{1:032x}",)
    assert {s.state for s in r(q.slots_of_enrolment, f"{1:032x}")} == {"retired"}
    assert {s.state for s in r(q.slots_of_enrolment, f"{3:032x}")} == {"pending"}
    assert [e.id for e in r(q.enrolments, site=SITE.id)] == [f"{n:032x}" for n in (1, 3, 2)]
    assert [e.id for e in r(q.enrolments, state=q.EnrolmentState.INVITED)] == [f"{2:032x}"]
