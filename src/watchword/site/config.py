"""The site's settings file, `site.toml`: read once at the start, every fault named.

This file owns what may be set at a site. A setting that is not known is a fault too: a
misspelt delay must not silently be the usual one.
"""

import os
import tomllib
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from watchword.core.codes import DEFAULT_DIGITS, MAX_DIGITS, MIN_DIGITS, Policy
from watchword.core.errors import ConfigError, InputError
from watchword.core.zones import NAME_MAX, AreaConfig, Delays, Zone, ZoneType
from watchword.site.strings import FIRST, languages

AREAS_MAX = 64  # a tab for each on a wall tablet is the practical end
ZONES_MAX = 1024  # at a site; every state of an area holds the names of those that are open
ENTRY_POINTS_MAX = 256
PRIVATE_FILE = 0o600

SAMPLE = """\
# Settings of this site. Restart the site after a change; nothing is forgotten by that.
# Numbers are what reports carry: never give an old number to another thing.

[site]
name = "Hotel Aurora"
locale = "en"
digits = 6                # of every code here, 4 to 8
policy = "private"        # how the two codes of a person are related
tick_ms = 250             # one frame to the station each tick: 250 on a LAN, 1000 elsewhere
attempt_interval_s = 2.0  # between two attempts at one keypad
answer_tick_ms = 100      # answers leave on this grid

[[area]]
name = "Lobby"
number = 1
exit_s = 60               # 45 to 255
entry_s = 30              # 30 to 240; with abort_s 60 at most
abort_s = 30              # 15 to 45: an alarm that is disarmed sooner is not reported
power_up_s = 60           # after a start, zones are answered when this is over
trips = 2                 # alarms of one zone before it is shut down until the next code
auto_home = false         # arm home instead of away when nobody left

  [[area.zone]]
  name = "Front door"
  type = "delayed"        # instant, delayed, interior, 24-hour or button
  number = 1

  [[area.zone]]
  name = "Back door"
  type = "delayed"
  number = 2

  [[area.zone]]
  name = "Office window"
  type = "instant"
  number = 3

  [[area.zone]]
  name = "Lobby motion"
  type = "interior"
  number = 4

  [[area.zone]]
  name = "Safe"
  type = "24-hour"
  number = 5
  bypass = false
  abort = false           # reported at once, without the abort window

  [[area.zone]]
  name = "Reception desk"
  type = "button"         # reports at once and changes nothing here
  number = 6

  [[area.entry_point]]
  name = "Lobby keypad"
"""


@dataclass(frozen=True, slots=True)
class EntryPointSettings:
    """A keypad that the settings know by name; its device is paired later."""

    name: str
    area: str


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a site is told by the person who runs it."""

    name: str
    areas: tuple[AreaConfig, ...]
    entry_points: tuple[EntryPointSettings, ...] = ()
    locale: str = FIRST
    digits: int = DEFAULT_DIGITS
    policy: Policy = Policy.PRIVATE
    tick_ms: int = 250
    attempt_interval_s: float = 2.0
    answer_tick_ms: int = 100


_SITE_KEYS = {f.name for f in fields(SiteSettings)} - {"areas", "entry_points"}
_DELAY_KEYS = {f.name for f in fields(Delays)}
_AREA_KEYS = {"name", "number", "zone", "entry_point"} | _DELAY_KEYS
_ZONE_KEYS = {f.name for f in fields(Zone)}


def load(path: Path) -> SiteSettings:
    """Read the settings file.

    Raises:
        ConfigError: it names the file, the setting and what to do.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as e:
        raise ConfigError(
            f"{path} does not exist.", hint="Set the site up first, or write this file."
        ) from e
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(
            f"{path} cannot be read.", hint="It must be UTF-8 text that this user may read."
        ) from e
    return parse_settings(path, text)


def write_sample(path: Path) -> None:
    """Write the settings of the sample hotel, mode 0600; a file that is there is left alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(SAMPLE)


def parse_settings(path: Path, text: str) -> SiteSettings:
    """Read the text of a settings file; `path` is for messages only.

    Raises:
        ConfigError: it names the file, the setting and what to do.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path} is not valid TOML: {e}.", hint="Correct that line.") from e
    reader = _Reader(path)
    reader.known(plain, {"site", "area"}, "the file")
    site = reader.table(plain.get("site", {}), "[site]")
    reader.known(site, _SITE_KEYS, "[site]")
    tables = reader.tables(plain, "area", AREAS_MAX)
    settings = SiteSettings(
        name=reader.name(site, "[site]"),
        areas=tuple(reader.area(t) for t in tables),
        entry_points=tuple(point for t in tables for point in reader.entry_points(t)),
        locale=reader.choice(site, "locale", FIRST, languages()),
        digits=reader.number(site, "digits", DEFAULT_DIGITS, MIN_DIGITS, MAX_DIGITS),
        policy=Policy(reader.choice(site, "policy", Policy.PRIVATE, tuple(Policy))),
        tick_ms=reader.number(site, "tick_ms", 250, 100, 30_000),
        attempt_interval_s=reader.seconds(site, "attempt_interval_s", 2.0, 0.5, 30.0),
        answer_tick_ms=reader.number(site, "answer_tick_ms", 100, 20, 1_000),
    )
    reader.whole(settings)
    return settings


class _Reader:
    """Takes plain values out of the file, and names the file in every fault."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fail(self, what: str, hint: str) -> ConfigError:
        return ConfigError(f"{self._path}: {what}", hint=hint)

    def known(self, plain: dict[str, Any], known: set[str], where: str) -> None:
        for key in plain.keys() - known:
            raise self.fail(
                f'{where} has no setting "{key}".', hint=f"Known: {', '.join(sorted(known))}."
            )

    def table(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(f"{where} must be a table.", hint=f"Write {where} on its own line.")
        return value

    def tables(self, plain: dict[str, Any], key: str, most: int) -> list[dict[str, Any]]:
        value = plain.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.fail(f"{key} must be a list of tables.", hint=f"Write [[{key}]].")
        if len(value) > most:
            raise self.fail(f"there are {len(value)} of {key}.", hint=f"{most} is the most.")
        return value

    def name(self, plain: dict[str, Any], where: str) -> str:
        value = plain.get("name")
        if not isinstance(value, str) or not 0 < len(value.strip()) <= NAME_MAX:
            raise self.fail(
                f"{where} needs a name of 1 to {NAME_MAX} characters.",
                hint='Write name = "..." in quotes.',
            )
        return value.strip()

    def choice(self, plain: dict[str, Any], key: str, usual: str, known: tuple[str, ...]) -> str:
        value = plain.get(key, usual)
        if not isinstance(value, str) or value not in known:
            raise self.fail(f"{key} is {value!r}.", hint=f"Use one of: {', '.join(known)}.")
        return value

    def number(self, plain: dict[str, Any], key: str, usual: int, low: int, high: int) -> int:
        value = plain.get(key, usual)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fail(
                f"{key} is {value!r}.", hint=f"Use a whole number from {low} to {high}."
            )
        return value

    def seconds(
        self, plain: dict[str, Any], key: str, usual: float, low: float, high: float
    ) -> float:
        value = plain.get(key, usual)
        wrong_type = not isinstance(value, int | float) or isinstance(value, bool)
        if wrong_type or not low <= value <= high:
            raise self.fail(f"{key} is {value!r}.", hint=f"Use seconds from {low} to {high}.")
        return float(value)

    def yes_or_no(self, plain: dict[str, Any], key: str, *, usual: bool) -> bool:
        value = plain.get(key, usual)
        if not isinstance(value, bool):
            raise self.fail(f"{key} is {value!r}.", hint="Use true or false, without quotes.")
        return value

    def area(self, plain: dict[str, Any]) -> AreaConfig:
        name = self.name(plain, "[[area]]")
        self.known(plain, _AREA_KEYS, f'area "{name}"')
        zones = tuple(self.zone(each, name) for each in self.tables(plain, "zone", ZONES_MAX))
        try:
            return AreaConfig(name, self.required(plain, name), zones, self.delays(plain))
        except InputError as e:
            raise self.fail(f'area "{name}": {e.message}', hint=e.hint) from e

    def delays(self, plain: dict[str, Any]) -> Delays:
        usual = Delays()
        given: dict[str, Any] = {
            key: self.number(plain, key, getattr(usual, key), 0, 86_400)
            for key in _DELAY_KEYS - {"auto_home"}
        }
        return Delays(**given, auto_home=self.yes_or_no(plain, "auto_home", usual=False))

    def zone(self, plain: dict[str, Any], area: str) -> Zone:
        name = self.name(plain, f'a zone of area "{area}"')
        self.known(plain, _ZONE_KEYS, f'zone "{name}"')
        kind = ZoneType(self.choice(plain, "type", "", tuple(ZoneType)))
        usual = kind is not ZoneType.BUTTON
        try:
            return Zone(
                name,
                kind,
                self.required(plain, name),
                bypass=self.yes_or_no(plain, "bypass", usual=usual),
                abort=self.yes_or_no(plain, "abort", usual=usual),
            )
        except InputError as e:
            raise self.fail(e.message, hint=e.hint) from e

    def required(self, plain: dict[str, Any], name: str) -> int:
        if "number" not in plain:
            raise self.fail(
                f'"{name}" has no number.', hint="Write number = ..., a new one for each."
            )
        return self.number(plain, "number", 0, 1, 65_535)

    def entry_points(self, plain: dict[str, Any]) -> list[EntryPointSettings]:
        tables = self.tables(plain, "entry_point", ENTRY_POINTS_MAX)
        for each in tables:
            self.known(each, {"name"}, "[[area.entry_point]]")
        area = self.name(plain, "[[area]]")
        return [EntryPointSettings(self.name(t, "an entry point"), area) for t in tables]

    def whole(self, settings: SiteSettings) -> None:
        """Look at what no part can see alone: names and numbers that two parts share."""
        if not settings.areas:
            raise self.fail("there is no area.", hint="Write at least one [[area]].")
        zones = [zone for area in settings.areas for zone in area.zones]
        if len(zones) > ZONES_MAX:
            raise self.fail(f"there are {len(zones)} zones.", hint=f"{ZONES_MAX} is the most.")
        self.once([area.name for area in settings.areas], "areas are called")
        self.once([area.number for area in settings.areas], "areas have the number")
        self.once([zone.name for zone in zones], "zones are called")
        self.once([zone.number for zone in zones], "zones have the number")
        self.once([(p.area, p.name) for p in settings.entry_points], "entry points are called")

    def once(self, values: list[Any], what: str) -> None:
        for value, count in Counter(values).items():
            if count > 1:
                shown = " ".join(value) if isinstance(value, tuple) else value
                raise self.fail(f"two {what} {shown}.", hint="Give each its own.")
