"""The desk in a real browser: keys, drafts, sound, a lost link, two operators, and axe."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from watchword.web.console.app import make_app
from watchword.web.console.service import Place
from watchword.web.shared.server import bind, serve
from web.console.fake import USERS, FakeStation

CHROMIUM = shutil.which("chromium")
ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),  # one Chromium for all of them
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest.fixture
def station():
    made = FakeStation()
    made.add_site()
    return made


class House:
    """The fake, served on a port of its own; it can go down and come back."""

    def __init__(self, station: FakeStation) -> None:
        self.station = station
        self.sock = bind("127.0.0.1", 0)
        self.port = self.sock.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._stop, self._serving = asyncio.Event(), None

    def up(self) -> None:
        sock = self.sock if self._serving is None else bind("127.0.0.1", self.port)
        self._stop = asyncio.Event()
        app = make_app(
            sessions=self.station,
            desk=self.station,
            sites=self.station,
            stop=self._stop,
            secure_cookies=False,
            now_ms=self.station.now_ms,
        )
        self._serving = asyncio.create_task(serve(app, sock, self._stop), name="house")

    async def down(self) -> None:
        self._stop.set()
        await self._serving


@pytest_asyncio.fixture(loop_scope="module")
async def house(station):
    made = House(station)
    made.up()
    yield made
    await made.down()


@pytest.fixture
def open_desk(browser, house, station):
    @asynccontextmanager
    async def open_desk(user="ann", place=Place.OFF_SITE, path="/", **more):
        name, _, may = USERS[user]
        secret = station.open(user, name, may, str(place))
        context = await browser.new_context(**({"viewport": DESK} | more))
        await context.add_cookies(
            [{"name": "watchword_console", "value": secret, "url": house.base}]
        )
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(house.base + path)
        await expect(page.locator("#link-word")).to_have_text("Live")
        yield page
        await context.close()
        assert faults == []

    return open_desk


async def test_three_keys_from_alarm_to_dispatch(station, open_desk) -> None:
    station.add("medical", claimed_by="ann", age_s=500)
    async with open_desk() as page:
        await page.keyboard.press("j")
        await expect(page.locator("#incident-title")).to_have_text("Medical")
        forced = station.add("duress")
        await expect(page.locator("[data-waits]")).to_have_count(1)
        for key in ("j", "c", "Enter"):  # as fast as a hand can
            await page.keyboard.press(key)
        await expect(page.locator("#incident-handoffs")).to_contain_text("Police")
        assert page.url.endswith(f"/incidents/{forced}")
    record = station.records[forced]
    assert (record.claimed_by, len(record.handoffs)) == ("ann", 2)


async def test_enter_does_nothing_when_the_claim_was_refused(station, open_desk) -> None:
    forced = station.add("duress")
    async with open_desk(path=f"/incidents/{forced}") as page:
        station.records[forced].claimed_by = "ben"  # a moment before
        for key in ("c", "Enter"):
            await page.keyboard.press(key)
        await expect(page.locator("#notice-words")).to_contain_text("ben has this incident")
        station.touch()
        await expect(page.locator("#do")).to_have_attribute("data-yours", "no")
        await page.keyboard.press("Enter")
        await expect(page.locator("#notice-words")).to_contain_text("Use the button")
        assert station.records[forced].handoffs == []


async def test_what_is_being_typed_survives_everything(station, open_desk) -> None:
    incident = station.add("duress", claimed_by="ann")
    ben = station.opened[station.open("ben", "Ben", frozenset({"work"}), "off-site")]
    async with open_desk(path=f"/incidents/{incident}") as page:
        note = page.locator("[data-note]")
        await page.keyboard.press("n")
        await page.keyboard.type("Petra called")
        await note.evaluate("(field) => { field.mine = true; field.setSelectionRange(2, 4); }")
        await station.note(incident, ben, "Police called back")
        await expect(page.locator("#incident-timeline")).to_contain_text("Police called back")
        await expect(note).to_be_focused()
        await expect(note).to_have_value("Petra called")
        assert await note.evaluate(
            "(field) => [field.mine, field.selectionStart, field.selectionEnd]"
        ) == [True, 2, 4]
        await page.reload()
        await expect(note).to_have_value("Petra called")
        station.add("fire")
        await expect(page.locator('[data-count="open"]')).to_have_text("2")
        await page.keyboard.press("n")
        await page.keyboard.press("Enter")
        await expect(page.locator("#incident-timeline")).to_contain_text("Petra called")
        await expect(note).to_have_value("")
        await page.reload()
        await expect(note).to_have_value("")


async def test_a_dialog_survives_what_happens_behind_it(station, open_desk) -> None:
    incident = station.add("duress", claimed_by="ann")
    ann = station.opened[station.open("ann", "Ann", frozenset({"work"}), "off-site")]
    await station.dispatch(incident, ann)
    async with open_desk(path=f"/incidents/{incident}") as page:
        await page.keyboard.press("Enter")
        await page.keyboard.type("Sgt Hale")
        await station.note(incident, ann, "Something else")
        await expect(page.locator("#incident-timeline")).to_contain_text("Something else")
        await expect(page.locator("#accept")).to_be_visible()
        await expect(page.locator("#accept-who")).to_have_value("Sgt Hale")
        await page.reload()  # by mistake
        await page.keyboard.press("Enter")
        await expect(page.locator("#accept-who")).to_have_value("Sgt Hale")
        await page.keyboard.press("Enter")
        await expect(page.locator("#incident-handoffs")).to_contain_text("Accepted by Sgt Hale")
        await expect(page.locator("#accept")).to_be_hidden()


async def test_sound_and_motion_are_for_who_has_nobody(station, open_desk) -> None:
    station.add("trouble")
    async with open_desk() as page:
        root = page.locator("html")
        await page.keyboard.press("Escape")  # browsers let a page sound after a touch only
        await expect(page.locator("#sound-blocked")).to_be_hidden()
        await expect(root).to_have_attribute("data-sound", "off")
        await page.evaluate(
            """globalThis.animated = () => document.getAnimations()
              .filter((one) => one instanceof CSSAnimation).map((one) => one.effect.target)"""
        )
        station.add("duress", place="Cellar keypad")
        await expect(root).to_have_attribute("data-sound", "on")
        await expect(page.locator("#say-now")).to_contain_text("New: Duress, Hotel Aurora, Cellar")
        await expect(page).to_have_title("(1) nobody has it · Watchword")
        assert await page.evaluate("animated().every((target) => target.closest('[data-waits]'))")
        await page.locator("[data-filter=mine]").click()
        await expect(page.locator(".row-item:visible")).to_have_count(1)
        await page.keyboard.press("j")
        await page.keyboard.press("c")
        await expect(root).to_have_attribute("data-sound", "off")
        assert await page.evaluate("animated().length") == 0
        await page.reload()
        await expect(page.locator("[data-filter=mine]")).to_have_attribute("aria-pressed", "true")


async def test_a_lost_link_is_said_and_mended(station, house, open_desk) -> None:
    incident = station.add("trouble")
    async with open_desk(path=f"/incidents/{incident}") as page:
        await house.down()
        await expect(page.locator("#lost")).to_be_visible(timeout=3000)
        await expect(page.locator("#link-word")).to_have_text("Not live")
        await page.keyboard.press("c")
        await expect(page.locator("#notice-words")).to_contain_text("did not answer")
        station.add("duress")
        someone = station.opened[station.open("ben", "Ben", frozenset({"work"}), "off-site")]
        await station.note(incident, someone, "While you were away")
        house.up()
        await expect(page.locator("#lost")).to_be_hidden(timeout=4000)
        await expect(page.locator("[data-waits]")).to_have_count(1)
        await expect(page.locator("#incident-timeline")).to_contain_text("While you were away")


async def test_silence_on_an_open_line_is_noticed(open_desk) -> None:
    """The station's cable is pulled: nothing closes, nothing comes."""
    async with open_desk() as page:
        said = await page.evaluate(
            """async () => {
              const address = document.querySelector('script[type=module]').src;
              const { Stream } = await import(address.replace("console.js", "stream.js"));
              const start = performance.now();
              window.fetch = async (_, { signal }) => new Response(new ReadableStream({
                start(control) {
                  control.enqueue(new TextEncoder().encode('event: beat\\ndata: {}\\n\\n'));
                  signal.addEventListener("abort", () => control.error(signal.reason));
                } }));
              const states = [];
              return new Promise((done) => new Stream("/x", "", () => {}, (state) => {
                states.push(state);
                if (state === "lost") done([states, performance.now() - start]);
              }).run());
            }"""
        )
        assert said[0] == ["live", "lost"]
        assert said[1] < 3000


async def test_a_session_that_ends_leaves_the_desk(station, open_desk) -> None:
    async with open_desk() as page:
        station.opened.clear()
        await page.wait_for_url("**/sign-in?next=/", timeout=4000)


async def test_two_operators_see_each_other(station, open_desk) -> None:
    forced = station.add("duress")
    async with open_desk() as ann, open_desk("ben", path=f"/incidents/{forced}") as ben:
        await ann.keyboard.press("j")
        await ann.keyboard.press("c")
        await expect(ben.locator("#next")).to_contain_text("ann has this incident")
        await expect(ben.locator(".row-who")).to_have_text("ann")
        await expect(ann.locator(".row-who")).to_have_text("You")


async def test_a_console_at_the_premises_is_told_nothing(station, open_desk) -> None:
    station.add("trouble")
    async with open_desk(place=Place.PREMISES) as page:
        before = await page.content()
        station.add("duress", place="Cellar keypad")
        await page.wait_for_timeout(1500)
        after = await page.content()
        assert "Cellar" not in after
        assert await page.title() == "Watchword"
        await expect(page.locator("html")).to_have_attribute("data-sound", "off")
        assert before.count("row-item") == after.count("row-item")


async def test_keys_can_be_turned_off(station, open_desk) -> None:
    station.add("trouble")
    async with open_desk() as page:
        await page.keyboard.press("?")
        await page.locator("#single-keys").uncheck()
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await expect(page.locator("#incident")).to_have_count(0)
        await page.locator(".row-link").press("Enter")
        await expect(page.locator("#incident-title")).to_be_visible()


async def test_going_back_and_a_phone(station, open_desk) -> None:
    incident = station.add("duress")
    async with open_desk(viewport=PHONE, has_touch=True) as page:
        await page.locator(".row-link").tap()
        await expect(page.locator("#do-button")).to_be_in_viewport(ratio=1)
        await expect(page.locator("#rows")).to_be_hidden()
        assert page.url.endswith(incident)
        await page.go_back()
        await expect(page.locator("#rows")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_without_scripts_it_can_be_read_and_worked(browser, house, station) -> None:
    incident = station.add("duress")
    name, _, may = USERS["ann"]
    secret = station.open("ann", name, may, "off-site")
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies([{"name": "watchword_console", "value": secret, "url": house.base}])
    page = await context.new_page()
    await page.goto(house.base + "/")
    await page.locator(".row-link").click()
    await page.locator("#do-button").click()
    await page.locator("#do-button").click()
    await expect(page.locator("#incident-handoffs")).to_contain_text("Police")
    await context.close()
    assert station.records[incident].claimed_by == "ann"


async def test_the_sheet_prints_on_one_page(station, open_desk) -> None:
    incident = station.add("duress")
    async with open_desk() as page:
        await page.goto(page.url + f"incidents/{incident}/sheet")
        paper = await page.pdf(format="A4")
        assert paper.count(b"/Type /Page\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_axe_finds_nothing(station, open_desk, house, theme) -> None:
    station.add_site("corner", name="Corner", nobody_comes="Nobody will come.", live=False)
    incident = station.add("duress")
    async with open_desk() as page:
        await page.context.add_cookies(
            [{"name": "watchword_theme", "value": theme, "url": house.base}]
        )
        for path in ("/", f"/incidents/{incident}", "/sites", "/wall", "/place"):
            await page.goto(house.base + path)
            await _clean(page)
        await page.goto(f"{house.base}/incidents/{incident}")
        await expect(page.locator("#link-word")).to_have_text("Live")
        await page.keyboard.press("c")
        await page.keyboard.press("Enter")
        await expect(page.locator("#do")).to_have_attribute("data-action", "accept")
        await page.keyboard.press("Enter")
        await expect(page.locator("#accept")).to_be_visible()
        await _clean(page)
        await page.goto(f"{house.base}/incidents/{incident}/sheet")
        await _clean(page)
        await page.context.clear_cookies(name="watchword_console")
        await page.goto(house.base + "/")
        await _clean(page)


async def _clean(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
