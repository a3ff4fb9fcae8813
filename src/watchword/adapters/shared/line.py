"""One WebSocket as an uplink uses it: frames on a fixed grid of time, and a dead peer told.

Owned here: when a tick is due, when it is skipped, and how long silence may last. What the
frames say is `wire.uplink`'s business. The library's own pings, compression and proxy
variables are off: each would break the constant shape.
"""

import asyncio
import contextlib
import fcntl
import logging
import struct
from collections.abc import Callable
from typing import Any

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from watchword.core.timing import Clock
from watchword.wire.faults import MalformedError

SILENCE_TICKS = 4  # a tick may be skipped, or two, on a bad line
SILENCE_S_MIN = 5.0  # a busy machine may stop for seconds
CLOSE_S = 2.0  # for the closing handshake; then the socket is dropped
OPEN_S = 10.0
REASON_BYTES_MAX = 120  # a close frame has room for 123

PROTOCOL_FAULT = 1002
REPLACED = 1008
OUR_FAULT = 1011
BUSY = 1013

_SIOCOUTQNSD = 0x894B  # Linux: bytes in a socket's queue that were not sent even once

Frames = Callable[[float, float, bool], list[bytes]]
"""`(at, monotonic, writable) -> frames` of one tick."""

# The library tells of every dirty close with a traceback; what matters of it we log ourselves.
quiet = logging.getLogger("watchword.websockets")
quiet.setLevel(logging.CRITICAL + 1)

OPTIONS: dict[str, Any] = {
    "compression": None,
    "ping_interval": None,
    "open_timeout": OPEN_S,
    "close_timeout": CLOSE_S,
    "logger": quiet,
}


def silence_s(tick_s: float) -> float:
    """How long a peer on this tick may say nothing before its link counts as dead."""
    return max(SILENCE_S_MIN, SILENCE_TICKS * tick_s)


def next_tick(monotonic: float, tick_s: float, last: int) -> int:
    """The number of the next tick on the grid; those that passed meanwhile are skipped."""
    return max(int(monotonic // tick_s) + 1, last + 1)


async def keep_ticking(ws: Connection, clock: Clock, tick_s: float, frames: Frames) -> None:
    """Send each tick's frames at its instant until the connection ends or stays stuck.

    Raises:
        ConnectionClosed: the connection ended.
        TimeoutError: the peer takes nothing any more.
    """
    tick = 0
    while True:
        now = clock.monotonic()
        tick = next_tick(now, tick_s, tick)
        due = tick * tick_s
        await asyncio.sleep(due - now)
        async with asyncio.timeout(silence_s(tick_s)):
            for frame in frames(clock.now(), due, writable(ws)):
                await ws.send(frame)


async def hear(ws: Connection, tick_s: float) -> bytes:
    """The next frame of the peer.

    Raises:
        ConnectionClosed: the connection ended.
        TimeoutError: the peer was silent for too long.
        MalformedError: it sent text.
    """
    async with asyncio.timeout(silence_s(tick_s)):
        data = await ws.recv()
    if isinstance(data, str):
        raise MalformedError("A text message where a frame is due.")
    return data


def writable(ws: Connection) -> bool:
    """Whether everything sent so far has left this machine: else the next tick is skipped."""
    if ws.transport.get_write_buffer_size():
        return False
    socket = ws.transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return True  # closed meanwhile: the next send tells
    try:
        unsent = fcntl.ioctl(socket.fileno(), _SIOCOUTQNSD, bytes(4))
    except OSError:
        return True  # a kernel that cannot say
    return bool(struct.unpack("i", unsent)[0] == 0)


async def say_goodbye(ws: Connection, code: int, reason: str) -> None:
    """Close with a reason that the peer can log; drop the socket if it does not answer."""
    text = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S), asyncio.TaskGroup() as tasks:
            # The peer's answer comes behind what it is still sending: read that away.
            tasks.create_task(_read_away(ws), name="goodbye")
            await ws.close(code, text)
    ws.transport.abort()


async def _read_away(ws: Connection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await ws.recv()


def leaves(group: ExceptionGroup[Exception]) -> list[Exception]:
    """Every exception in a group of groups."""
    found: list[Exception] = []
    for one in group.exceptions:
        found += leaves(one) if isinstance(one, ExceptionGroup) else [one]
    return found
