"""Codes: which two codes a person may hold, and how near two codes may be.

This file owns one rule: no single slip of the finger turns a code of anyone into a code of
anyone. Both codes of a pair are equal in every way; nothing here can say which is which.

The classic policy `swap-last-two` exempts a person's own pair from that rule, because its two
codes are one slip apart by construction. `false_dispatches` says what that costs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Final, assert_never

from watchword.core.errors import InputError, LocalFaultError
from watchword.core.slips import BESIDE, DIGITS, ball, exchanged, neighbours
from watchword.core.weak import is_weak

__all__ = [
    "DEFAULT_DIGITS",
    "MAX_DIGITS",
    "MIN_DIGITS",
    "Code",
    "Policy",
    "Refusal",
    "ball",
    "can_vary",
    "check_code",
    "check_pair",
    "draw_pair",
    "false_dispatches",
    "is_weak",
    "max_people",
    "neighbours",
    "show",
]

MIN_DIGITS: Final = 4
MAX_DIGITS: Final = 8
DEFAULT_DIGITS: Final = 6

# 0.1 % of the code space may be valid: a thousand guesses for one hit. Two codes for each person.
GUESSES_PER_HIT: Final = 1000
CODES_PER_PERSON: Final = 2

# About one draw in three is a good pair, so a thousand in vain means a broken source of chance.
DRAWS_MAX: Final = 1000


class Policy(StrEnum):
    """How the two codes of one person are related."""

    PRIVATE = "private"
    """They differ in two digits that do not touch, at places and by values nobody else knows."""

    INDEPENDENT = "independent"
    """They have nothing to do with each other."""

    SWAP_LAST_TWO = "swap-last-two"
    """The classic: the last two digits change places."""


class Refusal(StrEnum):
    """Why a pair of codes cannot be taken. It never names a code or another person."""

    CANNOT_VARY = "policy-cannot-vary"
    NOT_OF_POLICY = "not-of-this-policy"
    WEAK = "weak"
    TOO_NEAR_OWN = "too-near-own"
    NEAR_OTHER = "taken-or-near-other"


@dataclass(frozen=True, slots=True)
class Code:
    """The digits of a code, which show themselves to nobody who does not ask."""

    _digits: str = field(repr=False)

    def __post_init__(self) -> None:
        _require_code(self._digits)

    def reveal(self) -> str:
        """Hand over the digits; search for callers of this to see where they go."""
        return self._digits


def check_code(text: str, digits: int) -> str:
    """Return `text` as plain digits; spaces as `show` prints them are allowed.

    Raises:
        InputError: not exactly `digits` ASCII digits. The message never repeats what was typed.
    """
    _require_length(digits)
    plain = text.replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) == digits):
        message = f"A code here is {digits} digits."
        raise InputError(message, hint="Type digits only.")
    return plain


def show(code: str) -> str:
    """Return the code in two groups, as people read it: 123 456, 12 34."""
    middle = (len(code) + 1) // 2
    return f"{code[:middle]} {code[middle:]}"


def max_people(digits: int) -> int:
    """Return how many people may hold codes at a site: 5, 50, 500, ... for 4, 5, 6, ... digits.

    Raises:
        InputError: `digits` is out of range.
    """
    _require_length(digits)
    return int(10**digits // GUESSES_PER_HIT // CODES_PER_PERSON)


# -- pairs ---------------------------------------------------------------------------------


def can_vary(policy: Policy, code: str) -> bool:
    """Tell whether the policy makes a second code of this one: 1233 has no swapped form."""
    return policy is not Policy.SWAP_LAST_TWO or code[-1] != code[-2]


def draw_pair(policy: Policy, digits: int, draw: Callable[[int], int]) -> tuple[str, str]:
    """Draw two codes that are fine by themselves; others' codes are for `check_pair`.

    Every good pair is as likely as the same pair the other way round: whatever fails is drawn
    again from the start, and what is good does not depend on the order. Neither is "the first".

    Args:
        policy: how the two are related.
        digits: how many digits each has.
        draw: `draw(n)` is a whole number from 0 to n-1, evenly (`secrets.randbelow`).

    Raises:
        InputError: `digits` is out of range.
        LocalFaultError: the source of chance never gave a good pair.
    """
    _require_length(digits)
    for _ in range(DRAWS_MAX):
        pair = _candidate(policy, digits, draw)
        if _own_refusal(policy, *pair) is None:
            return pair
    message = "No pair of codes could be drawn."
    raise LocalFaultError(message, hint="The source of random numbers repeats itself.")


def check_pair(
    policy: Policy, pair: tuple[str, str], taken: Callable[[str], bool]
) -> Refusal | None:
    """Return why this pair cannot be taken, or None; the order of the pair never matters.

    Args:
        policy: how the two must be related.
        pair: two codes of the same length.
        taken: tells whether a code belongs to anyone else; asked for both codes and for every
            code one slip away from either, about 300 times for six digits.

    Raises:
        InputError: the pair is not two codes of one length.
    """
    one, other = pair
    _require_code(one)
    _require_code(other)
    if len(one) != len(other):
        raise InputError("The two codes of a pair have one length.")
    if refusal := _own_refusal(policy, one, other):
        return refusal
    # Sorted, so that asking is the same work in the same order for (a, b) and (b, a).
    asked = sorted({one, other} | neighbours(one) | neighbours(other))
    return Refusal.NEAR_OTHER if any(taken(code) for code in asked) else None


def _own_refusal(policy: Policy, one: str, other: str) -> Refusal | None:
    """Return what is wrong with the pair by itself."""
    if not (can_vary(policy, one) and can_vary(policy, other)):
        return Refusal.CANNOT_VARY
    if is_weak(one) or is_weak(other):
        return Refusal.WEAK
    if policy is Policy.SWAP_LAST_TWO:
        return None if other == _swapped(one) else Refusal.NOT_OF_POLICY
    if one == other or other in neighbours(one):
        return Refusal.TOO_NEAR_OWN
    if policy is Policy.PRIVATE and not _differ_privately(one, other):
        return Refusal.NOT_OF_POLICY
    return None


def _differ_privately(one: str, other: str) -> bool:
    """Two digits differ, their places do not touch, and no key is beside the one it replaces."""
    places = [place for place in range(len(one)) if one[place] != other[place]]
    return (
        len(places) == 2  # noqa: PLR2004 - that is the policy
        and places[1] - places[0] > 1
        and all(other[place] not in BESIDE[one[place]] for place in places)
    )


def _candidate(policy: Policy, digits: int, draw: Callable[[int], int]) -> tuple[str, str]:
    """Draw a pair that may still be bad. The order of draws is fixed: see the shared vectors."""
    one = "".join(DIGITS[draw(10)] for _ in range(digits))
    match policy:
        case Policy.INDEPENDENT:
            return one, "".join(DIGITS[draw(10)] for _ in range(digits))
        case Policy.SWAP_LAST_TWO:
            return one, _swapped(one)
        case Policy.PRIVATE:
            places = [(a, b) for a, b in combinations(range(digits), 2) if b - a > 1]
            first, second = places[draw(len(places))]
            other = list(one)
            other[first] = DIGITS[draw(10)]
            other[second] = DIGITS[draw(10)]
            return one, "".join(other)
        case _:
            assert_never(policy)


def _swapped(code: str) -> str:
    """Return the code with its last two digits exchanged."""
    return exchanged(code, len(code) - 2, len(code) - 1)


# -- what a policy costs -------------------------------------------------------------------

# False dispatches in 1,000 entries at a slip rate of 3 %, by the project's typing model (see
# docs/explanation/codes.md). For these two the rest is two slips in one entry.
_PER_1000_AT_3_PERCENT: Final = {
    Policy.PRIVATE: {4: 5.4e-4, 6: 1.9e-4},
    Policy.INDEPENDENT: {4: 6e-5, 6: 1e-6},
}
_TABLE_SLIP_RATE: Final = 0.03
# Shares of all slips: adjacent transpositions, and omissions and insertions together. The digit
# that fills an omission, or that is inserted, is the right one of ten.
_ADJACENT_SHARE: Final = 0.12
_LENGTH_SHARE: Final = 0.06 + 0.06


def false_dispatches(
    policy: Policy, digits: int, entries_per_year: float, slip_rate: float = 0.03
) -> float:
    """Return the expected false dispatches a year from slips while typing the daily code.

    From the model's table are: 4 and 6 digits for `private` (5.4e-4, 1.9e-4 in 1,000 entries) and
    `independent` (6e-5, below 1e-6, taken as 1e-6). Derived here: 5 digits is the geometric mean
    of 4 and 6; 7 and 8 are given the figure of 6, which they do not exceed. `swap-last-two` is
    calculated for every length and gives the table's 1.29 and 0.78 for 4 and 6.

    Args:
        policy: how the two codes of a person are related.
        digits: how many digits a code has.
        entries_per_year: codes typed at this site in a year, by everyone together.
        slip_rate: share of entries with a slip. No rate for wall keypads was ever published; the
            default is assumed, 1 % to 10 % is plausible, and the result is proportional to it.

    Raises:
        InputError: a value is out of range.
    """
    _require_length(digits)
    if not 0 <= entries_per_year < float("inf"):
        raise InputError("Entries per year cannot be below zero or without end.")
    if not 0 <= slip_rate <= 1:
        raise InputError("A slip rate is between 0 and 1.")
    return entries_per_year * slip_rate * _share_of_slips(policy, digits)


def _share_of_slips(policy: Policy, digits: int) -> float:
    """Return which share of slips types the other code of the same person."""
    if policy is Policy.SWAP_LAST_TWO:
        # One place of n-1 to transpose; one place of n and one digit of ten for the others.
        return _ADJACENT_SHARE / (digits - 1) + _LENGTH_SHARE / (10 * digits)
    table = _PER_1000_AT_3_PERCENT[policy]
    per_1000 = (table[4] * table[6]) ** 0.5 if digits == 5 else table[min(digits, 6)]  # noqa: PLR2004
    return per_1000 / 1000 / _TABLE_SLIP_RATE


# -- what is a code at all -----------------------------------------------------------------


def _require_length(digits: int) -> None:
    """Refuse a number of digits that codes do not have."""
    if not MIN_DIGITS <= digits <= MAX_DIGITS:
        message = f"Codes have {MIN_DIGITS} to {MAX_DIGITS} digits, not {digits}."
        raise InputError(message, hint="Six is the default.")


def _require_code(text: str) -> None:
    """Refuse what is not a code, without repeating it."""
    if not (text.isascii() and text.isdigit() and MIN_DIGITS <= len(text) <= MAX_DIGITS):
        message = f"A code is {MIN_DIGITS} to {MAX_DIGITS} digits."
        raise InputError(message, hint="Type digits only.")
