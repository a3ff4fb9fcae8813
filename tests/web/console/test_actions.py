"""What an operator does: each action, what it changes, and what refuses it."""

import pytest

from web.console.conftest import HTML, Browser


@pytest.fixture
def incident(station):
    return station.add()


async def done(browser: Browser, incident: str, action: str, **fields: str) -> str:
    answer = await browser.send(f"/incidents/{incident}/{action}", **fields)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_from_alarm_to_close(station, ann, incident) -> None:
    record = station.records[incident]
    assert 'action="/incidents/' in (page := (await ann.get(f"/incidents/{incident}")).text)
    assert 'data-action="claim"' in page
    assert 'data-action="dispatch"' in await done(ann, incident, "claim")
    assert record.claimed_by == "ann"
    assert 'data-action="accept"' in await done(ann, incident, "dispatch")
    sheet = str(record.handoffs[0].id)
    page = await done(ann, incident, "accept", handoff=sheet, who="Sgt Hale", reference="CAD 4471")
    assert "Accepted by Sgt Hale. Reference CAD 4471" in page
    page = await done(ann, incident, "note", text="Line one\r\nline <two>")
    assert "Line one\nline &lt;two&gt;" in page
    page = await done(
        ann,
        incident,
        "release",
        reason="Scene is safe",
        reference="CAD 4471",
        to_whom="Petra Olsen",
        verified="yes",
    )
    assert "ann told Petra Olsen" in page
    page = await done(ann, incident, "close", cause="genuine", note="")
    assert "Second look due" in page
    page = await done(ann, incident, "second-look", agrees="no")
    assert record.closed_ms is None
    await done(ann, incident, "close", cause="genuine", note="again")
    page = await done(ann, incident, "second-look", agrees="yes")
    assert 'data-action=""' in page
    assert "This incident is closed" in page


async def test_without_a_script_it_leads_to_the_incident(ann, incident) -> None:
    answer = await ann.post(f"/incidents/{incident}/claim")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{incident}")


async def test_two_operators_see_each_other(station, sign_in, incident) -> None:
    ann, ben = sign_in("ann"), sign_in("ben")
    await done(ann, incident, "claim")
    page = (await ben.get(f"/incidents/{incident}")).text
    assert "ann has this incident." in page
    assert 'data-yours="no"' in page
    answer = await ben.send(f"/incidents/{incident}/claim")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "ann has this incident. Ask for it to be handed over."
    assert (await ben.send(f"/incidents/{incident}/hand-over", to="ann")).status_code == 409
    assert 'data-yours="no"' in await done(ann, incident, "hand-over", to="ben")
    assert station.records[incident].claimed_by == "ben"


async def test_a_hand_off_that_failed(station, ann, incident) -> None:
    await done(ann, incident, "claim")
    await done(ann, incident, "dispatch")
    first = station.records[incident].handoffs[0]
    page = await done(ann, incident, "fail", handoff=str(first.id), reason="No answer")
    assert "No answer" in page
    answer = await ann.send(f"/incidents/{incident}/fail", handoff="999", reason="x")
    assert answer.status_code == 404


async def test_who_may_only_read_is_told_so(station, sign_in, incident) -> None:
    eve = sign_in("eve")
    page = (await eve.get(f"/incidents/{incident}")).text
    assert "You may read here, not act." in page
    assert '<dialog id="release"' not in page
    answer = await eve.send(f"/incidents/{incident}/claim")
    assert answer.status_code == 403
    assert "Ask the person who manages this station" in answer.json()["detail"]
    assert station.records[incident].claimed_by is None


BAD = [
    ("note", {"text": ""}),
    ("note", {"text": " \t\r\n "}),
    ("note", {"text": "x" * 4001}),
    ("note", {}),
    ("note", {"text": "x", "more": "y"}),
    ("claim", {"more": "y"}),
    ("hand-over", {"to": ""}),
    ("hand-over", {"to": "x" * 201}),
    ("accept", {"handoff": "x", "who": "x"}),
    ("accept", {"handoff": "-1", "who": "x"}),
    ("accept", {"handoff": "1e3", "who": "x"}),
    ("accept", {"handoff": "9" * 40, "who": "x"}),
    ("accept", {"handoff": "101", "who": " "}),
    ("accept", {"who": "x"}),
    ("fail", {"handoff": "101"}),
    ("release", {"reason": "x", "reference": "x", "to_whom": "x"}),
    ("release", {"reason": "x", "reference": "x", "to_whom": "x", "verified": "no"}),
    ("release", {"reason": "x", "reference": "", "to_whom": "x", "verified": "yes"}),
    ("close", {"cause": "boredom"}),
    ("close", {"note": "x"}),
    ("second-look", {"agrees": "maybe"}),
]


@pytest.mark.parametrize(("action", "fields"), BAD)
async def test_bad_input_is_named_and_changes_nothing(
    station, ann, incident, action, fields
) -> None:
    await done(ann, incident, "claim")
    await done(ann, incident, "dispatch")
    before = len(station.records[incident].timeline)
    answer = await ann.send(f"/incidents/{incident}/{action}", **fields)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["status"] == 400
    assert "Nothing was changed" in problem["detail"]
    assert "x" * 100 not in answer.text
    assert len(station.records[incident].timeline) == before


async def test_what_a_rule_refuses_says_why(station, ann, incident) -> None:
    await done(ann, incident, "claim")
    answer = await ann.send(f"/incidents/{incident}/close", cause="mistake")
    assert answer.status_code == 409
    assert "Give a reason" in answer.json()["detail"]
    page = await ann.post(f"/incidents/{incident}/close", cause="mistake")
    assert page.status_code == 409
    assert "Give a reason" in page.text
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("name", ["0" * 32, "x" * 65, "..", "%00", "a b", "<script>"])
async def test_an_unknown_incident(ann, name) -> None:
    answer = await ann.send(f"/incidents/{name}/claim")
    assert answer.status_code == 404
    assert "script" not in answer.text


async def test_what_is_not_a_form(station, ann, incident) -> None:
    path = f"/incidents/{incident}/note"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    ours = HTML | {"x-watchword": "1"}
    answer = await ann.client.post(path, json={"text": "x"}, headers=ours)
    assert answer.status_code == 415
    token = f"_csrf_token={ann.csrf}"
    for body in (
        f"{token}&text=%ff",
        f"{token}&text=a&text=b",
        f"{token}&text",
        f"{token}&" + "&".join(f"f{n}=x" for n in range(40)),
        "\xff\xfe",
    ):
        answer = await ann.client.post(path, content=body.encode("latin-1"), headers=ours | kind)
        assert answer.status_code == 400, body
        assert "could not be read" in answer.json()["detail"]
    huge = f"{token}&text=" + "x" * 1_000_000
    answer = await ann.client.post(path, content=huge, headers=ours | kind)
    assert answer.status_code == 413
    assert len(station.records[incident].timeline) == 1


async def test_what_cannot_be_seen_is_not_kept(station, ann, incident) -> None:
    await done(ann, incident, "note", text="safe\x00\x1b[2J\u202egnp.exe\u2028x")
    assert station.records[incident].timeline[-1].text == "safe[2Jgnp.exex"


async def test_a_station_that_cannot_says_so(station, ann, incident) -> None:
    station.failing = True
    answer = await ann.send(f"/incidents/{incident}/claim")
    assert answer.status_code == 503
    assert "database" not in answer.text
