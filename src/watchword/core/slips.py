"""Slips: which codes one slip of the finger makes of another.

This file owns one rule: what counts as a slip on a keypad. The kinds and their shares are those
that were counted for typed numbers; `docs/explanation/codes.md` names them.
"""

from collections.abc import Iterator
from typing import Final

DIGITS: Final = "0123456789"

# The keys beside each key, and above and below it, on a 3 x 4 keypad with 0 under 8.
BESIDE: Final = {
    "1": "24",
    "2": "135",
    "3": "26",
    "4": "157",
    "5": "2468",
    "6": "359",
    "7": "48",
    "8": "5790",
    "9": "68",
    "0": "8",
}


def ball(code: str) -> frozenset[str]:
    """Return every other code that one slip makes of this one.

    The keypad takes a code when its last digit is there. So a digit left out is made up by
    whatever comes next (any digit), and a digit too many cuts off the last.
    For six digits: 152 codes on average, 155 when all digits differ (`docs/explanation/codes.md`).
    """
    slips = (_substitutions, _transpositions, _twins, _omissions, _insertions)
    return frozenset(near for slip in slips for near in slip(code)) - {code}


def neighbours(code: str) -> frozenset[str]:
    """Return every code that one slip makes of this one, or that one slip turns into this one.

    Every slip can be undone by a slip: an omission by an insertion, the others by their own
    kind. The two sets are therefore the same; a test counts it out for all codes of four digits.
    """
    return ball(code)


def _substitutions(code: str) -> Iterator[str]:
    """One digit is another."""
    for place in range(len(code)):
        for digit in DIGITS:
            yield code[:place] + digit + code[place + 1 :]


def _transpositions(code: str) -> Iterator[str]:
    """Two digits change places: neighbours (1 2 to 2 1), or over one between (1 x 2 to 2 x 1)."""
    for gap in (1, 2):
        for place in range(len(code) - gap):
            yield exchanged(code, place, place + gap)


def _twins(code: str) -> Iterator[str]:
    """A double digit is another double digit: 1 1 to 2 2."""
    for place in range(len(code) - 1):
        if code[place] == code[place + 1]:
            for digit in DIGITS:
                yield code[:place] + digit + digit + code[place + 2 :]


def _omissions(code: str) -> Iterator[str]:
    """A digit is left out, and the first digit of the next try, whichever, fills the end."""
    for place in range(len(code)):
        for digit in DIGITS:
            yield code[:place] + code[place + 1 :] + digit


def _insertions(code: str) -> Iterator[str]:
    """A digit comes in between, and the last is no longer heard."""
    for place in range(len(code)):
        for digit in DIGITS:
            yield code[:place] + digit + code[place:-1]


def exchanged(code: str, first: int, second: int) -> str:
    """Return the code with two places exchanged."""
    digits = list(code)
    digits[first], digits[second] = digits[second], digits[first]
    return "".join(digits)
