"""A console at the premises: covert incidents are nowhere until they are released."""

import asyncio
import json
import re

import httpx
import pytest

from watchword.web.console.events import Stream
from watchword.web.console.service import Place
from web.console.conftest import Browser, until

ACTIONS = ("claim", "dispatch", "note", "hand-over", "accept", "fail", "release", "close")
FIELDS = {
    "note": {"text": "x"},
    "hand-over": {"to": "ben"},
    "accept": {"handoff": "101", "who": "x"},
    "fail": {"handoff": "101", "reason": "x"},
    "release": {"reason": "x", "reference": "x", "to_whom": "x", "verified": "yes"},
    "close": {"cause": "mistake", "note": "x"},
}


@pytest.fixture
def covert(station):
    """Two covert incidents among others, with words of their own to look for."""
    station.add("medical", place="Classroom 3", person="Ines Carr")
    return [
        station.add("duress", place="Cellar keypad", person="Maria Covertly"),
        station.add("hold-up", place="Till seven", person="Jonas Covertly"),
    ]


@pytest.fixture(params=[Place.PREMISES, None])
def there(request, sign_in):
    return sign_in("ann", request.param)


def hidden(text: str, covert: list[str]) -> None:
    for word in ("Duress", "duress", "Hold-up", "Cellar", "Till seven", "Covertly", *covert):
        assert word not in text, word


async def test_no_page_and_no_fragment_shows_them(app, covert, there: Browser) -> None:
    paths = ["/", "/wall", "/sites", "/place", "/fragments/queue"]
    for path in paths:
        answer = await there.get(path)
        hidden(answer.text.replace('"new_life"', ""), covert)


async def test_counts_leave_them_out(covert, sign_in) -> None:
    for path in ("/", "/wall"):
        page = (await sign_in("ann", Place.PREMISES).get(path)).text
        assert re.findall(r'data-count="open">(\d+)<', page) == ["1"]
        assert re.findall(r'data-count="life">(\d+)<', page) == ["1"]
        page = (await sign_in("ann", Place.OFF_SITE).get(path)).text
        assert re.findall(r'data-count="open">(\d+)<', page) == ["3"]


async def test_they_answer_as_what_does_not_exist(station, covert, there: Browser) -> None:
    def same(one: httpx.Response, other: httpx.Response) -> None:
        assert one.status_code == other.status_code
        assert one.text.replace(covert[0], "") == other.text.replace("0" * 32, "")

    for path in ("/incidents/{}", "/incidents/{}/sheet", "/fragments/incidents/{}"):
        same(await there.get(path.format(covert[0])), await there.get(path.format("0" * 32)))
    for action in ACTIONS:
        answers = [
            await there.send(f"/incidents/{of}/{action}", **FIELDS.get(action, {}))
            for of in (covert[0], "0" * 32)
        ]
        same(*answers)
        assert answers[0].status_code == 404
    assert len(station.records[covert[0]].timeline) == 1


@pytest.mark.slow
async def test_the_stream_is_the_same_with_and_without_them(app, station, sign_in) -> None:
    """What a premises console is sent is a function of what it may see, ids included."""
    station.add("medical", place="Classroom 3")
    there = sign_in("ann", Place.PREMISES)
    stream = _stream(app, there)
    seen: list[tuple[str | None, str]] = []

    async def look() -> None:
        async for message in stream.messages():
            body = json.loads(message.data)
            body.pop("at_ms", None)
            seen.append((message.event, json.dumps(body)))

    async with app.litestar.lifespan(), asyncio.timeout(10):
        task = asyncio.get_running_loop().create_task(look(), name="look")
        await until(lambda: len(seen) >= 2)
        before = [event for event in seen if event[0] != "beat"]
        forced = station.add("duress", place="Cellar keypad")
        there_session = station.opened[there.secret]
        off_site = sign_in("ben", Place.OFF_SITE)
        await off_site.send(f"/incidents/{forced}/claim")
        await off_site.send(f"/incidents/{forced}/dispatch")
        beats = len(seen)
        await until(lambda: len(seen) >= beats + 2)
        assert [event for event in seen if event[0] != "beat"] == before
        assert {body for event, body in seen if event == "beat"} == {'{"open": 1}'}
        await station.release(
            forced, station.opened[off_site.secret], reason="x", reference="x", to_whom="x"
        )
        await until(lambda: any("Cellar" in body for _, body in seen))
        assert there_session.place == Place.PREMISES
        task.cancel()


async def test_released_it_is_shown(station, covert, sign_in) -> None:
    ann, there = sign_in(), sign_in("ben", Place.PREMISES)
    fields = FIELDS["release"]
    assert (await ann.send(f"/incidents/{covert[0]}/release", **fields)).status_code == 200
    assert "Cellar keypad" in (await there.get("/")).text
    assert (await there.get(f"/incidents/{covert[0]}")).status_code == 200


def _stream(app, browser: Browser) -> Stream:
    return Stream(
        console=app.litestar.state.console,
        secret=browser.secret,
        templates=app.litestar.template_engine.engine,
    )
