"""What an open console is sent: the queue, the chosen incident, a beat, and an end."""

import asyncio
import contextlib
import json
import time

import httpx
import pytest

from watchword.web.console import events as module
from watchword.web.console.events import Stream, digest_of, without_names
from watchword.web.console.service import Place
from watchword.web.shared.server import bind, serve
from web.console.conftest import until


@pytest.fixture
def stream(app, ann):
    def make(**more) -> Stream:
        return Stream(
            console=app.litestar.state.console,
            secret=ann.secret,
            templates=app.litestar.template_engine.engine,
            **more,
        )

    return make


class Listener:
    """Hears a stream in a task of its own."""

    def __init__(self, stream: Stream) -> None:
        self.heard: list[tuple[str, dict, str | None]] = []
        self.ended = False
        self._stream = stream

    async def run(self) -> None:
        async for message in self._stream.messages():
            self.heard.append((message.event, json.loads(message.data), message.id))
        self.ended = True

    async def until(self, event: str, true=lambda body: True) -> dict:
        def found() -> list[dict]:
            return [body for name, body, _ in self.heard if name == event and true(body)]

        await until(found)
        return found()[0]

    def named(self, event: str) -> list[dict]:
        return [body for name, body, _ in self.heard if name == event]


@pytest.fixture
def listening(app, stop):
    """A context in which the application lives and a stream is heard."""

    @contextlib.asynccontextmanager
    async def listening(stream: Stream):
        async with app.litestar.lifespan(), asyncio.TaskGroup() as tasks:
            listener = Listener(stream)
            tasks.create_task(listener.run(), name="listener")
            try:
                yield listener
            finally:
                stop.set()

    return listening


async def test_a_first_connection_is_sent_everything(station, stream, listening) -> None:
    first, second = station.add("medical"), station.add("duress")
    async with listening(stream()) as listener:
        body = await listener.until("queue")
        assert body["order"] == [second, first]
        assert set(body["rows"]) == {first, second}
        assert f'href="/incidents/{second}"' in body["rows"][second]
        assert (body["open"], body["unclaimed"], body["life"]) == (2, 2, 2)
        assert (await listener.until("beat"))["open"] == 2


async def test_then_only_what_changed(station, stream, listening, ann) -> None:
    first, second = station.add("medical"), station.add("duress")
    async with listening(stream()) as listener:
        await listener.until("queue")
        await station.claim(second, station.opened[ann.secret])
        body = await listener.until("queue", lambda b: b["life"] == 1)
        assert list(body["rows"]) == [second]
        assert "data-mine" in body["rows"][second]
        assert "data-waits" not in body["rows"][second]
        third = station.add("trouble")
        body = await listener.until("queue", lambda b: b["open"] == 3)
        assert (list(body["rows"]), body["order"][-1]) == ([third], third)
        station.records[first].closed_ms = station.now_ms()
        station.touch()
        body = await listener.until("queue", lambda b: b["order"] == [second, third])
        assert body["rows"] == {}


async def test_who_saw_this_state_is_not_sent_it_again(station, stream, listening, ann) -> None:
    station.add()
    session = station.opened[ann.secret]
    known = digest_of(await station.queue(session), session)
    async with listening(stream(last_id=known)) as listener:
        await listener.until("beat")
        assert listener.named("queue") == []
        station.add("fire")
        assert (await listener.until("queue"))["open"] == 2


async def test_the_chosen_incident_says_that_it_moved(station, stream, listening, ann) -> None:
    incident = station.add()
    async with listening(stream(incident=incident)) as listener:
        first = await listener.until("incident")
        await station.note(incident, station.opened[ann.secret], "Called back")
        moved = await listener.until("incident", lambda b: b["version"] != first["version"])
        assert moved["id"] == incident
        page = (await ann.get(f"/fragments/incidents/{incident}")).text
        assert f'data-version="{moved["version"]}"' in page
        del station.records[incident]
        station.touch()
        assert (await listener.until("incident", lambda b: b["version"] == "gone"))[
            "id"
        ] == incident


async def test_the_session_is_asked_before_every_message(station, stream, listening, ann) -> None:
    station.add()
    async with listening(stream()) as listener:
        await listener.until("queue")
        await station.sign_out(ann.secret)
        station.add("fire")
        await listener.until("signed-out")
        await until(lambda: listener.ended)
        assert len(listener.named("queue")) == 1


async def test_a_place_that_changes_counts_at_once(station, stream, listening, ann) -> None:
    station.add("duress")
    async with listening(stream()) as listener:
        assert (await listener.until("queue"))["open"] == 1
        await station.set_place(ann.secret, Place.PREMISES)
        body = await listener.until("queue", lambda b: b["open"] == 0)
        assert (body["order"], body["rows"]) == ([], {})


async def test_what_cannot_be_read_is_said(station, stream, listening, monkeypatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.02)
    station.add()
    async with listening(stream()) as listener:
        await listener.until("queue")
        station.failing = True
        station.touch()
        await listener.until("fault")
        station.failing = False
        seen = len(listener.named("queue"))
        await until(lambda: len(listener.named("queue")) > seen)


async def test_streams_go_on_when_the_messenger_does_not(
    station, stream, listening, monkeypatch
) -> None:
    """Without word of changes they look for themselves, every beat."""
    monkeypatch.setattr(module, "BEAT_S", 0.02)
    made = stream()
    async with listening(made) as listener:
        await listener.until("queue")
        made.console.hub.following = False
        station.records[station.add("fire")].opened_ms -= 1
        await listener.until("queue", lambda b: b["open"] == 1)


@pytest.mark.slow
async def test_beats_are_a_second_apart(station, stream, listening) -> None:
    async with listening(stream()) as listener:
        start = time.monotonic()
        await until(lambda: len(listener.named("beat")) >= 3)
        assert 1.8 < time.monotonic() - start < 3.5


async def test_the_wall_has_no_names(station, stream, listening) -> None:
    incident = station.add(claimed_by="ben")
    async with listening(stream(view="wall")) as listener:
        row = (await listener.until("queue"))["rows"][incident]
        assert "Taken" in row
        for name in ("ben", "Ben", "Maria"):
            assert name not in row
        item = (await station.queue(next(iter(station.opened.values()))))[0]
        assert without_names(item).claimed_by == "taken"


async def test_over_the_wire(app, station, stop, ann) -> None:
    """Headers, a bad id, and an end within a moment of the stop event."""
    station.add()
    sock = bind("127.0.0.1", 0)
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    cookies = {"watchword_console": ann.secret}
    async with asyncio.TaskGroup() as tasks, httpx.AsyncClient(base_url=base) as http:
        serving = tasks.create_task(serve(app, sock, stop), name="serve")
        assert (await http.get("/events")).status_code == 401
        http.cookies.update(cookies)
        for bad in ("x", "-1", "A" * 24, "a" * 65):
            answer = await http.get("/events", headers={"last-event-id": bad})
            assert answer.status_code == 400
        assert (await http.get("/events?view=other")).status_code == 400
        assert (await http.get("/events?incident=../x")).status_code == 400
        async with http.stream("GET", "/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert "no-store" in answer.headers["cache-control"]
            lines = answer.aiter_lines()
            seen = [await anext(lines) for _ in range(3)]
            assert any(line.startswith("event: queue") for line in seen)
            stop.set()
            started = time.monotonic()
            async for _ in lines:
                pass
            await serving
            assert time.monotonic() - started < 1.5
