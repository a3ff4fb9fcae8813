"""Cells have one size, whether they carry something or not."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.wire.faults import MalformedError
from watchword.wire.uplink.cell import CELL_BYTES, Cell, empty_cell, pack_cell, unpack_cell

CELLS = st.builds(
    Cell,
    cls=st.integers(1, 255),
    epoch=st.integers(0, 2**64 - 1),
    counter=st.integers(1, 2**32 - 1),
    body=st.binary(min_size=160, max_size=160),
    key_id=st.binary(min_size=4, max_size=4),
)


@given(CELLS)
def test_every_cell_comes_back_and_has_one_size(cell: Cell) -> None:
    data = pack_cell(cell)
    assert len(data) == CELL_BYTES == 180
    assert unpack_cell(data) == cell


def test_layout_is_pinned() -> None:
    cell = Cell(2, 0x0102030405060708, 0x0A0B0C0D, b"\xee" * 160, b"KEY1")
    assert pack_cell(cell) == bytes.fromhex("02000000") + b"KEY1" + bytes.fromhex(
        "0102030405060708 0a0b0c0d"
    ) + (b"\xee" * 160)


def test_an_empty_cell_is_noise_of_the_same_size() -> None:
    one, two = empty_cell(secrets.token_bytes), empty_cell(secrets.token_bytes)
    assert len(one) == CELL_BYTES
    assert one[:20] == bytes(20)
    assert one[20:] != two[20:]
    assert unpack_cell(one) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"cls": 0},
        {"cls": 256},
        {"epoch": -1},
        {"epoch": 2**64},
        {"counter": 0},
        {"counter": 2**32},
        {"body": bytes(159)},
        {"key_id": b"abc"},
    ],
)
def test_a_cell_that_does_not_fit_is_not_made(wrong: dict[str, object]) -> None:
    given_: dict[str, object] = {"cls": 1, "epoch": 1, "counter": 1, "body": bytes(160)}
    with pytest.raises(ValueError, match="cell"):
        Cell(**(given_ | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "says"), [(1, "flags"), (2, "flags"), (3, "flags"), (0, "header of an empty")]
)
def test_reserved_bytes_are_refused(at: int, says: str) -> None:
    data = bytearray(pack_cell(Cell(1, 1, 1, bytes(160))))
    data[at] = 0 if at == 0 else 1
    with pytest.raises(MalformedError, match=says):
        unpack_cell(bytes(data))


def test_counter_zero_is_refused() -> None:
    with pytest.raises(MalformedError, match="counter 0"):
        unpack_cell(b"\1" + bytes(179))


@given(st.binary(min_size=179, max_size=181))
def test_any_bytes_give_a_cell_or_our_error(data: bytes) -> None:
    try:
        cell = unpack_cell(data)
    except MalformedError:
        return
    assert cell is None or pack_cell(cell) == data


def test_the_body_hides_itself() -> None:
    assert "body" not in repr(Cell(1, 1, 1, b"\xee" * 160))
