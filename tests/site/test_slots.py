import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import ConfigError
from watchword.site import slots as s

CHEAP = s.Cost(memory_kib=64, passes=1)
KEY = bytes(range(32))
ANN = b"ann-ann-ann-ann!"
BEN = b"ben-ben-ben-ben!"


def table(*people, key=KEY):
    """Slots of `people` given as (person, code, token), and their stored rows."""
    slots = s.Slots(key, CHEAP)
    real = []
    for person, code, token in people:
        owner = secrets.token_bytes(16)
        derived = slots.derive(code)
        real.append(s.make_row(owner=owner, derived=derived, person=person, token=token))
    rows = s.padded(real)
    slots.load(rows)
    return slots, rows


def test_a_code_finds_its_person_and_its_own_token():
    slots, _ = table(
        (ANN, "482913", b"a" * 80), (ANN, "432918", b"b" * 80), (BEN, "715026", b"c" * 80)
    )
    for code, person, token in (
        ("482913", ANN, b"a" * 80),
        ("432918", ANN, b"b" * 80),
        ("715026", BEN, b"c" * 80),
    ):
        assert slots.find(slots.derive(code)) == s.Found(person, token)


def test_a_code_of_nobody_finds_nothing():
    slots, _ = table((ANN, "482913", b"a" * 80))
    assert slots.find(slots.derive("000001")) == s.Found(None, None)
    assert s.Slots(KEY, CHEAP).find(slots.derive("482913")) == s.Found(None, None)


def test_has_knows_codes_in_use_only():
    slots, _ = table((ANN, "482913", b"a" * 80))
    assert slots.has(slots.derive("482913").tag)
    assert not slots.has(slots.derive("482914").tag)


def test_another_sites_key_finds_nothing():
    _, rows = table((ANN, "482913", b"a" * 80))
    other = s.Slots(bytes(32), CHEAP)
    other.load(rows)
    assert other.find(other.derive("482913")) == s.Found(None, None)


@given(people=st.integers(0, 40))
def test_the_table_has_one_size_for_many_numbers_of_people(people):
    real = [
        s.SlotRow(owner=bytes(16), tag=secrets.token_bytes(32), record=bytes(s.RECORD_BYTES))
        for _ in range(2 * people)
    ]
    rows = s.padded(real)
    size = len(rows)
    assert size >= s.ROWS_MIN and size & (size - 1) == 0
    assert size < 2 * max(s.ROWS_MIN, 2 * people)
    assert {len(r.record) for r in rows} == {s.RECORD_BYTES}
    assert {len(r.tag) for r in rows} == {s.TAG_BYTES}
    assert {len(r.owner) for r in rows} == {s.OWNER_BYTES}
    assert set(real) <= set(rows)


def test_decoys_come_in_pairs_like_people():
    owners = [r.owner for r in s.padded([])]
    assert all(owners.count(o) == 2 for o in owners)


def test_the_order_of_the_rows_is_drawn_anew_each_time():
    real = [
        s.SlotRow(owner=bytes(16), tag=bytes([i]) * 32, record=bytes(s.RECORD_BYTES))
        for i in range(16)
    ]
    orders = {tuple(r.tag for r in s.padded(real)) for _ in range(5)}
    assert len(orders) > 1


def test_records_of_the_two_codes_of_a_person_cannot_be_told_apart_or_exchanged():
    slots, rows = table((ANN, "482913", b"a" * 80), (ANN, "432918", b"b" * 80))
    real = [r for r in rows if [x.owner for x in rows].count(r.owner) == 1]
    assert len(real) == 2
    swapped = [
        s.SlotRow(owner=real[0].owner, tag=real[0].tag, record=real[1].record),
        s.SlotRow(owner=real[1].owner, tag=real[1].tag, record=real[0].record),
    ]
    slots.load(swapped)
    assert slots.find(slots.derive("482913")) == s.Found(None, None)


def test_every_row_is_compared_whichever_matches(monkeypatch):
    slots, rows = table((ANN, "482913", b"a" * 80), (BEN, "715026", b"c" * 80))
    compared = []
    real = s.hmac.compare_digest

    def counting(a, b):
        compared.append(a)
        return real(a, b)

    monkeypatch.setattr(s.hmac, "compare_digest", counting)
    for code in ("482913", "715026", "000001"):
        compared.clear()
        slots.find(slots.derive(code))
        assert compared == [r.tag for r in rows]


def test_a_key_of_the_wrong_length_is_refused():
    with pytest.raises(ConfigError, match="site key"):
        s.Slots(b"short", CHEAP)


def test_nothing_secret_shows_in_a_repr():
    slots, rows = table((ANN, "482913", b"T" * 80))
    derived = slots.derive("482913")
    shown = repr(derived) + repr(slots.find(derived)) + repr(rows)
    for secret in (derived.tag, derived.key, b"T" * 80):
        assert repr(secret)[2:-1] not in shown


def test_the_measured_cost_takes_at_least_five_milliseconds():
    cost = s.Cost.measured(time.perf_counter)
    assert 8 * 1024 <= cost.memory_kib <= 64 * 1024


def test_a_fast_machine_gets_a_dearer_cost_up_to_a_bound():
    ticks = iter(range(10**6))
    assert s.Cost.measured(lambda: next(ticks) * 0.001).memory_kib == 64 * 1024
    ticks = iter(range(10**6))
    assert s.Cost.measured(lambda: next(ticks) * 0.006).memory_kib == 8 * 1024


def test_numbers_that_a_scan_touches_have_one_size():
    slots = s.Slots(KEY, CHEAP)
    records = [bytes(s.RECORD_BYTES), b"\xff" * s.RECORD_BYTES]
    slots.load([s.SlotRow(tag=bytes(32), owner=bytes(16), record=r) for r in records])
    touched = [*slots._records, *s._MASKS, *(r & m for r in slots._records for m in s._MASKS)]
    assert {number.bit_length() for number in touched} == {8 * s.RECORD_BYTES + 1}
