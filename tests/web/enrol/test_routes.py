"""The enrolment routes: what they give, what they refuse, and what they never tell apart."""

import base64
import json
import re
import secrets
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchword.station.draw import draw_enrolment
from watchword.wire.seal import key_id
from web.enrol.fake import CODE, Fake, make_app

OWN = {"x-watchword": "1"}
UNKNOWN = "A" * 32


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
async def http(fake):
    transport = httpx.ASGITransport(make_app(fake))
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        client.headers.update(OWN)
        yield client


def batch_for(fake, link):
    """A batch as the page makes it, by the same drawing in Python."""
    drawn = draw_enrolment(
        fake.policy,
        fake.digits,
        fake.station.public,
        key_id(fake.station.public),
        fake.site.public,
        randbelow=secrets.randbelow,
        token_bytes=secrets.token_bytes,
        enrolment=fake.invites[link].offer.enrolment,
    )
    return {
        "enrolment": drawn.enrolment.hex(),
        "sealed": base64.b64encode(drawn.sealed).decode(),
        "slots": [[ref.hex() for ref in pair] for pair in drawn.slots],
    }


async def opened(http, fake):
    link = fake.invite()
    answer = await http.post(f"/enrol/{link}/open", json={"code": CODE})
    assert answer.status_code == 200
    return link, answer.json()


# -- the pages -----------------------------------------------------------------------------


async def test_the_page_is_the_same_for_every_link_and_uses_none_up(http, fake):
    link = fake.invite()
    pages = [await http.get(f"/enrol/{each}") for each in (link, UNKNOWN, "x", "%27%22%3Cb%3E")]
    assert len({page.content for page in pages}) == 1
    assert {page.status_code for page in pages} == {200}
    assert link not in pages[0].text
    assert fake.name not in pages[0].text
    assert (await http.post(f"/enrol/{link}/open", json={"code": CODE})).status_code == 200


async def test_pages_are_not_kept_and_not_indexed(http, fake):
    for path in (f"/enrol/{fake.invite()}", "/enrol"):
        page = await http.get(path)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in page.headers
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", page.text)


async def test_everything_that_the_page_loads_is_there(http, fake):
    page = await http.get(f"/enrol/{fake.invite()}")
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page.text))
    assert len(addresses) >= 6
    for address in addresses:
        assert (await http.get(address)).status_code == 200, address
    [script] = [address for address in addresses if address.endswith("/enrol/page.js")]
    seen, todo = set(), [script]
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        module = await http.get(address)
        assert module.status_code == 200, address
        bare = re.sub(r"/\*.*?\*/", "", module.text, flags=re.DOTALL)
        for target in re.findall(r'(?:from|import) ?\(?"([^"]+)"', bare):
            if target != "crypto":  # old Node's, behind a test for it
                assert target.startswith("."), f"{target} in {address}"
                todo.append(str(httpx.URL(address).join(target)))
    assert any("/hpke/core/" in address for address in seen)


# -- open ----------------------------------------------------------------------------------


async def test_an_opened_link_gives_what_is_needed_and_no_more(http, fake):
    _, offer = await opened(http, fake)
    assert set(offer) == {
        *("enrolment", "name", "site", "digits", "policy", "pairs"),
        *("station_key", "station_key_id", "site_key", "token_info", "batch_info"),
    }
    assert re.fullmatch(r"[0-9a-f]{32}", offer["enrolment"])
    assert base64.b64decode(offer["station_key"]) == fake.station.public
    assert base64.b64decode(offer["site_key"]) == fake.site.public
    assert offer["station_key_id"] == key_id(fake.station.public).hex()
    assert (offer["token_info"], offer["batch_info"]) == ("watchword/token/1", "watchword/batch/1")
    assert (offer["digits"], offer["policy"], offer["pairs"]) == (6, "private", 8)


async def test_unknown_used_wrong_and_malformed_are_answered_alike(http, fake):
    used, _ = await opened(http, fake)
    asked = [
        (used, CODE),
        (UNKNOWN, CODE),
        (fake.invite(), "WRNG-2345"),
        ("x", CODE),
        ("A" * 200, CODE),
        (fake.invite(), "\u00e9\u0661"),
    ]
    answers = [await http.post(f"/enrol/{link}/open", json={"code": code}) for link, code in asked]
    assert {answer.status_code for answer in answers} == {400}
    bodies = {answer.content for answer in answers}
    assert len(bodies) == 1
    assert "new link" in json.loads(bodies.pop())["detail"]


async def test_tries_are_bounded(http, fake):
    link = fake.invite()
    for _ in range(5):
        wrong = await http.post(f"/enrol/{link}/open", json={"code": "WRNG-2345"})
        assert wrong.status_code == 400
    spent = await http.post(f"/enrol/{link}/open", json={"code": CODE})
    assert spent.content == wrong.content


# -- batch and result ----------------------------------------------------------------------


async def test_a_batch_is_passed_on_and_the_pair_comes_back(http, fake):
    fake.polls = 2
    link, offer = await opened(http, fake)
    sent = await http.post(f"/enrol/{link}/batch", json=batch_for(fake, link))
    assert (sent.status_code, sent.json()) == (202, {"state": "waiting"})
    path = f"/enrol/{link}/result?enrolment={offer['enrolment']}"
    states = [(await http.get(path)).json() for _ in range(4)]
    assert states == [
        {"state": "waiting", "progress": 0.0},
        {"state": "waiting", "progress": 0.5},
        {"state": "taken", "pair": 0},
        {"state": "taken", "pair": 0},
    ]
    refs = [[token.slot_ref for token in pair] for pair in fake.tokens(link)]
    assert refs == [list(pair) for pair in fake.invites[link].slots]


async def test_a_refusal_is_generic(http, fake):
    fake.refuse = True
    link, offer = await opened(http, fake)
    await http.post(f"/enrol/{link}/batch", json=batch_for(fake, link))
    answer = await http.get(f"/enrol/{link}/result?enrolment={offer['enrolment']}")
    assert answer.json()["state"] == "refused"
    assert not re.search(r"\d", answer.json()["message"])


async def test_the_same_batch_again_changes_nothing_and_another_is_refused(http, fake):
    link, _ = await opened(http, fake)
    batch = batch_for(fake, link)
    first = await http.post(f"/enrol/{link}/batch", json=batch)
    again = await http.post(f"/enrol/{link}/batch", json=batch)
    other = await http.post(f"/enrol/{link}/batch", json=batch_for(fake, link))
    assert [each.status_code for each in (first, again, other)] == [202, 202, 409]


async def test_another_enrolment_is_an_unusable_link(http, fake):
    link, _ = await opened(http, fake)
    batch = batch_for(fake, link) | {"enrolment": "0" * 32}
    wrong = await http.post(f"/enrol/{link}/batch", json=batch)
    unknown = await http.post(f"/enrol/{UNKNOWN}/batch", json=batch)
    asked = await http.get(f"/enrol/{link}/result?enrolment={'0' * 32}")
    assert (wrong.status_code, wrong.content) == (400, unknown.content)
    assert asked.content == wrong.content


@pytest.mark.parametrize("query", ["", "?enrolment=", "?enrolment=xyz", "?enrolment=" + "A" * 32])
async def test_a_result_needs_an_enrolment(http, fake, query):
    link, _ = await opened(http, fake)
    answer = await http.get(f"/enrol/{link}/result{query}")
    assert answer.status_code == 400
    assert "enrolment" in answer.json()["detail"]


WRONG_BATCH = {
    "sealed: no base64": {"sealed": "!" * 2796},
    "sealed: short": {"sealed": "AAAA"},
    "sealed: one byte more": {"sealed": base64.b64encode(bytes(2097)).decode()},
    "sealed: a number": {"sealed": 7},
    "slots: none": {"slots": []},
    "slots: seven pairs": {"slots": [["0" * 31 + f"{n:x}", "1" * 31 + f"{n:x}"] for n in range(7)]},
    "slots: one named twice": {"slots": [["0" * 32, "1" * 32]] * 8},
    "slots: three in a pair": {"slots": [["0" * 32, "1" * 32, "2" * 32]] * 8},
    "slots: upper case": {"slots": [["A" * 32, "B" * 32]] * 8},
    "enrolment: a line end": {"enrolment": "0" * 32 + "\n"},
    "enrolment: null": {"enrolment": None},
    "unknown field": {"codes": ["507382", "567312"]},
}


@pytest.mark.parametrize("change", WRONG_BATCH.values(), ids=WRONG_BATCH)
async def test_a_wrong_batch_is_refused_without_an_echo(http, fake, change):
    link, _ = await opened(http, fake)
    answer = await http.post(f"/enrol/{link}/batch", json=batch_for(fake, link) | change)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "507382" not in answer.text
    assert fake.invites[link].sealed == b""


# -- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["open", "batch"])
async def test_only_our_own_page_may_post(http, fake, path):
    link = fake.invite()
    body = {"code": CODE}
    url = f"/enrol/{link}/{path}"
    for headers in (
        {"x-watchword": ""},
        {"x-watchword": "2"},
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = await http.post(url, json=body, headers=headers)
        assert answer.status_code == 403, headers
    del http.headers["x-watchword"]
    assert (await http.post(url, json=body)).status_code == 403
    assert not fake.invites[link].opened


@pytest.mark.parametrize("path", ["open", "batch"])
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"code": "\xff"}', "application/json", 400),
        (b'{"code": "\\ud800"}', "application/json", 400),
        (b'{"code": 7}', "application/json", 400),
        (b'{"code": ""}', "application/json", 400),
        (b'{"code": "' + b"A" * 33 + b'"}', "application/json", 400),
        (b'["ABCD-2345"]', "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b"code=ABCD-2345", "application/x-www-form-urlencoded", 415),
        (b'{"code": "ABCD-2345"}', "text/plain", 415),
        (b'{"code": "' + b"A" * 1_000_000 + b'"}', "application/json", 413),
    ],
)
async def test_bad_bodies_get_a_clear_answer(http, path, content, kind, status):
    url = f"/enrol/{UNKNOWN}/{path}"
    answer = await http.post(url, content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "AAAA" not in answer.text


async def test_other_methods_are_refused(http, fake):
    link = fake.invite()
    assert (await http.get(f"/enrol/{link}/open")).status_code == 405
    assert (await http.put(f"/enrol/{link}/batch", json={})).status_code == 405
    assert (await http.post(f"/enrol/{link}", content=b"")).status_code == 405


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
NAMED = st.dictionaries(st.sampled_from(["code", "enrolment", "sealed", "slots"]), JSON)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(link=st.text(min_size=1, max_size=40), body=JSON | NAMED)
async def test_nothing_that_is_posted_breaks_it(http, link, body):
    content = json.dumps(body).encode()
    for path in ("open", "batch"):
        url = f"/enrol/{quote(link, safe='')}/{path}"
        headers = {"content-type": "application/json"}
        answer = await http.post(url, content=content, headers=headers)
        assert answer.status_code in {400, 404, 405}
