"""The enrolment page in a real browser, before an honest stand-in that opens what it seals."""

import asyncio
import re
import shutil
from contextlib import suppress

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from watchword.core.codes import Policy
from watchword.station.enrol import REFUSAL
from watchword.web.shared.server import bind, serve
from watchword.wire.slot import Meaning
from web.enrol.fake import CODE, Fake, make_app

CHROMIUM = shutil.which("chromium")
ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP station.test 127.0.0.1",
]
PHONE = {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),  # one Chromium for all of them
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def fake():
    return Fake(polls=1)


@pytest_asyncio.fixture(loop_scope="module")
async def base(fake):
    """The address under which the fake is served."""
    sock, stop = bind("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(make_app(fake), sock, stop), name="fake")
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    stop.set()
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, base):  # closed before the server is
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    page.set_default_timeout(10_000)
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    yield page
    assert page.wrong == []
    await context.close()


def view(page: Page, name: str):
    return page.locator(f'[data-view="{name}"]')


async def enter(page: Page, base: str, link: str, code: str = CODE) -> None:
    await page.goto(f"{base}/enrol/{link}")
    await page.get_by_label("One-time code").fill(code)
    await page.get_by_role("button", name="Continue").click()


async def shown(page: Page) -> dict[str, str]:
    """The two codes as the first step shows them."""
    await expect(view(page, "codes")).to_be_visible(timeout=10_000)
    texts = {
        which: await view(page, "codes").locator(f'[data-code="{which}"]').text_content()
        for which in ("everyday", "forced")
    }
    return {which: re.sub(r"\D", "", text or "") for which, text in texts.items()}


def written(text: str, codes: dict[str, str]) -> bool:
    """Whether either code can be read in `text`, tags and spaces left out."""
    plain = re.sub(r"<[^>]*>|\s", "", text)
    return any(code in plain for code in codes.values())


async def type_code(page: Page, code: str) -> None:
    for digit in code:
        await page.locator(f'[data-digit="{digit}"]').click()


async def to_practice(page: Page) -> None:
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("button", name="Next").click()
    await expect(view(page, "try")).to_be_visible()


# -- from link to codes --------------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
async def test_the_codes_shown_mean_what_the_station_will_read(page, base, fake, policy):
    fake.policy = policy
    link = fake.invite()
    bodies = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    await enter(page, base, link)
    codes = await shown(page)
    taken = fake.invites[link].outcome.pair
    rows, tokens = fake.batch(link).pairs[taken], fake.tokens(link)[taken]
    meant = {token.meaning: row.code for row, token in zip(rows, tokens, strict=True)}
    assert meant == {Meaning.NORMAL: codes["everyday"], Meaning.DURESS: codes["forced"]}
    assert tuple(token.slot_ref for token in tokens) == fake.invites[link].slots[taken]
    assert not any(code in body for code in codes.values() for body in bodies)


async def test_the_link_leaves_the_bar_and_nothing_is_stored(page, base, fake):
    link = fake.invite()
    await enter(page, base, link)
    codes = await shown(page)
    assert page.url == f"{base}/enrol"
    assert link not in await page.content()
    kept = """async () => [localStorage.length, sessionStorage.length, document.cookie,
        (await indexedDB.databases()).length, (await caches.keys()).length,
        (await navigator.serviceWorker.getRegistrations()).length, history.state]"""
    assert await page.evaluate(kept) == [0, 0, "", 0, 0, 0, None]
    script = "Object.keys(window).map((key) => { try { return JSON.stringify(window[key]) } "
    reachable = await page.evaluate(script + "catch { return '' } }).join()")
    assert not any(code in reachable for code in codes.values())


async def test_a_wrong_code_says_so_and_can_be_corrected(page, base, fake):
    link = fake.invite()
    await page.goto(f"{base}/enrol/{link}")
    field, button = page.get_by_label("One-time code"), page.get_by_role("button", name="Continue")
    await button.click()
    await expect(page.get_by_role("alert")).to_have_text("Type the one-time code first.")
    await field.press_sequentially("wrng2345")
    await expect(field).to_have_value("WRNG-2345")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("cannot be used")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill("abcd2345")
    await button.click()
    await shown(page)


async def test_a_refusal_says_to_ask_again(page, base, fake):
    fake.refuse = True
    await enter(page, base, fake.invite())
    await expect(page.get_by_role("heading", name="No codes could be given")).to_be_visible()
    await expect(view(page, "stopped")).to_contain_text(REFUSAL)
    await expect(view(page, "stopped")).to_contain_text("Both codes are then made anew.")
    assert await page.locator("[data-code] span").count() == 0


async def test_after_a_cut_line_the_same_bytes_are_sent_again(page, base, fake):
    link = fake.invite()
    sent = []
    page.on("request", lambda r: r.url.endswith("/batch") and sent.append(r.post_data))
    await page.route("**/batch", lambda route: route.abort())
    await page.clock.install()
    await enter(page, base, link)
    again = page.get_by_role("button", name="Try again")
    for _ in range(60):
        with suppress(AssertionError):
            await expect(again).to_be_visible(timeout=50)
            break
        await page.clock.run_for(1_000)
    await page.unroute("**/batch")
    await again.click()
    for _ in range(20):
        await page.clock.run_for(1_000)
        if await view(page, "codes").is_visible():
            break
    await shown(page)
    assert len(sent) >= 3
    assert len(set(sent)) == 1


async def test_plain_http_on_a_name_gets_a_clear_message(page, base, fake):
    port = base.rpartition(":")[2]
    await page.goto(f"http://station.test:{port}/enrol/{fake.invite()}")
    await expect(page.get_by_role("heading", name="secure connection")).to_be_visible()
    await expect(view(page, "code")).to_be_hidden()


async def test_leaving_in_the_middle_warns_and_a_reload_says_what_to_do(page, base, fake):
    await enter(page, base, fake.invite())
    await shown(page)
    asked = []

    async def accept(dialog):
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", accept)
    await page.reload()
    await expect(page.get_by_role("heading", name="This page is no longer open")).to_be_visible()
    assert asked == ["beforeunload"]
    await expect(page.locator("main")).to_contain_text("Ask for a new link")


# -- the codes on the screen ---------------------------------------------------------------


async def test_codes_can_be_hidden_and_are_when_the_page_goes_away(page, base, fake):
    await enter(page, base, fake.invite())
    codes = await shown(page)
    await page.get_by_role("button", name="Hide").click()
    assert not written(await page.content(), codes)
    await page.get_by_role("button", name="Show again").click()
    assert await shown(page) == codes
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'));"
    )
    await expect(view(page, "codes").locator(".code.concealed")).to_have_count(2)


async def test_a_screen_reader_hears_a_code_only_when_asked(page, base, fake):
    await enter(page, base, fake.invite())
    codes = await shown(page)
    tree = await page.locator("main").aria_snapshot()
    assert not written(tree, codes)
    status = page.locator("[data-say]")
    await view(page, "codes").locator('[data-read="forced"]').focus()
    await page.keyboard.press("Enter")
    spelled = ", ".join(codes["forced"])
    await expect(status).to_have_text(f"Second code, if you are forced: {spelled}")


async def test_a_printout_holds_no_code(page, base, fake):
    await enter(page, base, fake.invite())
    await shown(page)
    await page.emulate_media(media="print")
    await expect(view(page, "codes").locator(".code").first).to_be_hidden()


# -- the practice --------------------------------------------------------------------------


async def test_each_code_twice_nothing_sent_and_nothing_left(page, base, fake):
    await enter(page, base, fake.invite())
    codes = await shown(page)
    await to_practice(page)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    ask, feedback = page.locator("[data-ask]"), page.locator("[data-feedback]")
    await expect(ask).to_have_text("Type your everyday code.")
    await type_code(page, codes["everyday"])
    await expect(ask).to_have_text("Type your second code.")
    await type_code(page, codes["everyday"])
    await expect(feedback).to_have_text("That was your everyday code.")
    await page.keyboard.type(codes["forced"][:2] + "9")
    await page.keyboard.press("Backspace")
    await page.keyboard.type(codes["forced"][2:])
    await expect(feedback).to_have_text("Right.")
    await page.get_by_role("button", name="Show my codes").click()
    await expect(page.locator("[data-peeked]")).to_be_visible()
    await type_code(page, codes["everyday"])
    await expect(page.locator("[data-peeked]")).to_be_hidden()
    await type_code(page, codes["forced"])
    await expect(page.get_by_role("heading", name="You are ready")).to_be_visible()
    assert not written(await page.content(), codes)
    assert requests == []
    await page.reload()  # nothing to lose any more, so nothing asks


async def test_keys_alone_are_enough(page, base, fake):
    await page.goto(f"{base}/enrol/{fake.invite()}")
    await page.keyboard.press("Tab")
    await page.keyboard.type(CODE)
    await page.keyboard.press("Enter")
    codes = await shown(page)
    for name in ("codes", "what"):
        button = view(page, name).get_by_role("button", name="Next")
        for _ in range(8):
            await page.keyboard.press("Tab")
            if await button.evaluate("(element) => element === document.activeElement"):
                break
        await page.keyboard.press("Enter")
    for which in ("everyday", "forced", "everyday", "forced"):
        await page.keyboard.type(codes[which])
    await expect(page.get_by_role("heading", name="You are ready")).to_be_focused()


# -- how it looks --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844, 16), (320, 640, 32)], ids=["phone", "text-200"])
async def test_every_view_is_accessible_and_fits(tmp_path, base, fake, scheme, size):
    width, height, text = size
    (tmp_path / "Default").mkdir()
    wanted = f'{{"webkit": {{"webprefs": {{"default_font_size": {text}}}}}}}'
    (tmp_path / "Default" / "Preferences").write_text(wanted, encoding="utf-8")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path,
            executable_path=CHROMIUM,
            args=ARGS,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
        )
        page = await context.new_page()

        async def look(name):
            found = (await Axe().run(page)).response["violations"]
            assert [each["id"] for each in found] == [], name
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name
            size = await page.evaluate("getComputedStyle(document.documentElement).fontSize")
            assert size == f"{text}px"

        await page.goto(f"{base}/enrol")
        await look("left")
        await page.goto(f"{base}/enrol/{fake.invite()}")
        await look("code")
        await page.get_by_label("One-time code").fill(CODE)
        await page.keyboard.press("Enter")
        await expect(view(page, "working")).to_be_visible()
        await look("working")
        await shown(page)
        await look("codes")
        await page.get_by_role("button", name="Next").click()
        await look("what")
        await page.get_by_role("button", name="Next").click()
        await look("try")
        await page.get_by_role("button", name="Show my codes").click()
        await look("try, with the codes")
        await context.close()
