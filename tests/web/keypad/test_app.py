"""The keypad's HTTP: pairing, state, stream, attempts, and what it answers to nonsense."""

import asyncio
import json
import logging
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from watchword.core.errors import LocalFaultError
from watchword.core.words import Action
from watchword.site.views import OpenZone
from watchword.web.keypad.app import make_app
from watchword.web.shared.server import FIXED, bind, serve
from watchword.web.shared.strings import Strings

from .fake import ARM, CODE, DISARMED, LINK, PAIRING, FakeKeypads, alarm, armed, doors_open

OURS = {"x-watchword": "1"}
WRONG = "902814"


@pytest.fixture
def keypads() -> FakeKeypads:
    return FakeKeypads()


@pytest.fixture
def app(keypads: FakeKeypads) -> Any:
    return make_app(keypads, stop=asyncio.Event(), secure_cookies=False)


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as client:
        yield client


@pytest.fixture
async def paired(http: httpx.AsyncClient, keypads: FakeKeypads) -> httpx.AsyncClient:
    await http.post("/pair", json={"code": PAIRING}, headers=OURS)
    return http


def browser(app: Any, host: str = "127.0.0.1", scheme: str = "http") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(host, 4711))
    return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://keypad:8080")


def attempt(code: str = CODE, action: str = "arm-away", **more: Any) -> dict[str, Any]:
    return {"code": code, "action": action, "id": str(uuid.uuid4())} | more


async def test_an_unpaired_browser_is_asked_for_a_code(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.status_code == 200
    assert "Pair this device" in page.text
    assert "set-cookie" not in page.headers
    for call in (http.get("/state"), http.get("/events")):
        answer = await call
        assert (answer.status_code, answer.json()["title"]) == (401, "Not paired")
    answer = await http.post("/attempt", json=attempt(), headers=OURS)
    assert answer.status_code == 401


async def test_a_one_time_code_pairs_once(http: httpx.AsyncClient, app: Any) -> None:
    answer = await http.post("/pair", json={"code": f" {PAIRING} "}, headers=OURS)
    assert (answer.status_code, answer.json()) == (200, {"paired": True})
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=34560000"):
        assert part in cookie
    assert 'id="keys"' in (await http.get("/")).text
    async with browser(app) as second:
        answer = await second.post("/pair", json={"code": PAIRING}, headers=OURS)
        assert answer.status_code == 400
        assert "used or has expired" in answer.json()["detail"]
        assert "set-cookie" not in answer.headers


async def test_secure_cookies_are_bound_to_the_host(keypads: FakeKeypads) -> None:
    app = make_app(keypads, stop=asyncio.Event(), secure_cookies=True)
    async with browser(app, scheme="https") as http:
        answer = await http.post("/pair", json={"code": PAIRING}, headers=OURS)
        assert answer.headers["set-cookie"].startswith("__Host-device=")
        assert "Secure" in answer.headers["set-cookie"]
        assert (await http.get("/state")).status_code == 200


async def test_the_form_works_without_a_script(http: httpx.AsyncClient) -> None:
    own = {"origin": "null", "sec-fetch-site": "same-origin"}
    for code in ("", "   ", "x" * 200):
        answer = await http.post("/pair", data={"code": code}, headers=own)
        assert answer.status_code == 400
        assert "Type the one-time code first" in answer.text
    answer = await http.post("/pair", data={"code": "<b>WRONG"}, headers=own)
    assert answer.status_code == 400
    assert "used or has expired" in answer.text
    assert "WRONG" not in answer.text
    answer = await http.post("/pair", data={"code": PAIRING}, headers=own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'id="keys"' in (await http.get("/")).text


async def test_a_link_pairs_on_this_machine_only(http: httpx.AsyncClient, app: Any) -> None:
    async with browser(app, host="192.0.2.7") as elsewhere:
        answer = await elsewhere.get(f"/pair/{LINK}", headers={"accept": "text/html"})
        assert answer.status_code == 403
        assert "only on its own machine" in answer.text
    answer = await http.get(f"/pair/{LINK}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await http.get("/state")).status_code == 200
    assert (await http.get(f"/pair/{LINK}")).status_code == 303  # a reload changes nothing
    async with browser(app, host="::1") as second:
        for token in (LINK, "x" * 500, "%00", "%ff"):
            answer = await second.get(f"/pair/{token}", headers={"accept": "text/html"})
            assert answer.status_code == 400
            assert "no longer works" in answer.text


async def test_the_state_as_the_page_reads_it(
    paired: httpx.AsyncClient, keypads: FakeKeypads
) -> None:
    keypads.now = replace(doors_open(OpenZone("Back door", True)), memory=("Front door",))
    answer = await paired.get("/state")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "area": "Lobby",
        "at_ms": 1_790_000_000_000,
        "phase": "disarmed",
        "mode": None,
        "sentence": "1 door open",
        "countdown_s": None,
        "countdown_of_s": None,
        "actions": [str(a) for a in ARM],
        "open_zones": [{"name": "Back door", "bypass": True}],
        "bypassed": [],
        "memory": ["Front door"],
        "trouble": [],
        "locked_s": None,
        "digits": 6,
        "sound": "none",
    }


async def test_names_cannot_break_out_of_the_page(
    paired: httpx.AsyncClient, keypads: FakeKeypads
) -> None:
    keypads.now = replace(DISARMED, area="</script><script>alert(1)</script>")
    page = (await paired.get("/")).text
    assert "<script>alert" not in page
    boot = page.split('id="boot">')[1].split("</script>")[0]
    assert json.loads(boot)["state"]["area"] == keypads.now.area


async def test_arming_and_disarming(paired: httpx.AsyncClient, keypads: FakeKeypads) -> None:
    keypads.now = doors_open(OpenZone("Back door", True))
    answer = await paired.post("/attempt", json=attempt(), headers=OURS)
    assert answer.status_code == 200
    assert not answer.json()["accepted"]
    assert answer.json()["message"] == "Not armed. Open: Back door"
    answer = await paired.post("/attempt", json=attempt(bypass=["Back door"]), headers=OURS)
    assert answer.json()["accepted"]
    assert answer.json()["state"]["phase"] == "exiting"
    answer = await paired.post("/attempt", json=attempt(action="disarm"), headers=OURS)
    assert answer.json()["state"]["phase"] == "disarmed"
    assert keypads.seen[1:] == [(Action.ARM_AWAY, ("Back door",)), (Action.DISARM, ())]


async def test_a_wrong_code_and_a_lock_out_are_answers(
    paired: httpx.AsyncClient, keypads: FakeKeypads
) -> None:
    answer = await paired.post("/attempt", json=attempt(WRONG), headers=OURS)
    assert (answer.status_code, answer.json()["message"]) == (200, "Code not accepted")
    keypads.now = replace(armed(), locked_s=87)
    answer = await paired.post("/attempt", json=attempt(action="disarm"), headers=OURS)
    assert (answer.status_code, answer.json()["message"]) == (200, "Locked. Try again in 87 s")


async def test_an_attempt_sent_again_is_evaluated_once(
    paired: httpx.AsyncClient, keypads: FakeKeypads
) -> None:
    keypads.now = armed()
    body = attempt(action="disarm")
    first = await paired.post("/attempt", json=body, headers=OURS)
    keypads.now = armed()
    again = await paired.post("/attempt", json=body, headers=OURS)
    assert again.content == first.content
    assert len(keypads.seen) == 1


async def test_every_code_gets_the_same_head(
    paired: httpx.AsyncClient, keypads: FakeKeypads
) -> None:
    """Codes that get one public answer get one answer in bytes, and no header is of one request."""
    heads = []
    for code in (WRONG, "111111", "4815", "48151623"):
        keypads.now = armed()
        answer = await paired.post("/attempt", json=attempt(code, "disarm"), headers=OURS)
        heads.append((answer.headers.raw, answer.content))
    assert all(head == heads[0] for head in heads)
    keypads.now = armed()
    right = await paired.post("/attempt", json=attempt(action="disarm"), headers=OURS)
    names = [name for name, _ in right.headers.raw]
    assert names == [name for name, _ in heads[0][0]]
    known = {name for name, _ in FIXED} | {b"content-type", b"content-length", b"cache-control"}
    assert set(names) == known


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        '"481516"',
        {"action": "disarm", "id": str(uuid.uuid4())},
        {"code": CODE, "id": str(uuid.uuid4())},
        {"code": CODE, "action": "disarm"},
        attempt(481516),  # type: ignore[arg-type]
        attempt(""),
        attempt("123"),
        attempt("123456789"),
        attempt("12345a"),
        attempt("12345\n"),
        attempt("\u0661\u0662\u0663\u0664\u0665\u0666"),
        attempt(action="open-sesame"),
        attempt(action="DISARM"),
        attempt() | {"id": "1"},
        attempt() | {"id": None},
        attempt(bypass="Back door"),
        attempt(bypass=[""]),
        attempt(bypass=["x" * 200]),
        attempt(bypass=["x"] * 200),
        attempt(bypass=[1]),
        attempt(area="Kitchen"),
    ],
    ids=[str(n) for n in range(26)],
)
async def test_nonsense_is_refused_and_not_repeated(
    paired: httpx.AsyncClient, keypads: FakeKeypads, body: Any
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = OURS | {"content-type": "application/json"}
    answer = await paired.post("/attempt", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert CODE not in answer.text
    assert keypads.seen == []


async def test_other_encodings_and_sizes(paired: httpx.AsyncClient, keypads: FakeKeypads) -> None:
    headers = OURS | {"content-type": "application/json"}
    text = json.dumps(attempt())
    for content, status in (
        (text.encode("utf-16"), 400),
        (text.encode("utf-32"), 400),
        (b"\xff" * 100, 400),
        (b" " * 1_000_000, 413),
    ):
        answer = await paired.post("/attempt", content=content, headers=headers)
        assert answer.status_code == status
    answer = await paired.post("/attempt", data=attempt(), headers=OURS)
    assert answer.status_code == 415
    assert keypads.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-watchword": "true"},
        OURS | {"origin": "http://elsewhere"},
        OURS | {"origin": "http://keypad:9090"},
        OURS | {"sec-fetch-site": "cross-site"},
        OURS | {"sec-fetch-site": "same-site"},
    ],
)
async def test_other_pages_cannot_use_the_keypad(
    paired: httpx.AsyncClient, keypads: FakeKeypads, headers: dict[str, str]
) -> None:
    for path, body in (("/attempt", attempt()), ("/pair", {"code": LINK})):
        assert (await paired.post(path, json=body, headers=headers)).status_code == 403
    form = {"origin": "http://elsewhere"}
    assert (await paired.post("/pair", data={"code": LINK}, headers=form)).status_code == 403
    assert keypads.seen == []
    assert LINK in keypads.unused


@pytest.mark.parametrize("cookie", ["", "nobody", "x" * 5000, "\u00fc\u00fc", "a=b; device=c"])
async def test_a_cookie_of_nobody(http: httpx.AsyncClient, cookie: str) -> None:
    headers = {b"cookie": b"device=" + cookie.encode("latin-1")}
    assert (await http.get("/state", headers=headers)).status_code == 401
    assert "Pair this device" in (await http.get("/", headers=headers)).text


async def test_a_failure_of_the_site_is_said_and_not_explained(
    paired: httpx.AsyncClient, keypads: FakeKeypads, caplog: pytest.LogCaptureFixture
) -> None:
    keypads.breaks = LocalFaultError(f"disk full while writing {CODE}")
    body = attempt()
    with caplog.at_level(logging.DEBUG):
        answer = await paired.post("/attempt", json=body, headers=OURS)
        again = await paired.post("/attempt", json=body, headers=OURS)
    assert answer.status_code == again.status_code == 503
    assert len(keypads.seen) == 1
    assert CODE not in answer.text + caplog.text


async def test_what_is_served_is_neutral_and_complete(paired: httpx.AsyncClient, app: Any) -> None:
    pages = [(await paired.get(path, headers={"accept": "text/html"})) for path in ("/", "/none")]
    paired.cookies.clear()
    pages.append(await paired.get("/"))
    served = b"".join(page.content for page in pages)
    for path in (p for p in app.assets.paths if not p.endswith("LICENSE.txt")):
        answer = await paired.get(app.assets.url(path))
        assert answer.status_code == 200
        served += answer.content
    for word in (b"duress", b"panic", b"hold-up", b"holdup", b"covert", b"silent alarm"):
        assert word not in served.lower()
    assert b"http://" not in served.replace(b"http://www.w3.org/", b"")  # nothing from elsewhere
    assert b"localStorage" not in served
    assert b"sessionStorage" not in served
    assert b"serviceWorker" not in served


async def test_every_word_that_the_script_asks_for_exists() -> None:
    room = Path(make_app.__code__.co_filename).parent
    given = Strings.load(room / "strings").under("keypad.js")
    script = "".join(p.read_text(encoding="utf-8") for p in (room / "static").glob("*.js"))
    asked = set(re.findall(r"""(?<![.\w])(?:t|add)\(\s*"([a-z-]+)\"""", script))
    assert len(asked) > 10
    assert asked <= given.keys()
    assert all(re.search(rf"\b{key}\b", script) for key in given)


async def test_the_stream_says_each_change_and_ends_with_the_process(keypads: FakeKeypads) -> None:
    stop = asyncio.Event()
    sock = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    app = make_app(keypads, stop=stop, secure_cookies=False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, sock, stop))
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            await http.post("/pair", json={"code": PAIRING}, headers=OURS)
            async with http.stream("GET", "/events") as answer, asyncio.timeout(5):
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                assert [await anext(lines) for _ in range(4)] == [
                    "retry: 1000",
                    "event: build",
                    f"data: {app.assets.version}",
                    "",
                ]
                first = json.loads((await anext(lines)).removeprefix("data: "))
                assert first == json.loads(msgspec.json.encode(keypads.now))
                keypads.show(alarm())
                phases = [json.loads(x[6:])["phase"] async for x in take(lines, 1)]
                assert phases == ["alarm"]
                stop.set()
                async for _ in lines:
                    pass


async def test_the_stream_of_a_removed_device_ends(keypads: FakeKeypads) -> None:
    stop = asyncio.Event()
    sock = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    app = make_app(keypads, stop=stop, secure_cookies=False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, sock, stop))
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            await http.post("/pair", json={"code": PAIRING}, headers=OURS)
            async with http.stream("GET", "/events") as answer, asyncio.timeout(5):
                keypads.secrets.clear()
                async for line in answer.aiter_lines():
                    if line.startswith("data: {"):
                        keypads.show(armed() if keypads.now.mode is None else DISARMED)
            assert (await http.get("/state")).status_code == 401
        stop.set()


async def take(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    async for line in lines:
        if line.startswith("data: {"):
            yield line
            count -= 1
            if not count:
                return
