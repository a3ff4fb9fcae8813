"""The local way into a process: one request and one answer over a private Unix socket.

Whoever can open the socket (mode 0600, in a directory of mode 0700) is the process's own
user; that is the whole access rule (decision record on local commands).
One JSON object a line each way; a line is bounded, and so is the wait for it.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from watchword.adapters.shared.files import PRIVATE_FILE
from watchword.core.errors import (
    InputError,
    LocalFaultError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    RemoteFaultError,
    WatchwordError,
)

LINE_BYTES_MAX = 256 * 1024  # a list of 1,000 incidents is about 200 KiB
READ_WAIT_S = 10.0  # a local caller has its request ready
ANSWER_WAIT_S = 60.0  # five waiting attempts at 2 s each, and an enrolment's neighbour check
CONNECTIONS_MAX = 32  # more than any script starts at once

_KINDS: dict[str, type[WatchwordError]] = {
    c.__name__: c
    for c in (InputError, NotFoundError, RefusedError, NotAllowedError, RemoteFaultError)
}

Handler = Callable[[Mapping[str, Any]], Awaitable[Any]]
log = structlog.get_logger("control")


class ControlServer:
    """Serves named commands on `path`; start it once, close it in the same task."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = dict(handlers)
        self._room = asyncio.Semaphore(CONNECTIONS_MAX)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket file left by a dead process is replaced.

        Raises:
            LocalFaultError: another process of this data directory is running.
        """
        with _short(self._path) as name:
            if await _answers(name):
                raise LocalFaultError(
                    f"Another process already runs on {self._path.parent}.",
                    hint="Stop it first, or choose another directory with --data.",
                )
            self._path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                listener.bind(name)
            finally:
                os.umask(before)
        self._path.chmod(PRIVATE_FILE)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=LINE_BYTES_MAX
        )

    async def close(self) -> None:
        """Stop listening and remove the socket file."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._room:
                async with asyncio.timeout(READ_WAIT_S):
                    line = await reader.readline()
                answer = await self._answer(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError):
            log.info("control.dropped")
        finally:
            await _closed(writer)

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            handler = self._handlers[request["do"]]
        except (ValueError, KeyError, TypeError):
            return _failure(InputError("This command is not known to the running process."))
        try:
            return {"ok": await handler(request)}
        except WatchwordError as e:
            return _failure(e)
        except Exception as e:  # noqa: BLE001 - one bad command must not end the process
            log.error("control.failed", command=request["do"], error=type(e).__name__)
            return _failure(LocalFaultError("The command failed inside.", hint="See its log."))


async def ask(path: Path, command: str, **given: Any) -> Any:
    """Send one command to a running process and return its answer.

    Raises:
        LocalFaultError: nothing listens there, or it did not answer in time.
        WatchwordError: what the process itself answered.
    """
    try:
        with _short(path) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=LINE_BYTES_MAX)
    except OSError as e:
        raise LocalFaultError(
            f"No running process answers in {path.parent}.",
            hint="Start it with `watchword up --data DIR`, and give the same DIR here.",
        ) from e
    try:
        writer.write(json.dumps({"do": command, **given}).encode() + b"\n")
        await writer.drain()
        async with asyncio.timeout(ANSWER_WAIT_S):
            line = await reader.readline()
        answer = json.loads(line)
    except (OSError, TimeoutError, ValueError) as e:
        raise LocalFaultError(
            f"The process in {path.parent} did not answer.", hint="See its log."
        ) from e
    finally:
        await _closed(writer)
    if "ok" in answer:
        return answer["ok"]
    raise _raised(answer.get("error", {}))


def _failure(e: WatchwordError) -> dict[str, Any]:
    return {"error": {"type": type(e).__name__, "message": e.message, "hint": e.hint}}


def _raised(error: Mapping[str, str]) -> WatchwordError:
    kind = _KINDS.get(error.get("type", ""), LocalFaultError)
    return kind(error.get("message", "The command failed."), hint=error.get("hint", ""))


async def _answers(name: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(name)
    except OSError:
        return False
    await _closed(writer)
    return True


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Name a socket in a deep directory within the 107 bytes that the kernel takes."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{path.name}"
    finally:
        os.close(handle)
