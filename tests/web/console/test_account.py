"""Signing in and out, and the question where the console stands."""

import re

import pytest

from watchword.web.console.app import make_app
from watchword.web.console.service import Place
from web.console.conftest import HTML, _browser

GOOD = {"user": "ann", "password": "a long passphrase"}


async def form(client, path: str = "/sign-in") -> dict[str, str]:
    page = (await client.get(path, headers=HTML)).text
    return dict(re.findall(r'name="(_csrf_token|next)" value="([^"]*)"', page))


async def post(client, fields: dict[str, str]):
    return await client.post("/sign-in", data=fields, headers=HTML)


async def test_signing_in_makes_a_session_and_asks_for_the_place(anyone, station) -> None:
    answer = await post(anyone, await form(anyone) | GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "watchword_console" in c)
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    page = await anyone.get("/", headers=HTML, follow_redirects=True)
    assert "Is this room where the response comes from?" in page.text
    assert "Answer yes only for a room" in page.text
    assert (await anyone.get("/sign-in", headers=HTML)).headers["location"] == "/"


async def test_it_leads_back_to_where_one_wanted_to_go(anyone) -> None:
    fields = await form(anyone, "/sign-in?next=/sites")
    assert fields["next"] == "/sites"
    assert (await post(anyone, fields | GOOD)).headers["location"] == "/sites"
    for evil in ("//evil.example", "https://evil.example/"):
        assert (await form(anyone, f"/sign-in?next={evil}")).get("next", "/") == "/"


async def test_a_refusal_does_not_say_which_half_was_wrong(anyone) -> None:
    pages = []
    for user, password in (("ann", "wrong"), ("nobody", "a long passphrase")):
        fields = await form(anyone) | {"user": user, "password": password}
        answer = await post(anyone, fields)
        assert answer.status_code == 401
        assert "do not fit together" in answer.text
        assert password not in answer.text
        pages.append(answer.text.replace(f'value="{user}"', ""))
    assert pages[0] == pages[1]


async def test_half_a_form_is_said(anyone, station) -> None:
    for missing in ("user", "password"):
        answer = await post(anyone, await form(anyone) | GOOD | {missing: ""})
        assert answer.status_code == 400
        assert "Enter your user and your password" in answer.text
    assert station.tries == {}


async def test_too_many_tries_say_how_long_to_wait(anyone) -> None:
    fields = await form(anyone) | GOOD | {"password": "wrong"}
    answers = [await post(anyone, fields) for _ in range(6)]
    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert "Too many tries. Try again in 60 s." in answers[-1].text
    assert (await post(anyone, await form(anyone) | GOOD)).status_code == 429


async def test_the_form_of_another_browser_is_refused(anyone, app, station) -> None:
    fields = await form(anyone) | GOOD
    async with _browser(app) as other:
        assert (await post(other, fields)).status_code == 403
    anyone.cookies.clear()
    assert (await post(anyone, fields)).status_code == 403
    assert (await post(anyone, GOOD)).status_code == 403
    anyone.cookies.set("watchword_form", "x" * 300)
    assert (await post(anyone, GOOD | {"_csrf_token": "x" * 300})).status_code == 403
    assert station.opened == {}


async def test_the_user_name_is_escaped(anyone) -> None:
    answer = await post(anyone, await form(anyone) | GOOD | {"user": '"><script>'})
    assert "<script>" not in answer.text.replace("<script ", "")


async def test_a_password_is_taken_as_typed(station, anyone) -> None:
    fields = await form(anyone) | GOOD | {"password": " a long passphrase "}
    assert (await post(anyone, fields)).status_code == 401


async def test_over_tls_the_cookie_is_bound_to_its_host(station, stop) -> None:
    app = make_app(
        sessions=station,
        desk=station,
        sites=station,
        stop=stop,
        secure_cookies=True,
        now_ms=station.now_ms,
    )
    async with _browser(app) as client:
        client.base_url = "https://station:8081"
        answer = await post(client, await form(client) | GOOD)
        cookies = answer.headers.get_list("set-cookie")
        assert any(c.startswith("__Host-watchword_console=") and "Secure" in c for c in cookies)
        assert (await client.get("/place", headers=HTML)).status_code == 200


async def test_signing_out_ends_the_session(station, ann) -> None:
    answer = await ann.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert station.opened == {}


@pytest.mark.parametrize("place", list(Place))
async def test_the_place_is_remembered(station, sign_in, place: Place) -> None:
    someone = sign_in("ann", None)
    answer = await someone.post("/place", place=place)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert station.opened[someone.secret].place == place
    page = (await someone.get("/")).text
    assert ("some incidents are not shown here" in page) == (place == Place.PREMISES)


async def test_a_place_that_is_none_changes_nothing(station, sign_in) -> None:
    someone = sign_in("ann", None)
    for place in ("", "here", "off-site\n", "OFF-SITE"):
        answer = await someone.post("/place", place=place)
        assert answer.status_code == (303 if place.strip() == "off-site" else 400)
        station.opened[someone.secret] = station.opened[someone.secret]
    assert (await someone.post("/place")).status_code == 400


async def test_not_sure_is_chosen_beforehand(sign_in) -> None:
    page = (await sign_in("ann", None).get("/place")).text
    assert re.search(r'value="premises"[^>]*checked', page)
    page = (await sign_in("ann", Place.OFF_SITE).get("/place")).text
    assert re.search(r'value="off-site"[^>]*checked', page)
