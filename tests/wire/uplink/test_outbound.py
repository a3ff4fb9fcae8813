"""The order of what waits, and what is given up when there is no room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.words import ReportClass as C
from watchword.wire.uplink import RESEND_AFTER_S, Ack, Cell, Outbound, Stream


def _cell(cls: int, counter: int, epoch: int = 1) -> Cell:
    return Cell(cls, epoch, counter, bytes(160))


def _drain(out: Outbound, monotonic: float = 0.0) -> list[tuple[int, int]]:
    return [(c.cls, c.counter) for c in iter(lambda: out.take(monotonic), None)]


def test_classes_go_by_urgency_and_within_a_class_in_order() -> None:
    out = Outbound()
    for cls in reversed(C):
        for counter in (1, 2):
            out.add(_cell(cls, counter))
    assert _drain(out) == [(cls, n) for cls in C for n in (1, 2)]


def test_after_an_outage_the_newest_goes_first_but_what_is_new_before_it() -> None:
    out = Outbound()
    for counter in (1, 2, 3):
        out.add(_cell(C.VALID, counter))
    out.reconnected()
    out.add(_cell(C.VALID, 4))
    out.add(_cell(C.VALID, 5))
    assert [n for _, n in _drain(out)] == [4, 5, 3, 2, 1]


def test_everything_unacknowledged_is_sent_again_after_a_reconnect() -> None:
    out = Outbound()
    for counter in range(1, 6):
        out.add(_cell(C.VALID, counter))
    assert len(_drain(out)) == 5
    assert _drain(out) == []
    gone = out.acknowledge(Ack(Stream(C.VALID, 1), 2, 0, 1 << 4))
    assert sorted(c.counter for c in gone) == [1, 2, 4]
    out.reconnected()
    assert [n for _, n in _drain(out)] == [5, 3]
    assert len(out) == 2


def test_what_is_not_answered_in_time_is_sent_again_after_the_rest_of_its_class() -> None:
    out = Outbound()
    for counter in (1, 2, 3):
        out.add(_cell(C.VALID, counter))
    assert out.take(0.0) == _cell(C.VALID, 1)
    assert out.take(1.0) == _cell(C.VALID, 2)
    assert _drain(out, RESEND_AFTER_S - 0.1) == [(2, 3)]
    assert _drain(out, RESEND_AFTER_S) == [(2, 1)]
    assert _drain(out, RESEND_AFTER_S + 1.0) == [(2, 2)]


def test_acknowledgements_of_what_is_not_held_change_nothing() -> None:
    out = Outbound()
    assert out.acknowledge(Ack(Stream(1, 1), 2**32 - 1, 0, 2**32 - 1)) == ()
    out.add(_cell(C.VALID, 5))
    assert out.acknowledge(Ack(Stream(C.VALID, 2), 9)) == ()
    assert out.acknowledge(Ack(Stream(C.VALID, 1), 4, 32, 2**32 - 1)) == ()
    assert _cell(C.VALID, 5).id in out
    assert out.acknowledge(Ack(Stream(C.VALID, 1), 5)) == (_cell(C.VALID, 5).id,)
    assert len(out) == 0


def test_a_record_of_many_by_both_ways_lets_go_of_each_once() -> None:
    out = Outbound()
    for counter in range(1, 41):
        out.add(_cell(C.VALID, counter))
    gone = out.acknowledge(Ack(Stream(C.VALID, 1), 33, 32, 0b1111))
    assert sorted(c.counter for c in gone) == list(range(1, 36))
    assert [n for _, n in _drain(out)] == list(range(36, 41))


def test_a_cell_already_held_is_left_and_one_let_go_of_may_come_again() -> None:
    out = Outbound()
    for _ in range(2):
        assert out.add(_cell(C.VALID, 1)) == ()
    out.add(_cell(C.VALID, 2))
    assert out.acknowledge(Ack(Stream(C.VALID, 1), 0, 0, 0b100)) == (_cell(C.VALID, 2).id,)
    out.add(_cell(C.VALID, 2))
    assert len(out) == 2
    assert len(out.acknowledge(Ack(Stream(C.VALID, 1), 2))) == 2


def test_the_least_urgent_and_oldest_is_shed_aloud() -> None:
    out = Outbound(limit=3)
    for cell in (_cell(C.TROUBLE, 1), _cell(C.TROUBLE, 2), _cell(C.ALARM, 1)):
        assert out.add(cell) == ()
    assert out.add(_cell(C.VALID, 1)) == (_cell(C.TROUBLE, 1),)
    assert out.add(_cell(C.VALID, 2)) == (_cell(C.TROUBLE, 2),)
    assert out.add(_cell(C.SERVICE, 1)) == (_cell(C.SERVICE, 1),)
    assert out.add(_cell(C.BUTTON, 1)) == (_cell(C.ALARM, 1),)
    assert _drain(out) == [(C.BUTTON, 1), (C.VALID, 1), (C.VALID, 2)]


def test_buttons_and_valid_codes_are_kept_beyond_the_bound() -> None:
    out = Outbound(limit=2)
    for counter in range(1, 6):
        assert out.add(_cell(C.BUTTON, counter)) == ()
        assert out.add(_cell(C.VALID, counter)) == ()
    assert len(out) == 10
    assert out.add(_cell(C.INVALID, 1)) == (_cell(C.INVALID, 1),)


def test_a_long_outage_leaves_nothing_behind_of_what_was_shed() -> None:
    out = Outbound(limit=5)
    for counter in range(1, 1000):
        out.add(_cell(C.INVALID, counter))
    assert len(out._classes[C.INVALID].fresh) == 5
    assert len(out._streams[Stream(C.INVALID, 1)]) <= 5
    assert [n for _, n in _drain(out)] == [995, 996, 997, 998, 999]


def test_shedding_what_was_taken_already_leaves_the_queue_right() -> None:
    out = Outbound(limit=2)
    out.add(_cell(C.INVALID, 1))
    out.add(_cell(C.INVALID, 2))
    assert out.take(0.0) == _cell(C.INVALID, 1)
    assert out.add(_cell(C.INVALID, 3)) == (_cell(C.INVALID, 1),)
    assert out.acknowledge(Ack(Stream(C.INVALID, 1), 1)) == ()
    assert _drain(out, RESEND_AFTER_S) == [(C.INVALID, 2), (C.INVALID, 3)]


@given(
    st.lists(
        st.tuples(st.sampled_from(C), st.integers(1, 30), st.sampled_from("adrk")), max_size=80
    )
)
def test_nothing_is_held_twice_or_lost(steps: list[tuple[C, int, str]]) -> None:
    out, held = Outbound(limit=1000), set()
    for at, (cls, counter, what) in enumerate(steps):
        cell = _cell(cls, counter)
        match what:
            case "a":
                assert out.add(cell) == ()
                held.add(cell.id)
            case "d":
                out.take(float(at))
            case "r":
                out.reconnected()
            case _:
                gone = out.acknowledge(Ack(Stream(cls, 1), counter // 2, counter, 1))
                assert len(set(gone)) == len(gone)
                assert set(gone) <= held
                held -= set(gone)
        assert len(out) == len(held)
        assert all(cell in out for cell in held)
    out.reconnected()
    assert sorted(_drain(out, 1e9)) == sorted((c.cls, c.counter) for c in held)


@pytest.mark.parametrize("cls", [7, 255])
def test_a_class_of_a_later_release_is_the_least_urgent(cls: int) -> None:
    out = Outbound(limit=1)
    out.add(_cell(cls, 1))
    assert out.add(_cell(C.SERVICE, 1)) == (_cell(cls, 1),)
