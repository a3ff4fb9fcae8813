"""What the pages show: the queue, an incident, the sheet, the wall; and what they do not."""

import re
from dataclasses import replace

from watchword.station.views import HandoffView
from watchword.web.console.service import Place
from watchword.web.shared.server import CSP


async def test_an_empty_queue_says_so(ann) -> None:
    page = (await ann.get("/")).text
    assert "No open incidents" in page
    assert 'id="queue-empty">' in page
    assert "All is quiet" in page


async def test_the_queue_is_by_priority_then_age(station, ann) -> None:
    trouble = station.add("trouble", age_s=9000)
    young, old = station.add("duress", age_s=5), station.add("duress", age_s=60)
    medical = station.add("medical", age_s=4000)
    for path in ("/", "/fragments/queue", "/wall"):
        page = (await ann.get(path)).text
        assert re.findall(r'data-id="(\w+)"', page) == [old, young, medical, trouble], path


async def test_only_an_untaken_threat_to_life_waits(station, ann) -> None:
    life = station.add("duress")
    taken = station.add("medical", claimed_by="ben")
    other = station.add("trouble")
    page = (await ann.get("/")).text
    rows = dict(re.findall(r'<li class="row-item" id="row-(\w+)"([^>]*)>', page))
    assert "data-waits" in rows[life]
    assert 'data-tone-of="red"' in rows[life]
    for calm in (taken, other):
        assert "data-waits" not in rows[calm]
        assert "red" not in rows[calm]


async def test_an_incident_shows_everything_an_operator_needs(station, ann) -> None:
    incident = station.add("duress", age_s=130, signals=3)
    page = (await ann.get(f"/incidents/{incident}")).text
    for text in (
        "Duress",
        "Hotel Aurora",
        "Maria Lopez",
        "Lobby keypad",
        "12 Harbour Street",
        "2 min 10 s",
        "UTC",
        "Staff entrance in Kiln Lane.",
        "Night porter next door holds a key.",
        "3 signals joined",
        "Covert",
        "Nobody has it",
        "Duress received from the site",
    ):
        assert text in page, text
    assert re.search(r'data-chosen><a class="row-link"[^>]*aria-current="true"', page)


async def test_what_must_not_be_done_is_shown_with_its_reason(station, ann) -> None:
    page = (await ann.get(f"/incidents/{station.add()}")).text
    button = re.search(r'<button class="button forbidden-button"[^>]*>', page)
    assert button is not None
    assert 'aria-disabled="true"' in button[0]
    assert "Call premises" in page
    assert "would tell who listens" in page
    assert "tel:" not in page


async def test_there_is_one_next_thing(station, ann) -> None:
    incident = station.add()
    page = (await ann.get(f"/incidents/{incident}")).text
    assert len(re.findall(r'id="do-button"', page)) == 1
    assert 'class="button do-button urgent"' in page


async def test_dispatch_that_started_by_itself_still_says_that_nobody_has_it(station, ann) -> None:
    incident = station.add()
    station.records[incident].handoffs = [HandoffView(1, "Sheet", "queued", 0, station.now_ms())]
    page = (await ann.get(f"/incidents/{incident}")).text
    badges = page[page.index('id="incident-badges"') : page.index('id="incident-facts"')]
    assert badges.index("Nobody has it") < badges.index("Dispatching")


async def test_hand_offs_show_how_far_they_came(station, ann) -> None:
    incident = station.add(claimed_by="ann")
    station.records[incident].handoffs = [
        HandoffView(1, "Sheet", "sent", 1, station.now_ms()),
        HandoffView(2, "Webhook", "delivered", 2, station.now_ms()),
        HandoffView(3, "Other", "failed", 5, station.now_ms(), error="No answer in 10 s"),
        HandoffView(4, "Odd", "something-new", 0, station.now_ms()),
    ]
    page = (await ann.get(f"/incidents/{incident}")).text
    sent = page[page.index('id="handoff-1"') : page.index('id="handoff-2"')]
    assert re.findall(r'data-state="(\w+)"', sent) == ["sent", "done", "now", "later", "later"]
    assert "A person must say yes" in page
    assert "No answer in 10 s" in page
    assert "5 attempts" in page


async def test_nothing_typed_by_others_becomes_markup(station, ann) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    station.add_site("evil", name=evil, address=evil, people=(evil,), nobody_comes=evil)
    incident = station.add("duress", "evil", place=evil, person=evil, entry_point=evil)
    await ann.send(f"/incidents/{incident}/note", text=evil)
    for path in ("/", f"/incidents/{incident}", f"/incidents/{incident}/sheet", "/sites", "/wall"):
        page = (await ann.get(path)).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert evil not in page


async def test_no_page_has_inline_script_or_style(station, ann, anyone) -> None:
    incident = station.add()
    paths = ["/", f"/incidents/{incident}", f"/incidents/{incident}/sheet", "/sites", "/wall"]
    answers = [await ann.get(path) for path in [*paths, "/place"]]
    answers.append(await anyone.get("/sign-in"))
    for answer in answers:
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["cache-control"] == "no-store"
        assert " style=" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)
        for tag in re.findall(r"<script[^>]*>", answer.text):
            assert "src=" in tag or 'type="application/json"' in tag
        assert "http://" not in answer.text.replace("http://www.w3.org", "")


async def test_every_asset_of_a_page_is_served(station, ann) -> None:
    incident = station.add()
    for path in ("/", f"/incidents/{incident}/sheet", "/sites", "/wall", "/place"):
        page = (await ann.get(path)).text
        found = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page))
        assert len(found) >= 4
        for asset in found:
            assert (await ann.client.get(asset)).status_code == 200, asset


async def test_the_sheet_says_how_to_come(station, ann, monkeypatch) -> None:
    incident = station.add()
    page = (await ann.get(f"/incidents/{incident}/sheet")).text
    for text in (
        "Hotel Aurora, Lobby keypad",
        "12 Harbour Street",
        "Do not call the premises",
        "Approach silently",
        "Accept no all-clear at the door",
        "Staff entrance",
        "+44 20 7946 0100",
        f"WW-{incident[:6].upper()}",
        "21 September 2026, 14:13:13 UTC",
    ):
        assert text in page, text
    record = replace(await station.sheet(incident, station.opened[ann.secret]), call_back="")

    async def sheet(*_: object):
        return record

    monkeypatch.setattr(station, "sheet", sheet)
    page = (await ann.get(f"/incidents/{incident}/sheet")).text
    assert "No number is set. Say yours." in page
    monkeypatch.undo()
    overt = (await ann.get(f"/incidents/{station.add('fire')}/sheet")).text
    assert "all-clear" not in overt


async def test_the_wall_has_no_names_and_nothing_to_press(station, ann) -> None:
    station.add(claimed_by="ben", person="Maria Lopez")
    for n in range(15):
        station.add("trouble", age_s=n)
    page = (await ann.get("/wall")).text
    for name in ("ben", "Ben", "Maria", "Ann"):
        assert not re.search(rf"\b{name}\b", page)
    assert "<button" not in page
    assert "<form" not in page
    assert "and 5 more" in page
    assert ">Taken<" in page


async def test_unknown_states_and_kinds_are_shown_as_they_are(station, ann, monkeypatch) -> None:
    view = await station.incident(station.add(), station.opened[ann.secret])
    odd = replace(view, state="brand-new", kind="meteor", kind_label="Meteor", cause="x")

    async def incident(*_: object):
        return replace(odd, closed_ms=station.now_ms())

    monkeypatch.setattr(station, "incident", incident)
    page = (await ann.get("/incidents/abc")).text
    assert "Brand-new" in page
    assert "Meteor" in page


async def test_the_theme_is_dark_unless_chosen(ann) -> None:
    assert 'data-theme="dark"' in (await ann.get("/")).text
    ann.client.cookies.set("watchword_theme", "light")
    assert 'data-theme="light"' in (await ann.get("/")).text
    ann.client.cookies.set("watchword_theme", 'x" onload="')
    assert 'data-theme="dark"' in (await ann.get("/")).text


async def test_a_station_that_cannot_read_says_so(station, ann) -> None:
    station.failing = True
    answer = await ann.get("/")
    assert answer.status_code == 503
    assert "Not available now" in answer.text


async def test_two_hundred_incidents_are_one_page(station, ann) -> None:
    for n in range(200):
        station.add("trouble", age_s=n)
    answer = await ann.get("/")
    assert answer.text.count('class="row-item"') == 200
    assert len(answer.content) < 400_000


async def test_who_only_reads_sees_the_place(sign_in, station) -> None:
    page = (await sign_in("eve", Place.OFF_SITE).get("/")).text
    assert "Off-site console" in page
