"""Every route of the application, asked without a session, and with one but without its form."""

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from watchword.web.console.signed import local_path
from web.console.conftest import HTML

PUBLIC = {("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/api/health")}
PAGES = {
    "/": "/sign-in",
    "/incidents/{incident:str}": "/sign-in?next=/incidents/abc",
    "/incidents/{incident:str}/sheet": "/sign-in?next=/incidents/abc/sheet",
    "/sites": "/sign-in?next=/sites",
    "/wall": "/sign-in?next=/wall",
    "/place": "/sign-in",
    "/events": "/sign-in",
    "/fragments/queue": "/sign-in",
    "/fragments/incidents/{incident:str}": "/sign-in",
}


def routes(app) -> list[tuple[str, str]]:
    found = [
        (method, path)
        for route in app.litestar.routes
        for handler in route.route_handlers
        if isinstance(handler, HTTPRouteHandler)
        for method in handler.http_methods
        if method != "OPTIONS"
        for path in [route.path_format]
    ]
    assert len(found) > 20
    return [(m, p) for m, p in found if (m, p) not in PUBLIC]


def address(path: str) -> str:
    return path.replace("{incident}", "abc").replace("{site}", "aurora").replace(":str", "")


def fill(path: str) -> str:
    for name, value in (("{incident:str}", "abc"), ("{site:str}", "aurora")):
        path = path.replace(name, value)
    return address(path)


async def test_every_route_without_a_session(app, anyone) -> None:
    for method, path in routes(app):
        page = await anyone.request(method, fill(path), headers=HTML)
        program = await anyone.request(method, fill(path), headers={"x-watchword": "1"})
        assert program.status_code == 401, (method, path)
        assert program.headers["content-type"] == "application/problem+json"
        if method == "GET":
            assert page.status_code == 303, path
            assert page.headers["location"].startswith("/sign-in"), path
        else:
            assert page.status_code == 401, path


async def test_a_made_up_session_is_none(app, anyone) -> None:
    for secret in ("x", "0" * 32, "x" * 5000, "%00", '"'):
        anyone.cookies.set("watchword_console", secret)
        for method, path in routes(app):
            answer = await anyone.request(method, fill(path), headers={"x-watchword": "1"})
            assert answer.status_code == 401, (method, path)


async def test_every_change_wants_the_token_of_its_session(app, station, sign_in) -> None:
    ann, ben = sign_in("ann"), sign_in("ben")
    incident = station.add()
    posts = [
        fill(path).replace("abc", incident) for method, path in routes(app) if method == "POST"
    ]
    assert len(posts) == 14
    for path in posts:
        for token in ("", "x", ben.csrf, "ü" * 16, ann.csrf + "x"):
            answer = await ann.client.post(path, data={"_csrf_token": token}, headers=HTML)
            assert answer.status_code == 403, path
        answer = await ann.client.post(path, data={"other": "x"}, headers=HTML)
        assert answer.status_code == 403, path
        answer = await ann.client.post(
            path, data={"_csrf_token": ann.csrf}, headers=HTML | {"origin": "https://evil.example"}
        )
        assert answer.status_code == 403, path
        answer = await ann.client.post(
            path, data={"_csrf_token": ann.csrf}, headers=HTML | {"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403, path
    record = station.records[incident]
    assert (record.claimed_by, len(record.timeline), record.handoffs) == (None, 1, [])
    assert ann.secret in station.opened


async def test_a_session_that_ended_is_over_at_once(station, ann) -> None:
    assert (await ann.get("/")).status_code == 200
    await station.sign_out(ann.secret)
    assert (await ann.get("/")).headers["location"] == "/sign-in"


async def test_a_console_without_a_place_is_asked_first(station, sign_in) -> None:
    nobody_knows = sign_in("ann", None)
    for path in ("/", "/sites", "/wall", f"/incidents/{station.add()}"):
        answer = await nobody_knows.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/place")
    answer = await nobody_knows.client.get("/", headers={"x-watchword": "1"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", PAGES)
async def test_signing_in_leads_back(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(fill(path), headers=HTML)
    assert answer.headers["location"] == PAGES[path]


def test_the_way_back_never_leads_elsewhere() -> None:
    for path in ("/", "/sites", "/wall", "/incidents/ab-C_1", "/incidents/a/sheet"):
        assert local_path(path) == path
    for path in (
        "//evil.example",
        "https://evil.example",
        "/\\evil",
        "/sites/../x",
        "/incidents/" + "a" * 65,
        "/sign-out",
        "/sites\n",
        "",
    ):
        assert local_path(path) == "/"
