"""The grid of ticks: on time, skipped when late, never twice and never queued."""

import asyncio
import contextlib
import socket
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.connection import Connection

from watchword.adapters.shared import line

SENT = 100_000


@given(st.floats(0, 1e6), st.sampled_from([0.02, 0.25, 1.0, 5.0, 30.0]), st.integers(0, 100))
def test_the_next_tick_is_later_than_now_and_than_the_last(
    now: float, tick_s: float, late: int
) -> None:
    tick = line.next_tick(now, tick_s, 0)
    assert tick * tick_s >= now - 1e-6
    assert (tick - 1) * tick_s <= now + 1e-6
    # Woken a little early, it is not sent twice.
    assert line.next_tick(tick * tick_s - 1e-9, tick_s, tick) > tick
    # Woken late, what was missed is skipped.
    after = line.next_tick((tick + late) * tick_s + tick_s / 2, tick_s, tick)
    assert after == tick + late + 1


def test_silence_is_four_ticks_and_five_seconds_at_least() -> None:
    assert line.silence_s(0.25) == 5.0
    assert line.silence_s(30.0) == 120.0


def test_leaves_of_groups() -> None:
    inner = ExceptionGroup("b", [OSError(), TimeoutError()])
    found = line.leaves(ExceptionGroup("a", [ValueError(), inner]))
    assert [type(e) for e in found] == [ValueError, OSError, TimeoutError]


async def test_a_peer_that_does_not_read_makes_the_line_slow_and_reading_frees_it() -> None:
    """A kernel's queue counts too: it hides seconds of ticks from the transport's own count."""
    reading = asyncio.Event()
    drained = asyncio.Event()
    ended = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await reading.wait()
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readexactly(SENT)
        drained.set()
        with contextlib.suppress(OSError):
            await reader.read()
        writer.transport.abort()
        ended.set()

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    async with await asyncio.start_server(peer, sock=listener, limit=2 * SENT):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        ws = cast("Connection", SimpleNamespace(transport=writer.transport))
        assert line.writable(ws)
        writer.write(bytes(SENT))
        assert not line.writable(ws)
        if not writer.transport.get_write_buffer_size():
            assert not line.writable(ws)
        reading.set()
        await drained.wait()
        assert line.writable(ws)
        writer.transport.abort()
        await ended.wait()
        await asyncio.sleep(0)  # the loop closes an aborted transport on its next turn
        assert line.writable(ws)  # and the next send tells that it is closed
