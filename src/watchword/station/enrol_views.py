"""What the enrolment page is told: values of the station, seen by the invited person only.

The rule of this file: none of these holds a code or a meaning. Codes are drawn and sealed
in the person's browser; the station hands on what it cannot open, and answers with the
index of the pair that the site took.
"""

from dataclasses import dataclass
from typing import Final

from watchword.core.codes import Policy
from watchword.core.errors import InputError
from watchword.wire.batch import PAIRS_MAX

PAIRS: Final = PAIRS_MAX
"""Pairs in one batch: so many that one of them is nearly always acceptable to the site."""


class LinkUnusableError(InputError):
    """The link or its one-time code is unknown, wrong, expired, used or tried too often.

    One answer for all of them: who guesses learns nothing.
    """

    def __init__(self) -> None:
        super().__init__(
            "This link and code cannot be used.",
            hint="Check the code, or ask for a new link.",
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What an opened link gives a browser to draw and seal with; keys are 32 raw bytes."""

    enrolment: bytes
    name: str
    site: str
    digits: int
    policy: Policy
    station_key: bytes
    station_key_id: bytes
    site_key: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """The site has not answered yet; `progress` is 0 to 1 and never falls."""

    progress: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The site took this pair (0 to 7) and the station made it active."""

    pair: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No pair was taken; the message is generic, it names no code and no person."""

    message: str


Outcome = Waiting | Taken | Refused
