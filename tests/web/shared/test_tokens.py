"""Colours: both dark lists are the same, and every pair that carries text can be read (WCAG 2.2).

Text needs 4.5 to 1 (1.4.3), rings and icons 3 to 1 (1.4.11).
"""

import math
import re

import pytest

from watchword.web.shared.assets import SHARED_STATIC

CSS = (SHARED_STATIC / "tokens.css").read_text(encoding="utf-8")
STATES = ("red", "amber", "green", "blue", "grey")


def block(selector: str) -> dict[str, str]:
    start = CSS.index(selector + " {")
    body = CSS[start : CSS.index("}", start)]
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;]+);", body))


LIGHT = block("\n:root")
DARK = block(':root[data-theme="dark"]')
THEMES = {"light": LIGHT, "dark": LIGHT | DARK}


def luminance(colour: str) -> float:
    """Relative luminance of an opaque `oklch(L C H)`, clipped to sRGB."""
    lightness, chroma, hue = (float(n) for n in re.findall(r"[\d.]+", colour)[:3])
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, c)) for c in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(theme: str, front: str, back: str) -> float:
    one, two = (luminance(THEMES[theme][name]) for name in (front, back))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)


def test_the_measure_itself() -> None:
    assert luminance("oklch(1 0 0)") == pytest.approx(1, abs=1e-3)
    assert luminance("oklch(0 0 0)") == 0
    assert luminance("oklch(0.628 0.2577 29.23)") == pytest.approx(0.2126, abs=2e-3)  # pure red


def test_the_two_dark_lists_are_one() -> None:
    assert block(':root:not([data-theme="light"])') == DARK
    assert set(DARK) <= set(LIGHT)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("front", "back"),
    [
        *((ink, ground) for ink in ("ink", "ink-2") for ground in ("canvas", "surface", "raised")),
        *(("ink-3", ground) for ground in ("canvas", "surface")),
        *((f"{state}-ink", f"{state}-soft") for state in STATES),
        *((f"{state}-ink", "surface") for state in STATES),
        *((f"on-{state}", state) for state in STATES),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("accent", "canvas"),
        ("accent", "surface"),
        ("accent", "accent-soft"),
        ("on-night", "night"),
        ("on-night-2", "night"),
    ],
)
def test_text_can_be_read(theme: str, front: str, back: str) -> None:
    assert contrast(theme, front, back) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("focus", "canvas"),
        ("focus", "surface"),
        ("line-strong", "surface"),
        ("green", "canvas"),
        ("amber-sign", "canvas"),
        ("amber-sign", "amber-soft"),
        ("blue-ink", "blue-soft"),
    ],
)
def test_signs_can_be_seen(theme: str, front: str, back: str) -> None:
    assert contrast(theme, front, back) >= 3


def test_five_sizes_of_type() -> None:
    assert sum(name.startswith("text-") for name in LIGHT) == 5
