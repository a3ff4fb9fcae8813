"""Pictures of keypad, console and enrolment: phone and desktop, light and dark, as people see them.

`make shots` keeps them under docs/pictures; a normal test run makes them in a temporary folder
and checks that none is blank, that nothing scrolls sideways and that axe finds nothing.
"""

import os
import re
import signal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from browsing import DESKTOP, PHONE, arm, chromium, paired_keypad, type_code, wait_sentence
from running import Stack, until

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.browser, pytest.mark.timeout(400)]

KEPT = Path(__file__).parents[2] / "docs" / "pictures"
BLANK_BYTES = 6_000  # a page of one colour compresses to less
SIZES = {"phone": PHONE, "desktop": DESKTOP}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the pictures go."""
    if os.environ.get("WATCHWORD_KEEP_PICTURES") == "1":
        KEPT.mkdir(exist_ok=True)
        return KEPT
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def hotel(tmp_path_factory):
    root = tmp_path_factory.mktemp("screens")
    stack = Stack(root / "data").start()
    stack.stop()
    settings = root / "data" / "site" / "site.toml"
    settings.write_text(
        re.sub(r"^exit_s = \d+", "exit_s = 45", settings.read_text(), flags=re.MULTILINE)
    )
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as b:
        yield b


# The console is dark unless an operator chose otherwise; everything else follows the system.
CHOOSE_THEME = """theme => {
  const root = document.documentElement;
  if (root.dataset.theme) root.dataset.theme = theme;
}"""


class Camera:
    """Takes each screen in both sizes and both themes, and looks at it as axe does."""

    def __init__(self, folder: Path, page) -> None:
        self.folder, self.page = folder, page

    def take(self, name: str, *, sizes=("phone", "desktop")) -> None:
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self.page.evaluate(CHOOSE_THEME, theme)
            for size in sizes:
                self.page.set_viewport_size(SIZES[size])
                self.page.wait_for_timeout(150)
                path = self.folder / f"{name}-{size}-{theme}.png"
                self.page.screenshot(path=path)
                assert path.stat().st_size > BLANK_BYTES, f"{path.name} is blank"
                wide = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{path.name} scrolls sideways by {wide} px"
        found = Axe().run(self.page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_the_keypad(hotel, browser, folder):
    page = browser.new_context(viewport=PHONE).new_page()
    page.goto(hotel.demo["keypad"]["url"])
    wait_sentence(page, "Ready to arm")
    camera = Camera(folder, page)
    camera.take("keypad-ready")
    maria = hotel.demo["people"][0]
    page.set_viewport_size(PHONE)
    type_code(page, "0000")
    camera.take("keypad-typing", sizes=("phone",))
    type_code(page, "00")
    page.get_by_role("button", name="Away", exact=True).click()
    page.wait_for_function("() => document.querySelector('#message').textContent !== ''")
    camera.take("keypad-wrong", sizes=("phone",))
    hotel.ask("zone", "open", "Office window")
    page.wait_for_function("() => !document.querySelector('#zones').hidden")
    camera.take("keypad-open-zone")
    hotel.ask("zone", "close", "Office window")
    wait_sentence(page, "Ready to arm")
    arm(page, maria["normal"])
    wait_sentence(page, "Leave now")
    camera.take("keypad-leaving")
    wait_sentence(page, "Armed away", timeout_s=60)
    camera.take("keypad-armed")
    site = int((hotel.data / "site" / "pid").read_text())
    os.kill(site, signal.SIGSTOP)
    page.wait_for_selector("#lost:not([hidden])", timeout=8_000)
    camera.take("keypad-offline", sizes=("phone",))
    os.kill(site, signal.SIGCONT)
    page.wait_for_selector("#lost", state="hidden", timeout=10_000)
    type_code(page, maria["normal"])
    wait_sentence(page, "Ready to arm")
    other = browser.new_context(viewport=PHONE).new_page()
    other.goto(hotel.demo["keypad"]["url"])
    other.wait_for_selector("h1")
    Camera(folder, other).take("keypad-spent-link", sizes=("phone",))


def test_the_console(hotel, browser, folder):
    demo = hotel.demo
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.goto(demo["console"]["url"])
    camera = Camera(folder, page)
    camera.take("console-sign-in")
    page.fill("#user", demo["console"]["user"])
    page.fill("#password", demo["console"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    camera.take("console-empty")
    link = hotel.ask("pair", "keypad", "Lobby keypad")["url"]
    keypad = paired_keypad(browser, link)
    arm(keypad, demo["people"][0]["normal"])
    wait_sentence(keypad, "Leave now")
    type_code(keypad, demo["people"][0]["duress"])
    wait_sentence(keypad, "Ready to arm")
    one = until(lambda: [i for i in hotel.incidents() if i["kind"] == "duress"])[0]
    page.wait_for_selector(f"#row-{one['id']}")
    page.set_viewport_size(DESKTOP)
    page.keyboard.press("j")
    page.wait_for_selector("#next")
    camera.take("console-incident")
    page.set_viewport_size(DESKTOP)
    page.keyboard.press("c")
    page.wait_for_selector("#do[data-action]:not([data-action='claim'])")
    camera.take("console-claimed")
    page.goto(f"{demo['console']['url']}incidents/{one['id']}/sheet")
    camera.take("console-sheet", sizes=("desktop",))
    page.goto(f"{demo['console']['url']}sites")
    camera.take("console-sites")
    page.goto(f"{demo['console']['url']}wall")
    camera.take("console-wall", sizes=("desktop",))


def test_the_enrolment(hotel, browser, folder):
    offer = hotel.ask("person", "add", "Lena Fischer", "--invite")
    page = browser.new_context(viewport=PHONE).new_page()
    page.goto(offer["link"])
    page.wait_for_selector("#one-time")
    camera = Camera(folder, page)
    camera.take("enrol-code")
    page.set_viewport_size(PHONE)
    page.fill("#one-time", offer["code"])
    page.click("[data-continue]")
    page.wait_for_selector("[data-view='codes']:not([hidden])", timeout=90_000)
    # The real codes are on this page; a picture of it would hold them, so they are hidden first.
    page.click("[data-conceal]")
    camera.take("enrol-codes")
    page.click("[data-go='what']")
    camera.take("enrol-what")
    page.click("[data-go='try']")
    camera.take("enrol-try")
