"""What the site may ask of its store, on both engines."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from watchword.core.errors import NotFoundError, RefusedError
from watchword.storage.shared.chain import GENESIS, Break, Head
from watchword.storage.site import queries as q

IDENTITY = q.Identity(
    site_id="a" * 32,
    number=4_000_000_000,
    name="Hotel Aurora",
    station_public=bytes(range(32)),
    station_key_id=b"\x00\x01\x02\x03",
    station_fingerprint="f" * 64,
    addresses=("wss://one:8082", "wss://two:8082"),
    tick_ms=250,
    category="SP4",
    paired_ms=1,
    plain={"note": "é"},
)
ANN = q.PersonRow("1" * 32, "Ann", b"A" * 16)
BEN = q.PersonRow("2" * 32, "Ben", b"B" * 16)


def cell(counter, *, report_class=2, epoch=7, body=b"\x01"):
    return q.OutboxCell(report_class, epoch, counter, b"kkkk", body * 180, created_ms=counter)


def test_a_value_comes_back_as_it_was_and_is_replaced(site_store):
    w, r = site_store.write_now, site_store.read_now
    assert r(lambda c: q.value_get(c, "k")) is None
    for plain in ({"a": [1, None, "é", 0.5]}, False, 0, "", []):
        w(lambda c, plain=plain: q.value_set(c, "k", plain))
        assert r(lambda c: q.value_get(c, "k")) == plain


def test_there_is_one_identity(site_store):
    assert site_store.read_now(q.identity_get) is None
    site_store.write_now(lambda c: q.identity_set(c, IDENTITY))
    assert site_store.read_now(q.identity_get) == IDENTITY
    with pytest.raises(IntegrityError):
        site_store.write_now(lambda c: c.execute(q.t.identity.update().values({"id": 2})))


def test_areas_are_kept_by_name(site_store):
    site_store.write_now(lambda c: q.area_save(c, "Lobby", {"phase": "disarmed"}))
    site_store.write_now(lambda c: q.area_save(c, "Bar", {"phase": "armed"}))
    site_store.write_now(lambda c: q.area_save(c, "Lobby", {"phase": "armed"}))
    areas = site_store.read_now(q.areas_load)
    assert list(areas.items()) == [("Bar", {"phase": "armed"}), ("Lobby", {"phase": "armed"})]


def test_the_tag_table_is_replaced_whole_and_comes_in_order_of_tag(site_store):
    rows = [q.SlotRow(bytes([n]) * 32, b"o" * 16, bytes([n]) * 96) for n in (9, 200, 3)]
    site_store.write_now(lambda c: q.rows_replace(c, rows))
    assert [r.tag[0] for r in site_store.read_now(q.rows_load)] == [3, 9, 200]
    assert set(site_store.read_now(q.rows_load)) == set(rows)
    site_store.write_now(lambda c: q.rows_replace(c, rows[:1]))
    assert site_store.read_now(q.rows_load) == (rows[0],)
    site_store.write_now(lambda c: q.rows_replace(c, []))
    assert site_store.read_now(q.rows_load) == ()


def test_a_row_shows_nothing_of_itself():
    shown = repr(q.SlotRow(b"T" * 32, b"O" * 16, b"R" * 96)) + repr(ANN)
    assert "TTT" not in shown
    assert "OOO" not in shown
    assert "RRR" not in shown
    assert "AAA" not in shown


def test_people_are_listed_by_name_and_removed(site_store):
    site_store.write_now(lambda c: [q.person_add(c, p) for p in (BEN, ANN)])
    assert site_store.read_now(q.people) == (ANN, BEN)
    renamed = q.PersonRow(ANN.id, "Zoe", b"C" * 16)
    site_store.write_now(lambda c: q.person_add(c, renamed))
    assert site_store.read_now(lambda c: q.person_get(c, ANN.id)) == renamed
    assert site_store.write_now(lambda c: q.person_remove(c, ANN.id)) == renamed
    assert site_store.read_now(q.people) == (BEN,)
    with pytest.raises(NotFoundError):
        site_store.write_now(lambda c: q.person_remove(c, ANN.id))


def test_the_journal_is_a_chain(site_store):
    assert site_store.read_now(q.journal_head) == (0, GENESIS)
    heads = [
        site_store.write_now(
            lambda c, n=n: q.journal_append(c, n, "Lobby", "disarmed", {"who": f"p{n}"})
        )
        for n in range(1, 5)
    ]
    assert [length for length, _ in heads] == [1, 2, 3, 4]
    assert len({head for _, head in heads}) == 4
    assert site_store.read_now(q.journal_head) == heads[-1]
    tail = site_store.read_now(lambda c: q.journal_tail(c, 2))
    assert [(e.length, e.params) for e in tail] == [(4, {"who": "p4"}), (3, {"who": "p3"})]
    assert site_store.read_now(lambda c: q.journal_tail(c, 9, area="Bar")) == ()
    assert site_store.read_now(lambda c: q.journal_hash_at(c, 2)) == heads[1][1]
    assert site_store.read_now(lambda c: q.journal_hash_at(c, 0)) == GENESIS
    assert site_store.read_now(lambda c: q.journal_hash_at(c, 5)) is None
    assert site_store.read_now(q.journal_verify) is None
    assert site_store.read_now(lambda c: q.journal_verify(c, Head(*heads[2]))) is None


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        ('UPDATE journal SET params = \'{"who":"x"}\' WHERE id = 2', Break(2, "changed")),
        ("UPDATE journal SET at_ms = 99 WHERE id = 3", Break(3, "changed")),
        ("UPDATE journal SET area = 'Bar' WHERE id = 1", Break(1, "changed")),
        ("DELETE FROM journal WHERE id = 2", Break(2, "missing")),
        ("UPDATE journal SET id = 7 WHERE id = 4", Break(4, "missing")),
    ],
)
def test_tampering_with_the_journal_is_found_where_it_was_done(site_store, tamper, broken):
    for n in range(1, 5):
        site_store.write_now(lambda c, n=n: q.journal_append(c, n, "Lobby", "armed", {"who": n}))
    site_store.write_now(lambda c: c.execute(text(tamper)))
    assert site_store.read_now(q.journal_verify) == broken


def test_a_journal_that_was_cut_or_written_anew_differs_from_what_was_witnessed(site_store):
    def fill(c, who):
        return [q.journal_append(c, n, "Lobby", "armed", {"who": who}) for n in range(3)]

    heads = site_store.write_now(lambda c: fill(c, "Ann"))
    witness = Head(*heads[-1])
    site_store.write_now(lambda c: c.execute(text("DELETE FROM journal WHERE id = 3")))
    assert site_store.read_now(q.journal_verify) is None
    found = site_store.read_now(lambda c: q.journal_verify(c, witness))
    assert found == Break(3, "cut off")
    site_store.write_now(lambda c: c.execute(text("DELETE FROM journal")))
    site_store.write_now(lambda c: fill(c, "Ben"))
    assert site_store.read_now(q.journal_verify) is None
    found = site_store.read_now(lambda c: q.journal_verify(c, witness))
    assert found == Break(3, "not what was witnessed")


def test_the_outbox_keeps_cells_until_they_are_acknowledged(site_store):
    top = 2**64 - 1
    cells = [cell(1, epoch=top), cell(2, epoch=top), cell(1, report_class=1, epoch=2**63)]
    ids = [site_store.write_now(lambda c, one=one: q.outbox_add(c, one)) for one in cells]
    assert len(set(ids)) == 3
    waiting = site_store.read_now(q.outbox_load)
    assert [(o.report_class, o.epoch, o.counter) for o in waiting] == [
        (1, 2**63, 1),
        (2, top, 1),
        (2, top, 2),
    ]
    assert waiting[1].cell == cells[0].cell
    assert [o.id for o in waiting] == [ids[2], ids[0], ids[1]]
    assert len(site_store.read_now(lambda c: q.outbox_load(c, limit=2))) == 2
    assert site_store.read_now(q.outbox_counts) == {1: 1, 2: 2}
    assert site_store.write_now(lambda c: q.outbox_remove(c, [ids[0], ids[2]])) == 2
    assert site_store.write_now(lambda c: q.outbox_remove(c, [ids[0]])) == 0
    assert site_store.write_now(lambda c: q.outbox_remove(c, [])) == 0
    assert site_store.read_now(q.outbox_counts) == {2: 1}


def test_a_counter_is_used_once_in_an_epoch_and_class(site_store):
    site_store.write_now(lambda c: q.outbox_add(c, cell(1)))
    site_store.write_now(lambda c: q.outbox_add(c, cell(1, epoch=8)))
    site_store.write_now(lambda c: q.outbox_add(c, cell(1, report_class=3)))
    with pytest.raises(IntegrityError):
        site_store.write_now(lambda c: q.outbox_add(c, cell(1, body=b"\x02")))


def test_an_epoch_outside_64_bits_is_refused(site_store):
    for epoch in (-1, 2**64):
        with pytest.raises(Exception, match="unsigned 64-bit"):
            site_store.write_now(lambda c, epoch=epoch: q.outbox_add(c, cell(1, epoch=epoch)))


def test_entry_points_are_numbered_and_paired(site_store):
    w, r = site_store.write_now, site_store.read_now
    assert w(lambda c: q.entry_point_add(c, "Front desk", "Lobby")) == 1
    added = w(lambda c: q.entry_point_add(c, "Bar", "Bar", secret_hash=b"b" * 32, paired_ms=5))
    assert added == 2
    assert r(q.entry_points) == (
        q.EntryPointRow(1, "Front desk", "Lobby", None),
        q.EntryPointRow(2, "Bar", "Bar", 5),
    )
    w(lambda c: q.entry_point_pair(c, 1, b"a" * 32, 9))
    assert r(lambda c: q.entry_point_by_secret_hash(c, b"a" * 32)).number == 1
    assert r(lambda c: q.entry_point_by_secret_hash(c, b"x" * 32)) is None
    assert r(lambda c: q.entry_point_get(c, 1)).paired_ms == 9
    assert r(lambda c: q.entry_point_get(c, 3)) is None
    with pytest.raises(NotFoundError):
        w(lambda c: q.entry_point_pair(c, 3, b"c" * 32, 9))


def test_numbers_of_entry_points_end_where_a_report_ends(site_store):
    site_store.write_now(
        lambda c: c.execute(
            q.t.entry_point.insert(), {"number": 0xFFFF, "name": "last", "area": "Lobby"}
        )
    )
    with pytest.raises(RefusedError, match="no number left"):
        site_store.write_now(lambda c: q.entry_point_add(c, "one more", "Lobby"))


def test_a_pairing_code_is_good_once_and_not_for_long(site_store):
    w = site_store.write_now
    w(lambda c: q.entry_point_add(c, "Front desk", "Lobby"))
    w(lambda c: q.pairing_code_add(c, b"1" * 32, 1, expires_ms=100))
    w(lambda c: q.pairing_code_add(c, b"2" * 32, 1, expires_ms=100))
    assert w(lambda c: q.pairing_code_take(c, b"x" * 32, 50)) is None
    assert w(lambda c: q.pairing_code_take(c, b"1" * 32, 100)) is None
    assert w(lambda c: q.pairing_code_take(c, b"1" * 32, 99)) == 1
    assert w(lambda c: q.pairing_code_take(c, b"1" * 32, 99)) is None
    assert w(lambda c: q.pairing_codes_forget(c, 99)) == 1
    assert w(lambda c: q.pairing_codes_forget(c, 100)) == 1
    with pytest.raises(IntegrityError):
        w(lambda c: q.pairing_code_add(c, b"3" * 32, 77, expires_ms=100))


def test_an_enrolment_is_answered_the_same_twice(site_store):
    assert site_store.read_now(lambda c: q.enrolment_answer(c, "e" * 32)) is None
    site_store.write_now(lambda c: q.enrolment_record(c, "e" * 32, {"pair": 3}, 1))
    assert site_store.read_now(lambda c: q.enrolment_answer(c, "e" * 32)) == {"pair": 3}
    with pytest.raises(IntegrityError):
        site_store.write_now(lambda c: q.enrolment_record(c, "e" * 32, {"pair": 4}, 2))
