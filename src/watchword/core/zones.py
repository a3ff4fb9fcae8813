"""What a zone is, and what opening one does: in every phase, armed in every mode.

This file owns one rule, the table `REACTIONS`: which sort of zone does what and when.
It also owns the delays of an area, with the limits that a setting must keep to.

* Armed *away*: everything is watched; a delayed zone starts the entry delay.
* Armed *home*: interior zones are not watched, because people are inside.
* Armed *night*: as home, and a delayed zone alarms at once, because nobody is expected.
* A 24-hour zone alarms always, a button reports always; arming changes neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchword.core.errors import InputError, NotFoundError
from watchword.core.words import Mode

NAME_MAX = 40  # what a keypad's line shows without breaking
NUMBER_MAX = 65_535  # a report carries area and place in 16 bits
ENTRY_PLUS_ABORT_S_MAX = 60  # CP-01's table: together a report may wait no longer


class ZoneType(StrEnum):
    """The sorts of zone; the values are what a settings file says."""

    INSTANT = "instant"
    DELAYED = "delayed"
    INTERIOR = "interior"
    ALWAYS = "24-hour"
    BUTTON = "button"


class Phase(StrEnum):
    """Where an area stands; the values are what a keypad is told."""

    DISARMED = "disarmed"
    EXITING = "exiting"
    ARMED = "armed"
    ENTERING = "entering"
    ALARM = "alarm"


class Reaction(StrEnum):
    """What opening a zone does."""

    IGNORE = "nothing"
    LEAVE = "counts as leaving"
    ENTER = "starts the entry delay"
    ALARM = "alarms"
    REPORT = "reports and changes nothing"


@dataclass(frozen=True, slots=True)
class Limit:
    """The range and the default of one setting, both ends included, and where it comes from."""

    key: str
    low: int
    high: int
    default: int
    source: str


LIMITS = (
    Limit("exit_s", 45, 255, 60, "CP-01: exit time"),
    Limit("entry_s", 30, 240, 30, "CP-01: entry delay; with abort_s at most 60 s"),
    Limit("abort_s", 15, 45, 30, "CP-01: abort window"),
    Limit("power_up_s", 0, 255, 60, "CP-01: sensors ignored after power-up; 0 is off"),
    Limit("trips", 1, 6, 2, "CP-01: swinger shutdown, alarms of one zone in one armed period"),
)


@dataclass(frozen=True, slots=True)
class Delays:
    """The timing of one area in seconds, and the trips that one zone may make.

    `auto_home` arms home when nobody left during the exit delay of away (CP-01: auto-stay).
    InputError names the value that is out of its range. Source of the ranges: `LIMITS`.
    """

    exit_s: int = 60
    entry_s: int = 30
    abort_s: int = 30
    power_up_s: int = 60
    trips: int = 2
    auto_home: bool = False

    def __post_init__(self) -> None:
        for limit in LIMITS:
            value = getattr(self, limit.key)
            if not limit.low <= value <= limit.high:
                raise InputError(
                    f"{limit.key} is {value}; it must be {limit.low} to {limit.high}.",
                    hint=f"The usual value is {limit.default}.",
                )
        if self.entry_s + self.abort_s > ENTRY_PLUS_ABORT_S_MAX:
            raise InputError(
                f"entry_s and abort_s are {self.entry_s + self.abort_s} s together; "
                f"they may be {ENTRY_PLUS_ABORT_S_MAX} s at most.",
                hint="Shorten one of them: a report may not wait longer.",
            )


@dataclass(frozen=True, slots=True)
class Zone:
    """One sensor of an area; `number` is what reports carry as the place.

    `abort` says whether its alarm waits for the abort window before it is reported.
    """

    name: str
    type: ZoneType
    number: int
    bypass: bool = True
    abort: bool = True

    def __post_init__(self) -> None:
        _check_name("zone", self.name, self.number)
        if self.type is ZoneType.BUTTON and (self.bypass or self.abort):
            raise InputError(
                f'zone "{self.name}" is a button: it can neither be bypassed nor aborted.',
                hint="Set bypass and abort to false.",
            )


@dataclass(frozen=True, slots=True)
class AreaConfig:
    """One area as it was set up; `number` is what reports carry."""

    name: str
    number: int
    zones: tuple[Zone, ...] = ()
    delays: Delays = field(default_factory=Delays)

    def __post_init__(self) -> None:
        _check_name("area", self.name, self.number)
        names = [zone.name for zone in self.zones]
        for twin in (name for name in names if names.count(name) > 1):
            raise InputError(f'two zones are called "{twin}".', hint="Rename one of them.")
        numbers = [zone.number for zone in self.zones]
        for number in (number for number in numbers if numbers.count(number) > 1):
            raise InputError(f"two zones have the number {number}.", hint="Renumber one of them.")

    def zone(self, name: str) -> Zone:
        """The zone of this name; NotFoundError when the area has none."""
        for zone in self.zones:
            if zone.name == name:
                return zone
        raise NotFoundError(
            f'area "{self.name}" has no zone "{name}".',
            hint="Zones are named in the site's settings file.",
        )

    def has(self, name: str) -> bool:
        """Whether the area has a zone of this name."""
        return any(zone.name == name for zone in self.zones)


def _row(instant: Reaction, delayed: Reaction, interior: Reaction) -> Mapping[ZoneType, Reaction]:
    """One row of the table; the last two sorts are the same in every row."""
    return {
        ZoneType.INSTANT: instant,
        ZoneType.DELAYED: delayed,
        ZoneType.INTERIOR: interior,
        ZoneType.ALWAYS: Reaction.ALARM,
        ZoneType.BUTTON: Reaction.REPORT,
    }


_UNWATCHED = _row(Reaction.IGNORE, Reaction.IGNORE, Reaction.IGNORE)
_ON_THE_WAY_OUT = _row(Reaction.ALARM, Reaction.LEAVE, Reaction.IGNORE)
_ON_THE_WAY_IN = _row(Reaction.ALARM, Reaction.IGNORE, Reaction.IGNORE)
_ALL = _row(Reaction.ALARM, Reaction.ALARM, Reaction.ALARM)
_OUTLINE = _row(Reaction.ALARM, Reaction.ALARM, Reaction.IGNORE)

REACTIONS: Mapping[tuple[Phase, Mode | None], Mapping[ZoneType, Reaction]] = {
    (Phase.DISARMED, None): _UNWATCHED,
    (Phase.EXITING, Mode.AWAY): _ON_THE_WAY_OUT,
    (Phase.EXITING, Mode.HOME): _ON_THE_WAY_OUT,
    (Phase.EXITING, Mode.NIGHT): _ON_THE_WAY_OUT,
    (Phase.ARMED, Mode.AWAY): _row(Reaction.ALARM, Reaction.ENTER, Reaction.ALARM),
    (Phase.ARMED, Mode.HOME): _row(Reaction.ALARM, Reaction.ENTER, Reaction.IGNORE),
    (Phase.ARMED, Mode.NIGHT): _OUTLINE,
    (Phase.ENTERING, Mode.AWAY): _ON_THE_WAY_IN,
    (Phase.ENTERING, Mode.HOME): _ON_THE_WAY_IN,
    (Phase.ENTERING, Mode.NIGHT): _ON_THE_WAY_IN,
    (Phase.ALARM, None): _UNWATCHED,
    (Phase.ALARM, Mode.AWAY): _ALL,
    (Phase.ALARM, Mode.HOME): _OUTLINE,
    (Phase.ALARM, Mode.NIGHT): _OUTLINE,
}


def reaction(kind: ZoneType, phase: Phase, mode: Mode | None) -> Reaction:
    """What opening a zone of this sort does now, delays after power-up aside."""
    return REACTIONS[phase, mode][kind]


def stands_in_the_way(kind: ZoneType) -> bool:
    """Whether an open zone of this sort keeps an area from being armed.

    An interior zone does not: people walk through it on the way out. If it is still open
    when the exit delay ends, that is an exit error. A button has no place on any screen.
    """
    return kind in {ZoneType.INSTANT, ZoneType.DELAYED, ZoneType.ALWAYS}


def is_exit_error(kind: ZoneType, mode: Mode) -> bool:
    """Whether a zone of this sort, still open when the exit delay ends, is an exit error."""
    if kind in {ZoneType.ALWAYS, ZoneType.BUTTON}:
        return False  # it spoke when it opened
    return reaction(kind, Phase.ARMED, mode) is not Reaction.IGNORE


def _check_name(what: str, name: str, number: int) -> None:
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise InputError(
            f'{what} name "{name[:NAME_MAX]}" cannot be used.',
            hint=f"Use 1 to {NAME_MAX} printable characters.",
        )
    if not 1 <= number <= NUMBER_MAX:
        raise InputError(
            f'{what} "{name}" has the number {number}; it must be 1 to {NUMBER_MAX}.',
            hint="Number them from 1.",
        )
