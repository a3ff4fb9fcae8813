"""Every fault of a settings file is told by file, setting and what to do."""

import stat
from pathlib import Path

import pytest

from watchword.core.codes import Policy
from watchword.core.errors import ConfigError
from watchword.core.zones import Delays, Zone, ZoneType
from watchword.site.config import SAMPLE, SiteSettings, load, parse_settings, write_sample

PATH = Path("/somewhere/site.toml")
SMALL = """
[site]
name = "Shop"
[[area]]
name = "Shop"
number = 1
"""


def told(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_settings(PATH, text)
    assert caught.value.message.startswith(str(PATH))
    assert caught.value.hint
    return str(caught.value)


def test_the_sample_hotel_is_written_once_privately_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    write_sample(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = load(path)
    assert settings.name == "Hotel Aurora"
    (lobby,) = settings.areas
    assert {zone.type for zone in lobby.zones} == set(ZoneType)
    assert lobby.delays == Delays()
    assert [(p.area, p.name) for p in settings.entry_points] == [("Lobby", "Lobby keypad")]
    path.write_text(SMALL)
    write_sample(path)
    assert path.read_text() == SMALL, "what is there is left alone"


def test_what_is_not_set_has_its_usual_value() -> None:
    settings = parse_settings(PATH, SMALL)
    assert settings == SiteSettings(name="Shop", areas=settings.areas)
    assert (settings.digits, settings.policy, settings.locale) == (6, Policy.PRIVATE, "en")
    assert (settings.tick_ms, settings.attempt_interval_s, settings.answer_tick_ms) == (
        250,
        2.0,
        100,
    )
    assert settings.areas[0].delays == Delays()


def test_every_setting_can_be_set() -> None:
    text = """
    [site]
    name = "Bank"
    digits = 8
    policy = "independent"
    tick_ms = 1000
    attempt_interval_s = 3
    answer_tick_ms = 50
    [[area]]
    name = "Vault"
    number = 4
    exit_s = 45
    entry_s = 35
    abort_s = 15
    power_up_s = 0
    trips = 6
    auto_home = true
    [[area.zone]]
    name = "Door"
    type = "24-hour"
    number = 9
    bypass = false
    abort = false
    """
    settings = parse_settings(PATH, text)
    (vault,) = settings.areas
    assert vault.delays == Delays(45, 35, 15, 0, 6, auto_home=True)
    assert vault.zones == (Zone("Door", ZoneType.ALWAYS, 9, bypass=False, abort=False),)
    assert (settings.digits, settings.policy) == (8, Policy.INDEPENDENT)
    assert settings.attempt_interval_s == 3.0


def test_a_button_needs_no_more_words() -> None:
    text = SMALL + '[[area.zone]]\nname = "Desk"\ntype = "button"\nnumber = 1\n'
    (desk,) = parse_settings(PATH, text).areas[0].zones
    assert (desk.bypass, desk.abort) == (False, False)


ZONE = '[[area.zone]]\nname = "Door"\ntype = "instant"\nnumber = 1\n'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[site\n", ["not valid TOML", "line 1"]),
        ("sight = 1\n" + SMALL, ['"sight"', "area, site"]),
        ("site = 3\n", ["[site]", "table"]),
        ('[site]\nname = "Shop"\n', ["no area", "[[area]]"]),
        (SMALL.replace('name = "Shop"\n[[', "[["), ["[site]", "name"]),
        (SMALL.replace('[site]\nname = "Shop"', "[site]\nname = 3"), ["name", "quotes"]),
        (SMALL.replace("[site]", "[site]\ndigits = 9"), ["digits is 9", "4 to 8"]),
        (SMALL.replace("[site]", "[site]\ndigits = true"), ["digits is True", "4 to 8"]),
        (SMALL.replace("[site]", "[site]\ndigit = 6"), ['"digit"', "digits"]),
        (SMALL.replace("[site]", '[site]\nlocale = "xx"'), ["locale", "en"]),
        (SMALL.replace("[site]", '[site]\npolicy = "mine"'), ["policy", "independent"]),
        (SMALL.replace("[site]", '[site]\nattempt_interval_s = "2"'), ["attempt_interval_s"]),
        (SMALL.replace("[site]", "[site]\nattempt_interval_s = 0"), ["attempt_interval_s", "0.5"]),
        (SMALL.replace("number = 1", ""), ['"Shop" has no number']),
        (SMALL.replace("number = 1", "number = 0"), ["number is 0"]),
        (SMALL.replace("[[area]]", "[area]"), ["area must be a list", "[[area]]"]),
        (SMALL + "exit_s = 44\n", ['"Shop"', "exit_s is 44", "45 to 255"]),
        (SMALL + "exit_s = 60.5\n", ["exit_s is 60.5", "whole number"]),
        (SMALL + "entry_s = 45\n", ["entry_s and abort_s", "60 s"]),
        (SMALL + 'auto_home = "yes"\n', ["auto_home", "true or false"]),
        (SMALL + "exit_delay = 60\n", ['area "Shop"', '"exit_delay"', "exit_s"]),
        (SMALL + ZONE.replace("instant", "magic"), ["type is 'magic'", "24-hour"]),
        (SMALL + ZONE.replace("type", "kind"), ['zone "Door"', '"kind"']),
        (SMALL + ZONE.replace("instant", "button") + "bypass = true\n", ['"Door"', "button"]),
        (SMALL + ZONE + ZONE, ['two zones are called "Door"']),
        (SMALL + ZONE + ZONE.replace("Door", "Gate"), ["two zones have the number 1"]),
        (SMALL + "[[area]]\nname = 'Shop'\nnumber = 2",
         ["two areas are called Shop"]),
        (SMALL + "[[area]]\nname = 'Yard'\nnumber = 1", ["two areas have the number 1"]),
        (SMALL + ZONE + "[[area]]\nname = 'Yard'\nnumber = 2\n" + ZONE.replace("= 1", "= 2"),
         ["two zones are called Door"]),
        (SMALL + "[[area.entry_point]]\nname = 'Pad'\n" * 2, ["entry points", "Shop Pad"]),
        (SMALL + "[[area.entry_point]]\nplace = 'Pad'\n", ["entry_point", '"place"']),
        (SMALL + "[[area]]\nname = 'x'\nnumber = 2\n" * 64, ["65 of area", "64"]),
    ],
)  # fmt: skip
def test_a_fault_is_named(text: str, names: list[str]) -> None:
    message = told(text)
    for name in names:
        assert name in message


def test_too_many_zones_in_all_areas_together_are_refused() -> None:
    text = '[site]\nname = "Mall"\n'
    number = 0
    for area in range(3):
        text += f'[[area]]\nname = "A{area}"\nnumber = {area + 1}\n'
        for _ in range(400):
            number += 1
            text += f'[[area.zone]]\nname = "Z{number}"\ntype = "instant"\nnumber = {number}\n'
    assert "1200 zones" in told(text)


def test_a_file_that_is_not_there_or_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    with pytest.raises(ConfigError, match="does not exist"):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)


def test_the_sample_says_every_setting() -> None:
    for key in ("locale", "digits", "policy", "tick_ms", "attempt_interval_s", "answer_tick_ms"):
        assert f"\n{key} = " in SAMPLE
    for key in Delays.__dataclass_fields__:
        assert f"\n{key} = " in SAMPLE
