"""The sites: who would come, and who holds codes there."""

import re

import pytest

from web.console.conftest import Browser


@pytest.fixture
def aurora(station):
    return station.add_site().id


async def test_every_site_with_how_it_is_watched(station, ann) -> None:
    station.add_site()
    station.add_site(
        "corner",
        name="Corner Jewellers",
        watched="unstaffed",
        link="never",
        last_seen_ms=None,
        live=False,
        nobody_comes="Nobody will come: it was never proven that responders answer.",
        people=(),
    )
    station.add_site("odd", name="Odd", watched="by-owls", link="foggy")
    station.now_ms.at_ms += 125_000
    page = (await ann.get("/sites")).text
    assert page.index("Corner Jewellers") < page.index("Hotel Aurora")
    corner = page[page.index('id="site-corner"') : page.index('id="site-aurora"')]
    for text in ("Not yet live", "Nobody will come", 'data-tone="red"', "Never connected", "Never"):
        assert text in corner, text
    assert "Nobody holds codes here yet" in corner
    rest = page[page.index('id="site-aurora"') :]
    for text in ("Staffed", "2 min 05 s ago", "A hand-off was proved", "Maria Lopez", "by-owls"):
        assert text in rest, text
    assert 'data-tone="red"' not in rest


async def test_no_sites_yet(ann) -> None:
    assert "No sites yet" in (await ann.get("/sites")).text


async def test_an_invitation_is_shown_once(station, ann, aurora) -> None:
    answer = await ann.post(f"/sites/{aurora}/people", name="Nora Finch")
    assert answer.status_code == 201
    link = re.search(r'id="invited-link">([^<]+)<', answer.text)
    assert link is not None
    assert link[1].startswith("http://station:8081/enrol/")
    assert "ABCD-2345" in answer.text
    assert "location" not in answer.headers
    later = (await ann.get("/sites")).text
    assert "ABCD-2345" not in later
    assert "/enrol/" not in later
    assert "Nora Finch" in later


async def test_a_link_with_its_host_is_left_as_it_is(station, ann, aurora, monkeypatch) -> None:
    made = await station.invite(aurora, station.opened[ann.secret], "Nora Finch")

    async def invite(*_: object):
        return type(made)("https://station.example/enrol/x", "ABCD-2345")

    monkeypatch.setattr(station, "invite", invite)
    answer = await ann.post(f"/sites/{aurora}/people", name="Otto")
    assert ">https://station.example/enrol/x<" in answer.text


async def test_removing_a_person(station, ann, aurora) -> None:
    answer = await ann.post(f"/sites/{aurora}/people/remove", person="Maria Lopez")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites#site-aurora")
    assert station.site_views[aurora].people == ("Jonas Weber",)
    assert (
        await ann.post(f"/sites/{aurora}/people/remove", person="Maria Lopez")
    ).status_code == 404


async def test_a_proof_ends_nobody_will_come(station, ann) -> None:
    station.add_site(nobody_comes="Nobody will come: it was never proven.")
    answer = await ann.post("/sites/aurora/proofs", kind="responders", reference="Ada, 21:04")
    assert answer.status_code == 303
    assert "Nobody will come" not in (await ann.get("/sites")).text


async def test_who_may_not_is_not_shown_and_not_let(station, sign_in, aurora) -> None:
    ben: Browser = sign_in("ben")
    page = (await ben.get("/sites")).text
    assert "Invite a person" not in page
    assert "Record a proof" not in page
    assert "Remove" not in page
    for path, fields in (
        ("people", {"name": "x"}),
        ("people/remove", {"person": "Maria Lopez"}),
        ("proofs", {"kind": "psap", "reference": "x"}),
    ):
        answer = await ben.post(f"/sites/{aurora}/{path}", **fields)
        assert answer.status_code == 403
        assert "Ask the person who manages this station" in answer.text
    assert len(station.site_views[aurora].people) == 2


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("people", {}),
        ("people", {"name": ""}),
        ("people", {"name": "x" * 101}),
        ("people", {"name": "two\nlines"}),
        ("people/remove", {"person": ""}),
        ("proofs", {"kind": "hope", "reference": "x"}),
        ("proofs", {"kind": "psap", "reference": ""}),
    ],
)
async def test_bad_input(station, ann, aurora, path, fields) -> None:
    before = station.site_views[aurora]
    answer = await ann.post(f"/sites/{aurora}/{path}", **fields)
    assert answer.status_code == 400
    assert station.site_views[aurora] == before


async def test_an_unknown_site(ann, aurora) -> None:
    for site in ("other", "x" * 65, "%2e%2e"):
        answer = await ann.post(f"/sites/{site}/people", name="x")
        assert answer.status_code == 404


async def test_the_queue_itself_says_in_red_that_nobody_will_come(station, ann) -> None:
    station.add_site()
    assert "Nobody will come" not in (await ann.get("/")).text
    station.add_site("corner", name="Corner Jewellers", nobody_comes="Nobody will come: ...")
    page = (await ann.get("/")).text
    strip = page[page.index('id="nobody-comes"') :][:400]
    assert 'data-tone="red"' in strip
    assert "Nobody will come to Corner Jewellers" in strip
    station.add_site("mill", name="Mill School", nobody_comes="Nobody will come: ...")
    assert "Nobody will come to 2 sites" in (await ann.get("/")).text
