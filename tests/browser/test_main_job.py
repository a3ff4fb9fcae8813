"""The main job in a real browser: enrol, arm, disarm, an alarm, and a forced code.

What the keypad's page shows and receives for the two codes is compared to the byte; the
console shows the one incident, with dispatch started and no call before it.
"""

import re

import pytest

from allowed import plain
from browsing import (
    arm,
    chromium,
    paired_keypad,
    signed_in_console,
    type_code,
    wait_sentence,
)
from running import Stack, until

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def hotel(tmp_path_factory):
    """A demo hotel with the shortest delays that are allowed, and zones answered at once."""
    root = tmp_path_factory.mktemp("main-job")
    stack = Stack(root / "data")
    stack.start()
    stack.stop()
    settings = root / "data" / "site" / "site.toml"
    text = settings.read_text()
    for key, value in (("exit_s", 45), ("power_up_s", 0)):
        text = re.sub(rf"^{key} = \d+", f"{key} = {value}", text, flags=re.MULTILINE)
    settings.write_text(text)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as b:
        yield b


@pytest.fixture(scope="module")
def keypad(hotel, browser):
    return paired_keypad(browser, hotel.demo["keypad"]["url"])


@pytest.fixture(scope="module")
def console(hotel, browser):
    return signed_in_console(browser, hotel.demo)


@pytest.fixture(scope="module")
def enrolled(hotel, browser, console):
    """A new person enrols on a phone of her own; returns her two codes."""
    console.goto(hotel.demo["console"]["url"] + "sites")
    console.fill("input[name='name']", "Nadia Brandt")
    console.get_by_role("button", name="Invite").click()
    console.wait_for_selector("#invited-link")
    link = console.inner_text("#invited-link")
    one_time = console.inner_text("#invited-code")
    console.goto(hotel.demo["console"]["url"])

    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(link)
    page.fill("#one-time", one_time)
    page.click("[data-continue]")
    page.wait_for_selector("[data-view='codes']:not([hidden])", timeout=90_000)
    codes = {
        which: re.sub(r"\D", "", page.inner_text(f"[data-view='codes'] [data-code='{which}']"))
        for which in ("everyday", "forced")
    }
    page.click("[data-go='what']")
    page.click("[data-go='try']")
    for turn, which in enumerate(("everyday", "forced") * 2, start=1):
        for digit in codes[which]:
            page.click(f"[data-view='try'] [data-digit='{digit}']")
        page.wait_for_function(
            "n => document.querySelectorAll('.tick[data-right]').length >= n || "
            "!document.querySelector(\"[data-view='done']\").hidden",
            arg=turn,
        )
    page.wait_for_selector("[data-view='done']:not([hidden])")
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length,"
        " (await caches.keys()).length, document.cookie]"
    )
    assert kept == [0, 0, 0, ""]
    assert link.rsplit("/", 1)[1] not in page.url
    context.close()
    return codes


def test_an_everyday_code_arms_and_disarms_and_opens_nothing(hotel, keypad, enrolled):
    arm(keypad, enrolled["everyday"])
    wait_sentence(keypad, "Leave now")
    type_code(keypad, enrolled["everyday"])
    wait_sentence(keypad, "Ready to arm")
    assert hotel.incidents() == []


def test_a_door_leads_to_entry_delay_and_alarm_and_a_code_ends_it(hotel, keypad, enrolled):
    arm(keypad, enrolled["everyday"])
    wait_sentence(keypad, "Armed away", timeout_s=60)
    hotel.ask("zone", "open", "Front door")
    wait_sentence(keypad, "Enter code")
    wait_sentence(keypad, "Alarm", timeout_s=50)
    hotel.ask("zone", "close", "Front door")
    type_code(keypad, enrolled["everyday"])
    keypad.wait_for_function(
        "() => !document.querySelector('#sentence').textContent.includes('Alarm')"
    )
    assert not [i for i in hotel.incidents() if i["kind"] == "duress"]


def test_both_codes_look_the_same_and_one_of_them_calls_help(hotel, keypad, enrolled, console):
    seen = {which: one_disarm(keypad, enrolled[which]) for which in ("everyday", "forced")}
    for part in ("answer", "headers", "page", "tree", "told"):
        assert seen["everyday"][part] == seen["forced"][part], part
    one = until(lambda: [i for i in hotel.incidents() if i["kind"] == "duress"])[0]
    assert one["person"] == "Nadia Brandt"
    row = console.locator(f"#row-{one['id']}")
    row.wait_for(timeout=10_000)
    row.locator("a").click()
    console.wait_for_selector("#next")
    shown = console.inner_text("main, body")
    for text in ("Duress", "Nadia Brandt", "Lobby", "Hotel Aurora"):
        assert text in shown
    steps = console.locator("#plan li").all_inner_texts()
    assert "Dispatch" in steps[0] or "dispatch" in steps[0]
    assert not any("call" in step.lower().split() for step in steps)
    must_not = console.inner_text("#must-not")
    assert "Call premises" in must_not
    states = [e.get_attribute("data-state") for e in console.locator("#plan li").all()]
    assert states[0] in {"now", "running", "done"}
    assert len([i for i in hotel.incidents() if i["kind"] == "duress"]) == 1


def one_disarm(page, code):
    """Arm and disarm with a code; everything that the page received and shows after it."""
    arm(page, code)
    wait_sentence(page, "Leave now")
    with page.expect_response("**/attempt") as got:
        type_code(page, code)
    response = got.value
    body = response.body()
    wait_sentence(page, "Ready to arm")
    page.wait_for_function("() => document.querySelector('#message').textContent !== ''")
    headers = {k: v for k, v in response.all_headers().items() if k != "date"}
    clock = re.compile(r"\b\d{1,2}:\d\d\b")
    return {
        "answer": plain(body.decode()),
        "headers": headers,
        "page": clock.sub("<clock>", plain(page.inner_html("body"))),
        "tree": clock.sub("<clock>", page.locator("body").aria_snapshot()),
        "told": page.inner_text("#message"),
    }
