"""What waits to be sent or acknowledged, and in which order it goes.

By class, the most urgent (lowest number) first. Within a class: what came since the link
is up, oldest first; then what waited through the outage, newest first, because the newest
says most about what is true now. Everything unacknowledged is sent again after each
reconnect, and within a connection when no acknowledgement came for `RESEND_AFTER_S`.

The room is bounded. A full outbox sheds the oldest of the least urgent class and says so;
buttons and valid codes are never shed, even if they alone must exceed the bound: people
press and type at human speed.
"""

import heapq
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from watchword.core.words import ReportClass
from watchword.wire.uplink.acks import Ack, Stream
from watchword.wire.uplink.cell import Cell, CellId

OUTBOX_MAX = 10_000  # 48 h offline at 200 signals an hour; 2 MB
RESEND_AFTER_S = 15.0  # a commit takes milliseconds; a station that needs longer gets repetitions
NEVER_SHED = frozenset({ReportClass.BUTTON, ReportClass.VALID})


@dataclass(slots=True)
class _Class:
    """One class: everything held in order of arrival, and the two queues of what is due."""

    held: dict[CellId, Cell] = field(default_factory=dict)
    fresh: deque[CellId] = field(default_factory=deque)
    backlog: deque[CellId] = field(default_factory=deque)


class Outbound:
    """The bounded queue of one link."""

    def __init__(self, *, limit: int = OUTBOX_MAX) -> None:
        self._limit = limit
        self._classes: dict[int, _Class] = {}
        self._sent: OrderedDict[CellId, float] = OrderedDict()
        self._streams: dict[Stream, list[int]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, cell: CellId) -> bool:
        known = self._classes.get(cell.cls)
        return known is not None and cell in known.held

    def add(self, cell: Cell) -> tuple[Cell, ...]:
        """Queue a cell; answers with what was shed to make room. One already held is left."""
        if cell.id in self:
            return ()
        queue = self._classes.get(cell.cls)
        if queue is None:
            queue = self._classes[cell.cls] = _Class()
            self._classes = dict(sorted(self._classes.items()))
        queue.held[cell.id] = cell
        queue.fresh.append(cell.id)
        heapq.heappush(self._streams.setdefault(Stream(cell.cls, cell.epoch), []), cell.counter)
        self._size += 1
        return self._shed() if self._size > self._limit else ()

    def reconnected(self) -> None:
        """A new connection: whatever is held is due again, newest first."""
        self._sent.clear()
        for queue in self._classes.values():
            queue.fresh.clear()
            queue.backlog = deque(queue.held)

    def take(self, monotonic: float) -> Cell | None:
        """The next cell to send at this monotonic second, or None when nothing is due."""
        self._expire(monotonic)
        for queue in self._classes.values():
            while queue.fresh or queue.backlog:
                due = queue.fresh.popleft() if queue.fresh else queue.backlog.pop()
                cell = queue.held.get(due)
                if cell is not None:
                    self._sent[due] = monotonic
                    return cell
        return None

    def acknowledge(self, ack: Ack) -> tuple[CellId, ...]:
        """Let go of what a record covers; answers with what was held of it."""
        counters = self._streams.get(ack.stream)
        if counters is None:
            return ()
        covered = [CellId(*ack.stream, counter) for counter in ack.counters()]
        while counters and counters[0] <= ack.cumulative:
            covered.append(CellId(*ack.stream, heapq.heappop(counters)))
        gone = tuple(cell for cell in covered if self._drop(cell))
        self._prune(ack.stream)
        return gone

    def _drop(self, cell: CellId) -> bool:
        if cell not in self:
            return False
        del self._classes[cell.cls].held[cell]
        self._sent.pop(cell, None)
        self._size -= 1
        return True

    def _prune(self, stream: Stream) -> None:
        """Keep the lowest counter of a stream one that is held, and no stream without any."""
        counters = self._streams[stream]
        while counters and CellId(*stream, counters[0]) not in self:
            heapq.heappop(counters)
        if not counters:
            del self._streams[stream]

    def _shed(self) -> tuple[Cell, ...]:
        for cls, queue in reversed(self._classes.items()):
            if cls not in NEVER_SHED and queue.held:
                oldest = next(iter(queue.held.values()))
                self._drop(oldest.id)
                self._prune(Stream(oldest.cls, oldest.epoch))
                while queue.fresh and queue.fresh[0] not in queue.held:
                    queue.fresh.popleft()
                return (oldest,)
        return ()

    def _expire(self, monotonic: float) -> None:
        """What was sent too long ago unanswered is due again, after the rest of its class."""
        while self._sent:
            cell, at = next(iter(self._sent.items()))
            if monotonic - at < RESEND_AFTER_S:
                return
            del self._sent[cell]
            self._classes[cell.cls].backlog.appendleft(cell)
