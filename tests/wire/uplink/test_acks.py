"""Acknowledged is what was committed, no more; and in the end, no less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.wire.faults import MalformedError
from watchword.wire.uplink import acks
from watchword.wire.uplink.acks import Ack, AckBook, Stream, pack_ack, unpack_ack
from watchword.wire.uplink.cell import CellId

S = Stream(2, 77)


def _id(counter: int, stream: Stream = S) -> CellId:
    return CellId(*stream, counter)


def _told(book: AckBook, frames: int) -> set[tuple[Stream, int]]:
    """Every counter that so many frames would acknowledge."""
    told = set()
    for _ in range(frames):
        for ack in book.take():
            told |= {(ack.stream, n) for n in [*range(1, ack.cumulative + 1), *ack.counters()]}
    return told


@given(
    st.integers(1, 255),
    st.integers(0, 2**64 - 1),
    st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
)
def test_every_record_comes_back(cls: int, epoch: int, numbers: tuple[int, int, int]) -> None:
    ack = Ack(Stream(cls, epoch), *numbers)
    assert len(pack_ack(ack)) == 24
    assert unpack_ack(pack_ack(ack)) == ack
    assert len(list(ack.counters())) == ack.bitmap.bit_count()


def test_layout_is_pinned() -> None:
    ack = Ack(Stream(2, 0x0102030405060708), 5, 32, 0b101)
    assert pack_ack(ack).hex() == "020000000102030405060708000000050000002000000005"
    assert list(ack.counters()) == [32, 34]
    assert unpack_ack(bytes(24)) is None


@given(st.binary(min_size=23, max_size=25))
def test_any_bytes_give_a_record_or_our_error(data: bytes) -> None:
    try:
        ack = unpack_ack(data)
    except MalformedError:
        return
    assert ack is None or pack_ack(ack) == data


@pytest.mark.parametrize("data", [b"\1\1" + bytes(22), b"\0\1" + bytes(22)])
def test_reserved_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack_ack(data)


def test_what_only_arrived_is_not_acknowledged() -> None:
    book = AckBook()
    assert book.received(_id(1))
    assert book.received(_id(1))
    assert book.take() == ()
    assert book.cumulative(S) == 0


def test_what_is_committed_is_told_first_and_then_again_in_turn() -> None:
    book = AckBook()
    book.committed(_id(1))
    assert book.take() == (Ack(S, 1, 0, 2),) * 2 or _told(book, 1) == {(S, 1)}
    assert not book.received(_id(1))
    assert _told(book, 1) == {(S, 1)}


def test_a_repetition_of_what_is_committed_is_told_before_anything_in_turn() -> None:
    book = AckBook({Stream(6, n): 1 for n in range(20)})
    book.committed(_id(40))
    book.take()
    assert not book.received(_id(40))
    assert book.take()[0] == Ack(S, 0, 32, 1 << 8)


def test_four_records_a_frame_and_every_stream_in_turn() -> None:
    book = AckBook({Stream(n, 1): 9 for n in range(1, 11)})
    assert all(len(book.take()) == 4 for _ in range(20))
    assert _told(book, 3) == {(Stream(n, 1), c) for n in range(1, 11) for c in range(1, 10)}


def test_restored_counters_are_known() -> None:
    book = AckBook({S: 100})
    assert not book.received(_id(100))
    assert book.received(_id(101))
    book.committed(_id(101))
    book.committed(_id(50))
    assert book.cumulative(S) == 101


@given(st.lists(st.integers(1, 300), unique=True, max_size=200))
def test_told_is_exactly_what_was_committed_in_any_order(counters: list[int]) -> None:
    book = AckBook()
    told: set[tuple[Stream, int]] = set()
    for at, counter in enumerate(counters):
        book.committed(_id(counter))
        if at % 3 == 0:
            told |= _told(book, 1)
            assert told <= {(S, c) for c in counters[: at + 1]}
    told |= _told(book, 20)
    assert told == {(S, c) for c in counters}
    gap = next(c for c in range(1, 400) if c not in counters)
    assert book.cumulative(S) == gap - 1


def test_room_is_bounded_and_forgetting_only_costs_a_repetition() -> None:
    book = AckBook()
    for epoch in range(acks.STREAMS_MAX + 1):
        book.committed(_id(1, Stream(2, epoch)))
    assert book.received(_id(1, Stream(2, 0)))  # forgotten: handed up again
    assert not book.received(_id(1, Stream(2, 1)))
    told = _told(book, 2 * acks.STREAMS_MAX)
    assert told == {(Stream(2, epoch), 1) for epoch in range(1, acks.STREAMS_MAX + 1)}


def test_windows_above_a_gap_are_bounded_and_the_newest_is_kept() -> None:
    book = AckBook()
    for n in range(1, acks.WINDOWS_MAX + 2):
        book.committed(_id(n * acks.WINDOW))
    assert book.received(_id(acks.WINDOW))
    assert not book.received(_id(2 * acks.WINDOW))
    book.committed(_id(acks.WINDOW))
    assert (S, acks.WINDOW) in _told(book, acks.WINDOWS_MAX)


@pytest.mark.parametrize("counters", [range(1, 101), range(100, 0, -1)])
def test_a_window_that_is_whole_is_kept_as_a_number_only(counters: range) -> None:
    book = AckBook()
    for counter in counters:
        book.committed(_id(counter))
    assert book.cumulative(S) == 100
    assert list(book._ledgers[S].windows) == [96]
    assert _told(book, 1) == {(S, c) for c in range(1, 101)}
