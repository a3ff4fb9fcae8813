"""The public words that both halves share: what anybody at the premises may see.

This file owns one rule: nothing here says why a code was typed. Kinds of incident
live in `core.incident`, meanings of slots in `wire.slot`; the site imports neither.
"""

from enum import IntEnum, StrEnum


class Mode(StrEnum):
    """How an area is armed."""

    AWAY = "away"
    HOME = "home"
    NIGHT = "night"


class Action(StrEnum):
    """What a person asks for when entering a code."""

    DISARM = "disarm"
    ARM_AWAY = "arm-away"
    ARM_HOME = "arm-home"
    ARM_NIGHT = "arm-night"

    @property
    def mode(self) -> Mode | None:
        """The mode that this action arms, or None for disarm."""
        return None if self is Action.DISARM else Mode(self.value.removeprefix("arm-"))


class ReportClass(IntEnum):
    """The public class of a report, most urgent first."""

    BUTTON = 1
    VALID = 2
    ALARM = 3
    INVALID = 4
    TROUBLE = 5
    SERVICE = 6


class Event(IntEnum):
    """The public fact that a report carries; what a code meant is not among them."""

    ATTEMPT_ACCEPTED = 1
    ATTEMPT_REFUSED = 2
    ATTEMPT_LOCKED = 3
    ATTEMPTS_NOT_EVALUATED = 4
    ALARM = 10
    ALARM_ABORTED = 11
    ALARM_RESTORED = 12
    EXIT_ERROR = 13
    BUTTON = 20
    TROUBLE = 30
    TROUBLE_RESTORED = 31
    STARTED = 40
    DIRECTORY = 41
    ENROLLED = 42
    REMOVED = 43
    REFUSED = 44
