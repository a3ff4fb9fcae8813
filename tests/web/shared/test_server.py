"""One socket, bound first; an end that is asked for by an event and comes at once."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import get
from litestar.response import Stream

from watchword.core.errors import LocalFaultError
from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import build
from watchword.web.shared.server import bind, serve
from watchword.web.shared.strings import Strings


def test_a_port_in_use_is_said_in_words() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(LocalFaultError, match=f"port {port}") as caught:
            bind("127.0.0.1", port)
    assert "another port" in caught.value.hint


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.9", 0)])
def test_an_address_that_cannot_be(host: str, port: int) -> None:
    with pytest.raises(LocalFaultError, match="Cannot listen"):
        bind(host, port)


def test_ipv6() -> None:
    try:
        sock = bind("::1", 0)
    except LocalFaultError:
        pytest.skip("no IPv6 here")
    with sock:
        assert sock.family is socket.AF_INET6


async def test_it_serves_until_stop_and_leaves_signals_alone() -> None:
    stop = asyncio.Event()

    @get("/forever")
    async def forever() -> Stream:
        async def beats() -> AsyncIterator[bytes]:
            while not stop.is_set():
                yield b"data: 1\n\n"
                await asyncio.sleep(0.01)

        return Stream(beats(), media_type="text/event-stream")

    app = build([forever], strings=Strings.load(), assets=Assets({}))
    sock = bind("127.0.0.1", 0)
    before = signal.getsignal(signal.SIGTERM)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve(app, sock, stop))
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with (
            httpx.AsyncClient(base_url=address, trust_env=False) as http,
            http.stream("GET", "/forever") as answer,
        ):
            assert answer.headers["content-security-policy"]
            assert "server" not in answer.headers
            lines = answer.aiter_lines()
            assert await anext(lines) == "data: 1"
            assert signal.getsignal(signal.SIGTERM) == before
            stop.set()
            async with asyncio.timeout(1):
                async for _ in lines:
                    pass
        async with asyncio.timeout(1.5):
            await serving
