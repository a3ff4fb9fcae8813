"""One attempt over a real socket: bounded, and never led elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from watchword.adapters.station.webhook import ANSWER_BYTES_MAX, WebhookSender
from watchword.core.errors import RemoteFaultError


@asynccontextmanager
async def receiver(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.append(head + await reader.readexactly(length))
        writer.write(answer)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/in", got


def reply(status: str, body: bytes = b"", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


async def send(url: str) -> int:
    async with WebhookSender() as sender:
        return await sender.send(url, b'{"a":1}', {"Idempotency-Key": "k1"})


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "500 Oops"])
async def test_the_status_is_the_answer(status: str) -> None:
    async with receiver(reply(status)) as (url, got):
        assert await send(url) == int(status[:3])
    assert b"Idempotency-Key: k1" in got[0]
    assert got[0].endswith(b'{"a":1}')


async def test_a_redirect_is_not_followed() -> None:
    async with receiver(reply("200 OK")) as (elsewhere, stolen):
        moved = reply("302 Found", more=f"Location: {elsewhere}\r\n")
        async with receiver(moved) as (url, _):
            assert await send(url) == 302
    assert stolen == []


async def test_a_long_answer_is_cut_off() -> None:
    async with receiver(reply("200 OK", b"x" * (ANSWER_BYTES_MAX + 1))) as (url, _):
        with pytest.raises(RemoteFaultError, match="too long"):
            await send(url)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n"])
async def test_no_answer_is_a_fault(answer: bytes) -> None:
    async with receiver(answer) as (url, _):
        with pytest.raises(RemoteFaultError):
            await send(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[bad", "ftp://x/"])
async def test_an_address_that_leads_nowhere(url: str) -> None:
    with pytest.raises(RemoteFaultError):
        await send(url)


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with receiver(reply("200 OK")) as (url, _):
        assert await send(url) == 200
