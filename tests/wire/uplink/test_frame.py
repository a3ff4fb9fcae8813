"""Frames are 512 bytes whatever they carry, and are read whole or not at all."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import RemoteFaultError
from watchword.wire.faults import MalformedError, WrongVersionError
from watchword.wire.uplink import (
    FRAME_BYTES,
    NO_CHAIN,
    Ack,
    Cell,
    Chain,
    Direction,
    Frame,
    Shape,
    Stream,
)
from watchword.wire.uplink.frame import pack_frame, unpack_frame

CELLS = st.builds(
    Cell,
    cls=st.integers(1, 255),
    epoch=st.integers(0, 2**64 - 1),
    counter=st.integers(1, 2**32 - 1),
    body=st.just(b"\xee" * 160),
)
ACKS = st.builds(
    Ack, st.builds(Stream, st.integers(1, 255), st.integers(0, 2**64 - 1)), st.integers(0, 9)
)
FRAMES = st.builds(
    Frame,
    direction=st.just(Direction.UP),
    shape=st.sampled_from(Shape),
    seq=st.integers(1, 2**32 - 1),
    time_ms=st.integers(0, 2**48 - 1),
    chain=st.builds(Chain, st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32)),
    acks=st.lists(ACKS, max_size=4).map(tuple),
    cells=st.lists(CELLS, max_size=2).map(tuple),
)
UP = Frame(Direction.UP, Shape.CALM, 1, 1_790_000_000_000, Chain(3, b"h" * 32))


@given(FRAMES)
def test_every_frame_comes_back_and_has_one_size(frame: Frame) -> None:
    data = pack_frame(frame, secrets.token_bytes)
    assert len(data) == FRAME_BYTES == 512
    assert unpack_frame(data, Direction.UP) == frame


def test_layout_is_pinned() -> None:
    data = pack_frame(UP, lambda n: b"\xdd" * n)
    assert data[:8].hex() == "0100000000000001"
    assert data[8:24] == UP.time_ms.to_bytes(8, "big") + (3).to_bytes(8, "big")
    assert data[24:56] == b"h" * 32
    assert data[56:152] == bytes(96)
    assert data[152:] == (bytes(20) + b"\xdd" * 160) * 2


@pytest.mark.parametrize("length", [0, 1, 511, 513, 1024])
def test_a_torn_frame_is_named(length: int) -> None:
    with pytest.raises(MalformedError, match=f"A frame has {length} bytes, not 512"):
        unpack_frame(bytes(length), Direction.UP)


def test_a_wrong_version_says_what_to_do() -> None:
    with pytest.raises(WrongVersionError, match=r"version 9.*same release"):
        unpack_frame(b"\x09" + bytes(511), Direction.UP)


def test_a_wrong_direction_says_what_to_do() -> None:
    with pytest.raises(MalformedError, match=r"kind 0 where 1 \(down\).*to a station"):
        unpack_frame(pack_frame(UP, secrets.token_bytes), Direction.DOWN)


@pytest.mark.parametrize(
    ("at", "value"), [(2, b"\2"), (3, b"\1"), (4, bytes(4)), (8, b"\0\1"), (8, b"\xff" * 8)]
)
def test_fields_out_of_range_are_refused(at: int, value: bytes) -> None:
    data = bytearray(pack_frame(UP, secrets.token_bytes))
    data[at : at + len(value)] = value
    with pytest.raises(MalformedError, match="out of range"):
        unpack_frame(bytes(data), Direction.UP)


def test_a_station_has_no_chain_to_send() -> None:
    down = Frame(Direction.DOWN, Shape.CALM, 1, 0, UP.chain)
    with pytest.raises(MalformedError, match="chain"):
        unpack_frame(pack_frame(down, secrets.token_bytes), Direction.DOWN)
    good = Frame(Direction.DOWN, Shape.CALM, 1, 0)
    assert unpack_frame(pack_frame(good, secrets.token_bytes), Direction.DOWN).chain == NO_CHAIN


def test_more_than_fits_is_not_packed() -> None:
    cells, acks = (Cell(1, 1, 1, bytes(160)),) * 3, (Ack(Stream(1, 1), 1),) * 5
    for frame in (
        Frame(Direction.UP, Shape.CALM, 1, 0, cells=cells),
        Frame(Direction.UP, Shape.CALM, 1, 0, acks=acks),
    ):
        with pytest.raises(ValueError, match="room for"):
            pack_frame(frame, secrets.token_bytes)


@pytest.mark.parametrize(("length", "head"), [(0, b""), (-1, bytes(32)), (2**64, bytes(32))])
def test_a_chain_that_does_not_fit_is_not_made(length: int, head: bytes) -> None:
    with pytest.raises(ValueError, match="chain"):
        Chain(length, head)


@given(
    st.binary(min_size=512, max_size=512),
    st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), max_size=4),
    st.sampled_from(Direction),
)
def test_any_bytes_give_a_frame_or_our_error(
    noise: bytes, changes: list[tuple[int, int]], direction: Direction
) -> None:
    good = bytearray(pack_frame(UP, lambda n: noise[:n]))
    for at, value in changes:
        good[at] = value
    for data in (noise, bytes(good)):
        try:
            frame = unpack_frame(data, direction)
        except RemoteFaultError:
            continue
        assert len(pack_frame(frame, secrets.token_bytes)) == 512
