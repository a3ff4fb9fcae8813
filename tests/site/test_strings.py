"""The catalogue has a text for everything that the site can say, and for nothing else."""

import re
import string

import pytest

from watchword.core.area import JOURNAL_KEYS, VERDICT_KEYS
from watchword.core.errors import ConfigError
from watchword.site.strings import FIRST, Strings, journal_line, languages, listed, load
from watchword.site.voice import TROUBLES

NEVER = re.compile("duress|panic|hold-?up|covert|silent alarm", re.IGNORECASE)
SENTENCES = {"ready", "open.one", "open.other", "exiting", "entering", "alarm"} | {
    f"armed-{mode}" for mode in ("away", "home", "night")
}
OWN = {"attempt-refused", "attempt-locked", "locked", "locked-site", "not-evaluated", "too-many"}
OTHERS = {"codes-issued", "codes-withdrawn", "trouble", "trouble-over", "paired"}
ANSWERS = VERDICT_KEYS | {"not-accepted", "locked", "busy"}
SPECIAL = {f"arm-{mode}-bypass" for mode in ("away", "home", "night")} | {"arm-refused-zones"}


def holes(text: str) -> set[str]:
    return {name for _, name, *_ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", languages())
def test_there_is_a_text_for_everything_that_can_be_said(language: str) -> None:
    wanted = {f"sentence.{key}" for key in SENTENCES}
    wanted |= {f"answer.{key}" for key in ANSWERS}
    wanted |= {f"trouble.{key}" for key in TROUBLES}
    wanted |= {f"journal.{key}" for key in JOURNAL_KEYS | OWN | OTHERS | SPECIAL}
    assert load(language).keys == wanted


@pytest.mark.parametrize("language", languages())
def test_every_language_fills_the_same_holes(language: str) -> None:
    first, strings = load(FIRST), load(language)
    for key in first.keys:
        assert holes(strings.text(key)) <= {"zones", "count", "person", "entry", "seconds",
                                            "trouble"}, key  # fmt: skip
        assert holes(strings.text(key)) == holes(first.text(key)), key


@pytest.mark.parametrize("language", languages())
def test_no_text_says_what_the_site_cannot_know(language: str) -> None:
    strings = load(language)
    for key in strings.keys:
        assert not NEVER.search(key)
        assert not NEVER.search(strings.text(key)), key


def test_a_count_chooses_the_text() -> None:
    strings = load()
    assert strings("sentence.open", count=1, zones="Back door") == "Back door open"
    assert strings("sentence.open", count=2, zones="Back door, Window") == "2 doors open"


def test_a_text_that_is_missing_is_an_error_of_ours() -> None:
    strings = Strings({"a": "{b}"})
    for call in (lambda: strings("z"), lambda: strings("a"), lambda: strings("z", count=2)):
        with pytest.raises(LookupError):
            call()


def test_an_unknown_language_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r'"xx".*Known: .*en'):
        load("xx")
    with pytest.raises(ConfigError):
        load("../../../etc/passwd")


@pytest.mark.parametrize(
    ("key", "params", "line"),
    [
        ("disarmed", {"person": "Ann"}, "Disarmed by Ann"),
        ("arm-away", {"person": "Ann"}, "Arming away, by Ann"),
        (
            "arm-away",
            {"person": "Ann", "zones": ["Door", "Window"]},
            "Arming away without Door, Window, by Ann",
        ),
        ("arm-refused", {"person": "Ann"}, "Not armed. Tried by Ann"),
        ("arm-refused", {"person": "Ann", "zones": ["Door"]},
         "Not armed because of Door. Tried by Ann"),
        ("alarm", {"zones": ["Door"]}, "Alarm: Door"),
        ("trouble", {"trouble": "storage"}, "Trouble: Cannot save to disk"),
        ("trouble", {"trouble": "of a later release"}, "Trouble: of a later release"),
        ("of a later release", {"person": "Ann"}, "of a later release"),
        ("disarmed", {}, "disarmed"),
    ],
)  # fmt: skip
def test_a_line_of_the_journal_is_a_sentence(key: str, params: dict, line: str) -> None:
    assert journal_line(load(), key, params) == line


def test_names_are_listed() -> None:
    assert listed(("Door", "Window")) == "Door, Window"
    assert listed(()) == ""
