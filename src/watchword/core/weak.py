"""Weak codes: the ones that somebody would guess early.

This file owns one rule: which codes are never given to anybody nor taken from anybody. It refuses
17, 6, 10, 0.5 and 0.3 % of the codes of 4 to 8 digits. For codes that people choose a list of
about a tenth is what was found useful; for drawn codes it merely avoids what looks like chosen.
"""

from itertools import pairwise
from typing import Final

from watchword.core.slips import BESIDE

_LINES: Final = frozenset(
    line[::way]
    for line in ("123", "456", "789", "147", "258", "369", "159", "357")
    for way in (1, -1)
)
_CORNERS: Final = frozenset("1379")
# Often chosen, and caught by no rule below: love, pi, e, Fibonacci, a car, a film, a song.
_POPULAR: Final = frozenset({"0007", "1004", "5150", "5683", "31415", "112358", "271828", "314159"})
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEARS: Final = range(1900, 2040)
_DATE_FORMS: Final = {
    4: ("DDMM", "MMDD", "YYYY"),
    6: ("DDMMyy", "MMDDyy", "yyMMDD", "MMYYYY", "YYYYMM"),
    8: ("DDMMYYYY", "MMDDYYYY", "YYYYMMDD"),
}


def is_weak(code: str) -> bool:
    """Tell whether somebody would guess this code early: a pattern, a shape on the keys, a date."""
    return _is_pattern(code) or _is_shape(code) or _is_date(code) or code in _POPULAR


def _is_pattern(code: str) -> bool:
    """Few different digits, a repeated block, doubles, the same read backwards, a sequence."""
    size = len(code)
    return (
        len(set(code)) <= 2  # noqa: PLR2004 - 1111, 1212, 1222
        or code == code[::-1]
        or any(code[period:] == code[:-period] for period in range(1, (size + 1) // 2 + 1))
        or (size % 2 == 0 and code[::2] == code[1::2])
        or _longest_run(code) >= max(4, size - 1)
    )


def _longest_run(code: str) -> int:
    """Return the most digits in a row with one step between them: 2468 and 8901 are runs of 4."""
    steps = [(int(b) - int(a)) % 10 for a, b in pairwise(code)]
    longest = run = 1
    for place, step in enumerate(steps):
        run = run + 1 if place and step == steps[place - 1] else 2
        longest = max(longest, run)
    return longest


def _is_shape(code: str) -> bool:
    """A walk from key to key beside it (2580), the four corners, or lines of three (147 369)."""
    blocks = [code[start : start + 3] for start in range(0, len(code), 3)]
    return (
        all(after in BESIDE[before] for before, after in pairwise(code))
        or set(code) <= _CORNERS
        or all(block in _LINES for block in blocks)
    )


def _is_date(code: str) -> bool:
    """A day of the year or a year, in the forms that people write with this many digits."""
    return any(_reads_as(form, code) for form in _DATE_FORMS.get(len(code), ()))


def _reads_as(form: str, code: str) -> bool:
    """Tell whether the code is a date of this form; yy is any year of a century."""
    part = {
        letter: int("".join(d for f, d in zip(form, code, strict=True) if f == letter))
        for letter in set(form)
    }
    if "Y" in part and part["Y"] not in _YEARS:
        return False
    if "M" not in part:
        return True
    if not 1 <= part["M"] <= len(_DAYS_IN_MONTH):
        return False
    return "D" not in part or 1 <= part["D"] <= _DAYS_IN_MONTH[part["M"] - 1]
