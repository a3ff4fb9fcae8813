"""Enrolment batches have one size, hide their codes, and are read strictly."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.wire.batch import BATCH_PLAIN_BYTES, Batch, Row, pack_batch, unpack_batch
from watchword.wire.faults import MalformedError, WrongVersionError


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    digits = draw(st.integers(4, 8))
    code = st.text("0123456789", min_size=digits, max_size=digits)
    row = st.builds(Row, code, st.binary(min_size=80, max_size=80))
    pairs = draw(st.lists(st.tuples(row, row), min_size=1, max_size=8))
    return Batch(draw(st.binary(min_size=16, max_size=16)), digits, tuple(pairs))


ROW = Row("123456", b"\x07" * 80)
ONE = Batch(b"e" * 16, 6, ((ROW, Row("902134", bytes(80))),) * 8)


@given(batches())
def test_every_batch_comes_back_and_has_one_size(batch: Batch) -> None:
    plain = pack_batch(batch)
    assert len(plain) == BATCH_PLAIN_BYTES == 2048
    assert unpack_batch(plain) == batch


def test_layout_is_pinned() -> None:
    plain = pack_batch(ONE)
    assert plain[:20] == b"\1\6\x08\0" + b"e" * 16
    assert plain[20:28] == b"123456\0\0"
    assert plain[28:108] == b"\x07" * 80
    assert plain[108:116] == b"902134\0\0"
    assert plain[1428:] == bytes(620)


def test_codes_and_tokens_hide_themselves() -> None:
    for shown in (repr(ONE), repr(ROW)):
        assert "123456" not in shown
        assert "x07" not in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Batch(b"e" * 15, 6, ONE.pairs), "enrolment"),
        (Batch(b"e" * 16, 6, ()), "1 to 8"),
        (Batch(b"e" * 16, 9, ONE.pairs), "4 to 8"),
        (Batch(b"e" * 16, 5, ONE.pairs), "another length"),
        (Batch(b"e" * 16, 6, ((ROW, Row("12345٣", bytes(80))),)), "no digits"),
        (Batch(b"e" * 16, 6, ((ROW, Row("123457", bytes(79))),)), "80"),
    ],
)
def test_a_batch_that_does_not_fit_is_not_packed(wrong: Batch, says: str) -> None:
    with pytest.raises(ValueError, match=says) as told:
        pack_batch(wrong)
    assert "1234" not in str(told.value)


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (1, 3, "counts"),
        (1, 9, "counts"),
        (2, 0, "counts"),
        (2, 9, "counts"),
        (3, 1, "counts"),
        (20, ord("x"), "not digits"),
        (26, ord("1"), "padding of a code"),
        (2047, 1, "padding of an enrolment"),
    ],
)
def test_a_batch_with_one_wrong_byte_is_refused(at: int, value: int, says: str) -> None:
    plain = bytearray(pack_batch(ONE))
    plain[at] = value
    with pytest.raises(MalformedError, match=says) as told:
        unpack_batch(bytes(plain))
    assert "2345" not in str(told.value)


def test_version_and_length_are_checked() -> None:
    with pytest.raises(WrongVersionError, match="version 0"):
        unpack_batch(bytes(2048))
    with pytest.raises(MalformedError, match="2047 bytes"):
        unpack_batch(bytes(2047))


@given(st.binary(max_size=40).map(lambda b: (b"\1\6\1\0" + b).ljust(2048, b"\0")) | st.binary())
def test_any_bytes_give_a_batch_or_our_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert pack_batch(unpack_batch(data)) == data
