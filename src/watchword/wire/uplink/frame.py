"""The frame: 512 bytes on a tick, whether or not there is something to say.

    version 1 | kind 1 | shape 1 | zero 1 | seq 4 | time_ms 8 | chain_length 8 | chain_head 32
    | 4 acknowledgements of 24 | 2 cells of 180                                     = 512

Going up it carries the site's time and the head of its journal's chain, for the station
to witness; going down, the station's time and zeros. A frame is read whole or not at all.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from watchword.wire.faults import MalformedError, exactly, version
from watchword.wire.uplink.acks import ACK_BYTES, ACKS_PER_FRAME, NO_ACK, Ack, pack_ack, unpack_ack
from watchword.wire.uplink.cell import CELL_BYTES, Cell, Noise, empty_cell, pack_cell, unpack_cell

FRAME_VERSION = 1
FRAME_BYTES = 512
CELLS_PER_FRAME = 2
CHAIN_HEAD_BYTES = 32
SEQ_MAX = 2**32 - 1
TIME_MS_MAX = 2**48 - 1  # as wide as a report's own time

_HEAD = struct.Struct(">BBBBIQQ32s")
_CELLS_AT = _HEAD.size + ACKS_PER_FRAME * ACK_BYTES


class Direction(IntEnum):
    """Which way a frame goes: up from the site, or down from the station."""

    UP = 0
    DOWN = 1


class Shape(IntEnum):
    """How many frames a tick the sender sends now: a function of time and public facts."""

    CALM = 0
    FAST = 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The head of a site's journal, and how many entries it has."""

    length: int
    head: bytes

    def __post_init__(self) -> None:
        if len(self.head) != CHAIN_HEAD_BYTES or not 0 <= self.length < 2**64:
            raise ValueError("a chain has a head of 32 bytes and a length of 64 bits")


NO_CHAIN = Chain(0, bytes(CHAIN_HEAD_BYTES))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; empty acknowledgements and cells are left out. `time_ms` is UTC."""

    direction: Direction
    shape: Shape
    seq: int
    time_ms: int
    chain: Chain = NO_CHAIN
    acks: tuple[Ack, ...] = ()
    cells: tuple[Cell, ...] = ()


def pack_frame(frame: Frame, noise: Noise) -> bytes:
    """The 512 bytes of a frame; `noise` fills the cells that carry nothing.

    Raises:
        ValueError: more acknowledgements or cells than a frame has room for.
    """
    if len(frame.acks) > ACKS_PER_FRAME or len(frame.cells) > CELLS_PER_FRAME:
        raise ValueError("a frame has room for 4 acknowledgements and 2 cells")
    head = _HEAD.pack(
        FRAME_VERSION,
        frame.direction,
        frame.shape,
        0,
        frame.seq,
        frame.time_ms,
        frame.chain.length,
        frame.chain.head,
    )
    acks = [pack_ack(ack) for ack in frame.acks]
    cells = [pack_cell(cell) for cell in frame.cells]
    acks += [NO_ACK] * (ACKS_PER_FRAME - len(acks))
    cells += [empty_cell(noise) for _ in range(CELLS_PER_FRAME - len(cells))]
    return b"".join((head, *acks, *cells))


def unpack_frame(data: bytes, direction: Direction) -> Frame:
    """Read one frame that must go in this direction.

    Raises:
        WrongVersionError: a version that this release does not speak.
        MalformedError: another length or direction, or a field out of range.
    """
    exactly(data, FRAME_BYTES, "A frame")
    number, kind, shape, spare, seq, time_ms, length, head = _HEAD.unpack_from(data)
    version(number, FRAME_VERSION, "A frame")
    if kind != direction:
        raise MalformedError(
            f"A frame of kind {kind} where {int(direction)} ({direction.name.lower()}) is due.",
            hint="A site must connect to a station, not to another site.",
        )
    if shape > Shape.FAST or spare or not seq or time_ms > TIME_MS_MAX:
        raise MalformedError("A frame whose shape, spare byte, sequence or time is out of range.")
    chain = Chain(length, head)
    if direction is Direction.DOWN and chain != NO_CHAIN:
        raise MalformedError("A frame from a station that carries a journal's chain.")
    acks = [unpack_ack(data[at : at + ACK_BYTES]) for at in range(_HEAD.size, _CELLS_AT, ACK_BYTES)]
    cells = [
        unpack_cell(data[at : at + CELL_BYTES]) for at in range(_CELLS_AT, FRAME_BYTES, CELL_BYTES)
    ]
    return Frame(
        direction,
        Shape(shape),
        seq,
        time_ms,
        chain,
        tuple(ack for ack in acks if ack is not None),
        tuple(cell for cell in cells if cell is not None),
    )
