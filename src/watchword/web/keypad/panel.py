"""The keypad: its page, its state, its stream of states, and the one thing it can ask for.

This file owns one rule: what leaves here is a function of the public state alone. Every
attempt takes the same way through it, with the same headers and no identifiers of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream, Template

from watchword.core.words import Action
from watchword.site.views import Answer, EntryPoint, Keypads, KeypadState
from watchword.web.keypad.devices import Devices
from watchword.web.keypad.once import Once
from watchword.web.keypad.pairing import pairing_page
from watchword.web.shared.requests import from_own_page, read_json

TICK_S = 1.0  # a page that hears nothing for 2.5 s says that the connection is lost
GAP_S = 0.05  # between two states, however fast they change
LOOK_EVERY = 5  # states between two looks whether the device is still paired
BYPASS_MAX = 64
NAME_MAX = 128

_encode = msgspec.json.Encoder().encode
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]


class AttemptRequest(msgspec.Struct, forbid_unknown_fields=True):
    """One attempt as the page sends it; 4 to 8 digits, whatever this site's length is."""

    code: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4,8}\Z")]
    action: Action
    id: UUID
    bypass: Annotated[tuple[ZoneName, ...], msgspec.Meta(max_length=BYPASS_MAX)] = ()

    def __repr__(self) -> str:
        return f"AttemptRequest(action={self.action!r})"


def panel_routes(
    keypads: Keypads, devices: Devices, *, stop: asyncio.Event, build: str
) -> list[HTTPRouteHandler]:
    """The routes of a paired keypad."""
    once = Once()

    @get("/")
    async def page(request: Request[Any, Any, Any]) -> Template:
        """The keypad, or the pairing page for a browser that is none."""
        entry = await devices.find(request)
        secret = devices.secret(request)
        if entry is None or secret is None:
            return pairing_page()
        text = request.app.state.strings.under("keypad.js")
        context = {"boot": {"state": msgspec.to_builtins(keypads.state(entry)), "text": text}}
        return Template("panel.html", context=context, cookies=[devices.cookie(secret)])

    @get("/state")
    async def state(request: Request[Any, Any, Any]) -> Response[bytes]:
        """What the keypad shows now."""
        return _json(keypads.state(await devices.require(request)))

    @get("/events")
    async def events(request: Request[Any, Any, Any]) -> Stream:
        """The same as a stream, every second and at each change, until `stop` or unpaired."""
        entry = await devices.require(request)
        secret = devices.secret(request) or ""
        return Stream(
            _states(keypads, entry, secret, stop=stop, build=build),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    @post("/attempt", guards=[from_own_page])
    async def attempt(request: Request[Any, Any, Any]) -> Response[bytes]:
        """One attempt; 200 whatever the answer is."""
        entry = await devices.require(request)
        given = await read_json(request, AttemptRequest)
        answer = await once.run(
            entry.number,
            given.id,
            lambda: keypads.attempt(entry, given.code, given.action, bypass=given.bypass),
        )
        return _json(answer)

    return [page, state, events, attempt]


async def _states(
    keypads: Keypads, entry: EntryPoint, secret: str, *, stop: asyncio.Event, build: str
) -> AsyncIterator[bytes]:
    yield f"retry: 1000\nevent: build\ndata: {build}\n\n".encode()
    sent = 0
    while not stop.is_set():
        shown = keypads.state(entry)
        yield b"data: " + _encode(shown) + b"\n\n"
        sent += 1
        if sent % LOOK_EVERY == 0 and await keypads.device(secret) is None:
            return
        await asyncio.sleep(GAP_S)
        if replace(keypads.state(entry), at_ms=shown.at_ms) == shown:  # else: changed meanwhile
            await _unless(stop, keypads.changed(entry, within_s=TICK_S - GAP_S))


async def _unless(stop: asyncio.Event, waiting: Coroutine[Any, Any, None]) -> None:
    """Wait for `waiting`, or for `stop` if that comes first."""
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(waiting, name="keypad-changed")
        second = tasks.create_task(stop.wait(), name="keypad-stop")
        await asyncio.wait((first, second), return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        second.cancel()


def _json(value: KeypadState | Answer) -> Response[bytes]:
    return Response(_encode(value), status_code=200, media_type=MediaType.JSON)
