"""Two links over a bad line: everything accepted arrives, and the shape tells nothing."""

import secrets
from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from watchword.core.errors import LocalFaultError
from watchword.core.words import ReportClass as C
from watchword.wire.faults import MalformedError, ReplayedFrameError
from watchword.wire.uplink import (
    FAST_FRAMES,
    FAST_S,
    FRAME_BYTES,
    AckBook,
    Cell,
    CellId,
    Chain,
    Direction,
    Link,
    Outbound,
    Shape,
    Stream,
)
from watchword.wire.uplink.frame import SEQ_MAX

TICK_S = 0.25


def _cell(cls: int, counter: int, epoch: int = 1) -> Cell:
    return Cell(cls, epoch, counter, counter.to_bytes(160, "big"))


def _pair() -> tuple[Link, Link]:
    site = Link(Direction.UP, noise=secrets.token_bytes)
    station = Link(Direction.DOWN, noise=secrets.token_bytes)
    site.connected(0.0)
    station.connected(0.0)
    return site, station


def test_a_cell_is_acknowledged_on_a_later_frame_and_only_after_the_commit() -> None:
    site, station = _pair()
    assert site.send(_cell(C.VALID, 1)) == ()
    chain = Chain(4, b"h" * 32)
    up = station.receive(site.on_tick(1000.5, 20.0, chain=chain)[0])
    assert (up.time_ms, up.chain, up.shape) == (1_000_500, chain, Shape.CALM)
    assert up.cells == (_cell(C.VALID, 1),)
    assert site.receive(station.on_tick(0, 20.0)[0]).acknowledged == ()
    station.committed([up.cells[0].id])
    assert site.receive(station.on_tick(0, 20.25)[0]).acknowledged == (_cell(C.VALID, 1).id,)
    assert len(site.outbound) == 0


def test_letters_go_down_the_same_way() -> None:
    site, station = _pair()
    station.send(_cell(C.SERVICE, 1))
    assert site.receive(station.on_tick(0, 20.0)[0]).cells == (_cell(C.SERVICE, 1),)
    site.committed([_cell(C.SERVICE, 1).id])
    assert station.receive(site.on_tick(0, 20.0)[0]).acknowledged == (_cell(C.SERVICE, 1).id,)


def test_a_repeated_or_replayed_frame_is_refused_and_changes_nothing() -> None:
    site, station = _pair()
    site.send(_cell(C.VALID, 1))
    frames = site.on_tick(0, 0.0)
    station.receive(frames[1])
    for frame in (frames[1], frames[0]):
        with pytest.raises(ReplayedFrameError, match=r"after frame 2: repeated or replayed"):
            station.receive(frame)
    station.receive(frames[2])


def test_a_torn_frame_changes_nothing() -> None:
    site, station = _pair()
    site.send(_cell(C.VALID, 1))
    good = site.on_tick(0, 20.0)[0]
    # The second cell is broken: the first is not handed up, and the number is not used.
    torn = good[:332] + b"\1" + good[333:]
    with pytest.raises(MalformedError):
        station.receive(torn)
    assert station.receive(good).cells == (_cell(C.VALID, 1),)


def test_numbers_that_are_used_up_end_the_connection_and_not_the_link() -> None:
    site, _ = _pair()
    site._sent_seq = SEQ_MAX - 1
    assert len(site.on_tick(0, 20.0)) == 1
    with pytest.raises(LocalFaultError, match="sequence numbers"):
        site.on_tick(0, 20.25)
    site.connected(21.0)
    assert len(site.on_tick(0, 40.0)) == 1


def test_a_slow_socket_skips_the_tick_and_loses_nothing() -> None:
    site, station = _pair()
    site.send(_cell(C.VALID, 1))
    station.committed([_cell(C.VALID, 9).id])
    for link in (site, station):
        assert link.on_tick(0, 20.0, writable=False) == []
    assert station.receive(site.on_tick(0, 20.25)[0]).cells == (_cell(C.VALID, 1),)
    assert len(station.on_tick(0, 20.25)) == 1


@given(
    facts=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["public", "reconnect"]))),
    waiting=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(C)), max_size=60),
    slow=st.sets(st.integers(0, 60), max_size=10),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_number_and_size_of_frames_are_a_function_of_time_and_public_facts(
    facts: list[tuple[int, str]], waiting: list[tuple[int, C]], slow: set[int]
) -> None:
    """Two ends live through the same public facts; only one of them has something to say."""
    busy, idle = (Link(Direction.UP, noise=secrets.token_bytes) for _ in range(2))
    expected = []
    fast_until = FAST_S
    for link in (busy, idle):
        link.connected(0.0)
    traces: tuple[list[list[int]], list[list[int]]] = ([], [])
    for tick in range(61):
        now = float(tick)
        for n, (at, cls) in enumerate(waiting, start=1):
            if at == tick:
                busy.send(_cell(cls, n))
                busy.committed([CellId(cls, 3, n)])
        for at, what in facts:
            if at == tick:
                fast_until = now + FAST_S
                for link in (busy, idle):
                    (link.public_fact if what == "public" else link.connected)(now)
        for link, trace in zip((busy, idle), traces, strict=True):
            frames = link.on_tick(now, now, writable=tick not in slow)
            trace.append([len(frame) for frame in frames])
        expected.append(0 if tick in slow else FAST_FRAMES if now < fast_until else 1)
    assert traces[0] == traces[1] == [[FRAME_BYTES] * n for n in expected]


def test_fast_lasts_the_same_whatever_waits() -> None:
    for size in (0, 1, 9000):
        link = Link(Direction.UP, noise=secrets.token_bytes)
        for n in range(1, size + 1):
            link.send(_cell(C.VALID, n))
        link.connected(5.0)
        shapes = [link.shape(5.0 + n * TICK_S) for n in range(60)]
        assert shapes == [Shape.FAST] * 40 + [Shape.CALM] * 20


class BadLine(RuleBasedStateMachine):
    """Site and station with durable stores, joined by a line that does everything wrong."""

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.stored: dict[int, dict[CellId, Cell]] = {Direction.UP: {}, Direction.DOWN: {}}
        self.accepted: dict[int, set[CellId]] = {Direction.UP: set(), Direction.DOWN: set()}
        self.arrived: dict[int, dict[CellId, Cell]] = {Direction.UP: {}, Direction.DOWN: {}}
        self.uncommitted: dict[int, list[Cell]] = {Direction.UP: [], Direction.DOWN: []}
        self.line: dict[int, deque[bytes]] = {Direction.UP: deque(), Direction.DOWN: deque()}
        self.epoch = {Direction.UP: 1, Direction.DOWN: 1}
        self.count = 0
        self.ends = {d: self._restored(d) for d in Direction}
        self._connect()

    def _restored(self, direction: Direction) -> Link:
        """A fresh end, as a process makes it from its store after a crash."""
        incoming = self.arrived[1 - direction]
        cumulative = {}
        for stream in {Stream(c.cls, c.epoch) for c in incoming}:
            n = 0
            while CellId(*stream, n + 1) in incoming:
                n += 1
            cumulative[stream] = n
        outbound = Outbound()
        for cell in self.stored[direction].values():
            assert outbound.add(cell) == ()
        return Link(
            direction, noise=secrets.token_bytes, outbound=outbound, book=AckBook(cumulative)
        )

    def _connect(self) -> None:
        for direction in Direction:
            self.line[direction].clear()
            self.ends[direction].connected(self.now)

    @rule(direction=st.sampled_from(Direction), cls=st.sampled_from(C))
    def accept(self, direction: Direction, cls: C) -> None:
        """Something happens at one end: stored durably, then offered to the link."""
        self.count += 1
        cell = _cell(cls, self.count, self.epoch[direction])
        self.stored[direction][cell.id] = cell
        self.accepted[direction].add(cell.id)
        assert self.ends[direction].send(cell) == ()

    @rule(calm=st.booleans(), writable=st.booleans())
    def tick(self, calm: bool, writable: bool) -> None:
        self.now += 30.0 if calm else TICK_S
        for direction, end in self.ends.items():
            self.line[direction] += end.on_tick(self.now, self.now, writable=writable)

    @rule(direction=st.sampled_from(Direction), count=st.integers(1, 200))
    def deliver(self, direction: Direction, count: int) -> None:
        receiver = Direction(1 - direction)
        for _ in range(min(count, len(self.line[direction]))):
            got = self.ends[receiver].receive(self.line[direction].popleft())
            self.uncommitted[receiver] += got.cells
            for cell in got.acknowledged:
                # Acknowledged means durable at the other end, whatever happened since.
                assert cell in self.arrived[receiver]
                self.stored[receiver].pop(cell, None)

    @rule(end=st.sampled_from(Direction), keep=st.integers(0, 20))
    def commit(self, end: Direction, keep: int) -> None:
        """The receiving end's store commits some of what gathered; the rest stays for later."""
        batch, self.uncommitted[end] = self.uncommitted[end][keep:], self.uncommitted[end][:keep]
        for cell in batch:
            known = self.arrived[1 - end].setdefault(cell.id, cell)
            assert known == cell
        self.ends[end].committed([cell.id for cell in batch])

    @rule()
    def cut(self) -> None:
        """The line breaks: whatever was under way is lost."""
        self._connect()

    @rule(end=st.sampled_from(Direction), new_epoch=st.booleans())
    def crash(self, end: Direction, new_epoch: bool) -> None:
        """A process dies with its memory and comes back from its store."""
        self.uncommitted[end].clear()
        self.epoch[end] += new_epoch
        self.ends[end] = self._restored(end)
        self._connect()

    @rule(end=st.sampled_from(Direction))
    def replay(self, end: Direction) -> None:
        """An old frame comes again: refused, and nothing is changed by it."""
        frames = self.ends[Direction(1 - end)].on_tick(self.now, self.now)
        self.line[1 - end] += frames
        self.deliver(Direction(1 - end), len(self.line[1 - end]))
        with pytest.raises(ReplayedFrameError):
            self.ends[end].receive(frames[0])

    @invariant()
    def nothing_is_invented(self) -> None:
        for direction in Direction:
            assert set(self.arrived[direction]) <= self.accepted[direction]
            assert (
                self.accepted[direction]
                == self.arrived[direction].keys() | self.stored[direction].keys()
            )

    def teardown(self) -> None:
        """Let the line be good for a while: everything accepted is there, and let go of."""
        self.cut()
        for _ in range(12):
            self.tick(calm=False, writable=True)
            for direction in Direction:
                self.deliver(direction, 10_000)
                self.commit(direction, 0)
        for direction in Direction:
            assert self.arrived[direction].keys() == self.accepted[direction]
            assert self.stored[direction] == {}
            assert len(self.ends[direction].outbound) == 0


BadLine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBadLine = BadLine.TestCase
