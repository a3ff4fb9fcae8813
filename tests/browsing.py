"""A real Chromium for tests, and the few things that people do in it."""

import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


@contextmanager
def chromium():
    """Debian's Chromium, headless; skips with one line where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


def paired_keypad(browser: Browser, url: str, **options) -> Page:
    """A browser that became a keypad by a one-time link."""
    page = browser.new_context(viewport=PHONE, **options).new_page()
    page.goto(url)
    page.wait_for_selector("#keys [data-press='1']")
    page.wait_for_selector("#sentence:not(:empty)")
    return page


def type_code(page: Page, code: str) -> None:
    """Press the digits on the screen, one after the other."""
    for digit in code:
        page.click(f"[data-press='{digit}']")


def arm(page: Page, code: str, how: str = "Away") -> None:
    """Type a code and press Away, Home or Night."""
    type_code(page, code)
    page.get_by_role("button", name=how, exact=True).click()


def wait_sentence(page: Page, text: str, *, timeout_s: float = 20) -> None:
    """Wait until the keypad's one sentence contains this."""
    page.wait_for_function(
        "text => document.querySelector('#sentence').textContent.includes(text)",
        arg=text,
        timeout=timeout_s * 1000,
    )


def signed_in_console(browser: Browser, demo: dict, **options) -> Page:
    """An operator's console."""
    context: BrowserContext = browser.new_context(viewport=DESKTOP, **options)
    page = context.new_page()
    page.goto(demo["console"]["url"])
    page.fill("#user", demo["console"]["user"])
    page.fill("#password", demo["console"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    return page
