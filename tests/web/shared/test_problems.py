"""Every error is a problem in words, with its headers, and repeats nothing that was sent."""

import logging
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from watchword.core.errors import (
    ConfigError,
    InputError,
    LocalFaultError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    RemoteFaultError,
)
from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import build
from watchword.web.shared.problems import ToldError
from watchword.web.shared.requests import from_own_page, read_json
from watchword.web.shared.server import FIXED
from watchword.web.shared.strings import Strings

DIGITS = "739154"
OURS = {"x-watchword": "1", "content-type": "application/json"}


class Given(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{6}\Z")]


@get("/raise/{name:str}")
async def raising(name: FromPath[str]) -> None:
    raise {
        "input": InputError("Not a site.", hint="Name one."),
        "missing": NotFoundError("No such site."),
        "refused": RefusedError("Too late."),
        "not-allowed": NotAllowedError("Not yours."),
        "config": ConfigError(f"bad file {DIGITS}"),
        "remote": RemoteFaultError(f"bad peer {DIGITS}"),
        "local": LocalFaultError(f"bad disk {DIGITS}"),
        "bug": ValueError(f"invalid literal {DIGITS}"),
        "told": ToldError(403, "problem.410"),
        "teapot": ToldError(418, "problem.400"),
    }[name]


@post("/read", guards=[from_own_page])
async def reading(request: Request[Any, Any, Any]) -> dict[str, bool]:
    await read_json(request, Given)
    return {"read": True}


@post("/declared")
async def declared(data: JSONBody[Given]) -> None:
    return None


@pytest.fixture
def http() -> httpx.AsyncClient:
    app = build([raising, reading, declared], strings=Strings.load(), assets=Assets({}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site")


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    for name, value in FIXED:
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert DIGITS not in answer.text
    return body


@pytest.mark.parametrize(
    ("name", "status", "detail"),
    [
        ("input", 400, "Not a site. Name one."),
        ("missing", 404, "No such site."),
        ("refused", 409, "Too late."),
        ("not-allowed", 403, "Not yours."),
        ("config", 503, None),
        ("remote", 502, None),
        ("local", 503, None),
        ("bug", 500, None),
        ("told", 403, None),
        ("teapot", 418, None),
    ],
)
async def test_each_error_of_ours(
    http: httpx.AsyncClient, name: str, status: int, detail: str | None
) -> None:
    body = is_problem(await http.get(f"/raise/{name}"), status)
    assert detail is None or body["detail"] == detail


async def test_our_own_failure_is_logged_by_place_and_not_by_message(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await http.get("/raise/bug")
    assert "ValueError at raising" in caplog.text
    assert DIGITS not in caplog.text


async def test_errors_of_the_router(http: httpx.AsyncClient) -> None:
    is_problem(await http.get(f"/{DIGITS}"), 404)
    wrong = await http.delete("/read")
    is_problem(wrong, 405)
    assert "POST" in wrong.headers["allow"]


async def test_a_browser_gets_a_page(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/{DIGITS}", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Not found</h1>" in answer.text
    assert DIGITS not in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/read", "/declared"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b'{"code": 739154}',
        b'{"code": "73915\xc3\x28"}',
        b'{"code": "739154\\n"}',
        '{"code": "\u0667\u0663\u0669\u0661\u0665\u0664"}'.encode(),  # digits, but not ours
        b'{"code": "739154", "739154": 1}',
        b'{"code": "739154"',
        b'{"code": "' + b"739154" * 5000 + b'"}',
        b"[" * 50_000,
    ],
)
async def test_bad_bodies(http: httpx.AsyncClient, path: str, body: bytes) -> None:
    is_problem(await http.post(path, content=body, headers=OURS), 400)


async def test_the_wrong_field_is_named_when_it_is_ours(http: httpx.AsyncClient) -> None:
    for body in ({"code": 1}, {}):
        answer = await http.post("/read", json=body, headers=OURS)
        assert "\u201ccode\u201d" in is_problem(answer, 400)["detail"]
    answer = await http.post("/read", json={"code": DIGITS, "sneaky": 1}, headers=OURS)
    assert "sneaky" not in is_problem(answer, 400)["detail"]
    answer = await http.post("/declared", json={"code": 1}, headers=OURS)
    assert "\u201ccode\u201d" in is_problem(answer, 400)["detail"]


async def test_a_megabyte_is_too_much(http: httpx.AsyncClient) -> None:
    is_problem(await http.post("/read", content=b" " * 1_000_000, headers=OURS), 413)

    async def unannounced() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    is_problem(await http.post("/read", content=unannounced(), headers=OURS), 413)


async def test_only_json(http: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/json/x;;="):
        headers = {"x-watchword": "1", "content-type": kind}
        answer = await http.post("/read", content=b'{"code":"739154"}', headers=headers)
        is_problem(answer, 415)
