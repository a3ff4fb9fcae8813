"""The cell: what a frame carries two of, with a clear header and a sealed body.

    class 1 | flags 1 | reserved 2 | key_id 4 | epoch 8 | counter 4 | body 160     = 180

Class 0 is an empty cell: a zero header before random bytes, so that on any shorter
path than TLS it would still be noise. Counters start at 1 for each (class, epoch).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from watchword.wire.faults import MalformedError, exactly, zeros

HEADER_BYTES = 20
BODY_BYTES = 160
CELL_BYTES = HEADER_BYTES + BODY_BYTES
EMPTY = 0

_LAYOUT = struct.Struct(">BBH4sQI160s")
_KEY_ID_BYTES = 4

Noise = Callable[[int], bytes]
"""Gives that many random bytes (`secrets.token_bytes`)."""


class CellId(NamedTuple):
    """What makes a cell the same cell, however often it arrives."""

    cls: int
    epoch: int
    counter: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that carries something; `cls` is its public class, `body` is 160 bytes."""

    cls: int
    epoch: int
    counter: int
    body: bytes = field(repr=False)
    key_id: bytes = bytes(_KEY_ID_BYTES)

    def __post_init__(self) -> None:
        if not (0 < self.cls < 2**8 and 0 <= self.epoch < 2**64 and 0 < self.counter < 2**32):
            raise ValueError("class, epoch or counter of a cell is out of range")
        if len(self.body) != BODY_BYTES or len(self.key_id) != _KEY_ID_BYTES:
            raise ValueError("a cell has a body of 160 bytes and a key id of 4")

    @property
    def id(self) -> CellId:
        """Its identity within a site."""
        return CellId(self.cls, self.epoch, self.counter)


def pack_cell(cell: Cell) -> bytes:
    """The 180 bytes of a cell."""
    return _LAYOUT.pack(cell.cls, 0, 0, cell.key_id, cell.epoch, cell.counter, cell.body)


def empty_cell(noise: Noise) -> bytes:
    """The 180 bytes of a cell that carries nothing."""
    return bytes(HEADER_BYTES) + noise(BODY_BYTES)


def unpack_cell(data: bytes) -> Cell | None:
    """Read 180 bytes: a cell, or None for an empty one.

    Raises:
        MalformedError: another length, counter 0, or reserved bytes that are set.
    """
    exactly(data, CELL_BYTES, "A cell")
    if data[0] == EMPTY:
        zeros(data[:HEADER_BYTES], "The header of an empty cell")
        return None
    cls, flags, reserved, key_id, epoch, counter, body = _LAYOUT.unpack(data)
    if flags or reserved:
        raise MalformedError("A cell with flags that this release does not know.")
    if not counter:
        raise MalformedError("A cell with counter 0; counters start at 1.")
    return Cell(cls, epoch, counter, body, key_id)
