"""Tokens say what they were sealed with; a meaning of a later release is kept."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.wire.faults import MalformedError
from watchword.wire.slot import DUMMY, Meaning, Token, Unknown, pack_token, unpack_token

REF = bytes(range(16))


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=4, max_size=4), st.integers(0, 255))
def test_every_token_comes_back(ref: bytes, key_id: bytes, meaning: int) -> None:
    known = Meaning(meaning) if meaning <= 3 else Unknown(meaning)
    token = Token(ref, key_id, known)
    assert len(pack_token(token)) == 32
    assert unpack_token(pack_token(token)) == token


def test_layout_is_pinned() -> None:
    assert pack_token(Token(REF, b"KEY1", Meaning.DURESS)) == REF + b"KEY1" + b"\2" + bytes(11)
    assert pack_token(DUMMY) == bytes(32)
    assert DUMMY.dummy
    assert not Token(REF, b"KEY1", Meaning.NONE).dummy


def test_a_token_of_wrong_parts_is_not_made() -> None:
    for ref, key_id in ((b"", b"KEY1"), (REF, b"")):
        with pytest.raises(ValueError, match="slot_ref"):
            Token(ref, key_id, Meaning.NORMAL)


def test_padding_must_be_zero() -> None:
    with pytest.raises(MalformedError, match="padding"):
        unpack_token(bytes(31) + b"\1")


@given(st.binary(max_size=64))
def test_any_bytes_give_a_token_or_our_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert pack_token(unpack_token(data)) == data
