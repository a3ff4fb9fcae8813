"""Acknowledgement: what the receiving end has committed, cumulative with a bitmap.

    class 1 | zero 3 | epoch 8 | cumulative 4 | base 4 | bitmap 4          = 24; class 0: empty

A record says: of this class and epoch every counter up to `cumulative`, and `base + i`
for each set bit `i` (lowest first), is committed. Nothing is ever acknowledged
because it arrived. Forgetting is safe everywhere in this file: the sender repeats what
was not acknowledged, and the store behind knows a repetition.
"""

import struct
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from watchword.wire.faults import MalformedError, exactly, zeros
from watchword.wire.uplink.cell import CellId

ACK_BYTES = 24
ACKS_PER_FRAME = 4
WINDOW = 32  # counters that one bitmap covers
WINDOWS_MAX = 512  # kept for each stream above its first gap: more than an outbox holds
STREAMS_MAX = 256  # (class, epoch) pairs kept: six classes through forty restarts

_LAYOUT = struct.Struct(">B3sQIII")


class Stream(NamedTuple):
    """What counts by itself: one class within one epoch."""

    cls: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement record; see the module for what it says."""

    stream: Stream
    cumulative: int
    base: int = 0
    bitmap: int = 0

    def counters(self) -> Iterator[int]:
        """The counters that the bitmap names, beside the cumulative ones."""
        return (self.base + bit for bit in range(WINDOW) if self.bitmap >> bit & 1)


NO_ACK = bytes(ACK_BYTES)


def pack_ack(ack: Ack) -> bytes:
    """The 24 bytes of a record."""
    return _LAYOUT.pack(ack.stream.cls, b"", ack.stream.epoch, ack.cumulative, ack.base, ack.bitmap)


def unpack_ack(data: bytes) -> Ack | None:
    """Read 24 bytes: a record, or None for an empty one.

    Raises:
        MalformedError: another length, or reserved bytes that are set.
    """
    exactly(data, ACK_BYTES, "An acknowledgement")
    if data[0] == 0:
        zeros(data, "An empty acknowledgement")
        return None
    cls, reserved, epoch, cumulative, base, bitmap = _LAYOUT.unpack(data)
    if reserved != bytes(3):
        raise MalformedError("An acknowledgement with reserved bytes that are set.")
    return Ack(Stream(cls, epoch), cumulative, base, bitmap)


class _Ledger:
    """What is committed of one stream: up to `cumulative`, and windows of bits above it."""

    __slots__ = ("cumulative", "windows")

    def __init__(self, cumulative: int) -> None:
        self.cumulative = cumulative
        self.windows: OrderedDict[int, int] = OrderedDict()

    def holds(self, counter: int) -> bool:
        bits = self.windows.get(_base(counter), 0)
        return counter <= self.cumulative or bool(bits >> counter % WINDOW & 1)

    def add(self, counter: int) -> None:
        base = _base(counter)
        if counter > self.cumulative:
            self.windows[base] = self.windows.get(base, 0) | 1 << counter % WINDOW
            self.windows.move_to_end(base)
        while self.holds(self.cumulative + 1):
            self.cumulative += 1
            if self.cumulative % WINDOW == WINDOW - 1:
                del self.windows[_base(self.cumulative)]
        if len(self.windows) > WINDOWS_MAX:
            self.windows.popitem(last=False)

    def newest(self) -> int:
        """The window touched last: where news is."""
        return next(reversed(self.windows), _base(self.cumulative))


class AckBook:
    """What the receiving end has committed, and what of it to tell next."""

    def __init__(self, restored: Mapping[Stream, int] | None = None) -> None:
        """Start from stored cumulative counters; an empty book only costs repetitions."""
        self._ledgers: OrderedDict[Stream, _Ledger] = OrderedDict()
        self._ring: deque[Stream] = deque()
        self._dirty: OrderedDict[tuple[Stream, int], None] = OrderedDict()
        for stream, cumulative in (restored or {}).items():
            self._ledger(stream).cumulative = cumulative

    def received(self, cell: CellId) -> bool:
        """Whether to hand this cell up; one that is committed is acknowledged again instead."""
        ledger = self._ledgers.get(Stream(cell.cls, cell.epoch))
        if ledger is None or not ledger.holds(cell.counter):
            return True
        self._dirty[Stream(cell.cls, cell.epoch), _base(cell.counter)] = None
        return False

    def committed(self, cell: CellId) -> None:
        """The cell is durable: acknowledge it on a later frame."""
        stream = Stream(cell.cls, cell.epoch)
        self._ledger(stream).add(cell.counter)
        self._dirty[stream, _base(cell.counter)] = None

    def cumulative(self, stream: Stream) -> int:
        """The counter up to which everything of a stream is committed; 0 for nothing."""
        ledger = self._ledgers.get(stream)
        return ledger.cumulative if ledger else 0

    def take(self) -> tuple[Ack, ...]:
        """The records of the next frame: news first, then the streams in turn."""
        told: list[Ack] = []
        while self._dirty and len(told) < ACKS_PER_FRAME:
            (stream, base), _ = self._dirty.popitem(last=False)
            if stream in self._ledgers:
                told.append(self._record(stream, base))
        for _ in range(min(len(self._ring), ACKS_PER_FRAME - len(told))):
            stream = self._ring[0]
            self._ring.rotate(-1)
            told.append(self._record(stream, self._ledgers[stream].newest()))
        return tuple(told)

    def _record(self, stream: Stream, base: int) -> Ack:
        ledger = self._ledgers[stream]
        return Ack(stream, ledger.cumulative, base, ledger.windows.get(base, 0))

    def _ledger(self, stream: Stream) -> _Ledger:
        """The ledger of a stream, made when new; the one unused for longest makes room."""
        if stream not in self._ledgers:
            self._ledgers[stream] = _Ledger(0)
            self._ring.append(stream)
            if len(self._ledgers) > STREAMS_MAX:
                forgotten, _ = self._ledgers.popitem(last=False)
                self._ring.remove(forgotten)
        self._ledgers.move_to_end(stream)
        return self._ledgers[stream]


def _base(counter: int) -> int:
    return counter - counter % WINDOW
