"""One end of a link: which frames go out on a tick, and what a frame that came in says.

The shape is owned here. Calm: one frame a tick. Fast: 64 frames a tick for ten seconds
after a *public* fact (a button, an alarm, a reconnect). How many frames a tick has is a
function of time and public facts; how many cells wait has no part in it, and a tick on
which the socket is slow is skipped, never queued.

Times: `at` UTC seconds, `monotonic` seconds of the tick's own instant on its fixed grid.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from watchword.core.errors import LocalFaultError
from watchword.wire.faults import ReplayedFrameError
from watchword.wire.uplink.acks import AckBook
from watchword.wire.uplink.cell import Cell, CellId, Noise
from watchword.wire.uplink.frame import (
    CELLS_PER_FRAME,
    NO_CHAIN,
    SEQ_MAX,
    Chain,
    Direction,
    Frame,
    Shape,
    pack_frame,
    unpack_frame,
)
from watchword.wire.uplink.outbound import Outbound

FAST_FRAMES = 64
FAST_S = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """What one frame said: cells to hand up, and which of ours are acknowledged by it."""

    time_ms: int
    shape: Shape
    chain: Chain
    cells: tuple[Cell, ...]
    acknowledged: tuple[CellId, ...]


class Link:
    """One end of a link; it outlives connections, which it is told of by `connected`."""

    def __init__(
        self,
        direction: Direction,
        *,
        noise: Noise,
        outbound: Outbound | None = None,
        book: AckBook | None = None,
    ) -> None:
        """Make the end that sends in `direction`; `noise` gives random bytes."""
        self._direction = direction
        self._noise = noise
        self.outbound = outbound if outbound is not None else Outbound()
        self.book = book if book is not None else AckBook()
        self._sent_seq = 0
        self._heard_seq = 0
        self._fast_until = float("-inf")

    def connected(self, monotonic: float) -> None:
        """A new connection begins: numbers start anew, and so does everything unacknowledged.

        A reconnect is a public fact, so the fast shape follows.
        """
        self._sent_seq = 0
        self._heard_seq = 0
        self.outbound.reconnected()
        self.public_fact(monotonic)

    def public_fact(self, monotonic: float) -> None:
        """Something that anybody may know happened: the fast shape lasts from here on."""
        self._fast_until = max(self._fast_until, monotonic + FAST_S)

    def send(self, cell: Cell) -> tuple[Cell, ...]:
        """Queue a cell; answers with what was shed to make room, to be told aloud."""
        return self.outbound.add(cell)

    def committed(self, cells: Iterable[CellId]) -> None:
        """These cells are durable: acknowledge them on a later tick."""
        for cell in cells:
            self.book.committed(cell)

    def shape(self, monotonic: float) -> Shape:
        """The shape that holds at this moment."""
        return Shape.FAST if monotonic < self._fast_until else Shape.CALM

    def on_tick(
        self, at: float, monotonic: float, *, writable: bool = True, chain: Chain = NO_CHAIN
    ) -> list[bytes]:
        """The frames of one tick, 512 bytes each; none when the socket is slow.

        Raises:
            LocalFaultError: this connection has used up its sequence numbers; reconnect.
        """
        if not writable:
            return []
        shape = self.shape(monotonic)
        count = FAST_FRAMES if shape is Shape.FAST else 1
        if self._sent_seq + count > SEQ_MAX:
            raise LocalFaultError("This connection has used up its sequence numbers.")
        time_ms = int(at * 1000)
        return [self._frame(shape, time_ms, monotonic, chain) for _ in range(count)]

    def receive(self, data: bytes) -> Received:
        """Take one frame, whole or not at all.

        Raises:
            MalformedError: the bytes are not a frame of the other direction.
            ReplayedFrameError: its sequence number does not go forward.
        """
        other = Direction.UP if self._direction is Direction.DOWN else Direction.DOWN
        frame = unpack_frame(data, other)
        if frame.seq <= self._heard_seq:
            raise ReplayedFrameError(
                f"Frame {frame.seq} after frame {self._heard_seq}: repeated or replayed."
            )
        self._heard_seq = frame.seq
        acknowledged = [cell for ack in frame.acks for cell in self.outbound.acknowledge(ack)]
        cells = [cell for cell in frame.cells if self.book.received(cell.id)]
        return Received(frame.time_ms, frame.shape, frame.chain, tuple(cells), tuple(acknowledged))

    def _frame(self, shape: Shape, time_ms: int, monotonic: float, chain: Chain) -> bytes:
        self._sent_seq += 1
        taken = (self.outbound.take(monotonic) for _ in range(CELLS_PER_FRAME))
        return pack_frame(
            Frame(
                self._direction,
                shape,
                self._sent_seq,
                time_ms,
                chain,
                self.book.take(),
                tuple(cell for cell in taken if cell is not None),
            ),
            self._noise,
        )
