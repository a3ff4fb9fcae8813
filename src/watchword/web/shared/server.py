"""How a page leaves this machine: one socket bound first, fixed headers on every answer.

This file owns two rules: no answer, not even an error, goes out without its security
headers; and the server never touches the process's signals, which belong to `wiring`.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn

from watchword.core.errors import LocalFaultError

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PORT_MAX = 65_535
BODY_MAX = 64 * 1024  # no page posts more than a few kilobytes
CONNECTIONS_MAX = 2_000  # event streams included; above it a request is told 503
GRACE_S = 2  # for answers under way when the process is told to stop

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
CSP = "; ".join(_POLICY)
FIXED: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), screen-wake-lock=(self)"),
)
_FIXED_NAMES = frozenset(name for name, _ in FIXED)
_NO_STORE = (b"cache-control", b"no-store")


class Headers:
    """ASGI wrapper that puts the fixed headers on every HTTP answer, and `no-store` by default."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; only the start of an HTTP answer is changed."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(n.lower(), v) for n, v in message["headers"]]
                kept = [(n, v) for n, v in own if n not in _FIXED_NAMES]
                cache = () if any(n == b"cache-control" for n, _ in kept) else (_NO_STORE,)
                message["headers"] = [*kept, *cache, *FIXED]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; LocalFaultError says what to do when the port is taken."""
    if not 0 <= port <= PORT_MAX:
        raise LocalFaultError(
            f"Cannot listen on port {port}: ports go from 0 to {PORT_MAX}.",
            hint="Choose another port.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise LocalFaultError(
            f"Cannot listen on {host}, port {port}: {error.strerror or 'not possible'}.",
            hint="Stop the program that uses this port, or choose another port.",
        ) from error


class Server(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the process's own owner stops us by an event."""
        yield


async def serve(
    app: Asgi,
    sock: socket.socket,
    stop: asyncio.Event,
    *,
    certfile: Path | None = None,
    keyfile: Path | None = None,
) -> None:
    """Serve `app` on a bound socket until `stop` is set; TLS when a certificate is given.

    Event streams of `app` must end by the same `stop`, or they hold the end for GRACE_S.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=CONNECTIONS_MAX,
        lifespan="on",
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
    )
    server = Server(config)
    with sock:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(server.serve(sockets=[sock]), name="http-server")
            stopping = tasks.create_task(stop.wait(), name="http-stop")
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            stopping.cancel()
            await running
    if not stop.is_set():
        raise LocalFaultError("The web server ended by itself.", hint="See the log for why.")
