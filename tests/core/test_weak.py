"""Which codes are weak: every kind by example, and how many of all codes that leaves out."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.slips import DIGITS
from watchword.core.weak import is_weak

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "codes.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("kind", "code"), [(kind, code) for kind, codes in VECTORS["weak"].items() for code in codes]
)
def test_weak(kind: str, code: str) -> None:
    assert is_weak(code), kind


@pytest.mark.parametrize(
    ("why", "code"), [(why, code) for why, codes in VECTORS["not_weak"].items() for code in codes]
)
def test_not_weak(why: str, code: str) -> None:
    assert not is_weak(code), why


@pytest.mark.parametrize(("digits", "per_cent"), [(4, 17), (5, 6), (6, 10), (7, 0.5), (8, 0.3)])
def test_share_of_all_codes_that_is_weak(digits: int, per_cent: float) -> None:
    """As the module says; counted for 4, by a repeatable sample above."""
    numbers = (
        range(10**4) if digits == 4 else random.Random(digits).sample(range(10**digits), 4_000)
    )
    share = 100 * sum(is_weak(f"{number:0{digits}}") for number in numbers) / len(numbers)
    assert share == pytest.approx(per_cent, abs=0.2 + per_cent / 20)


@given(st.sampled_from(DIGITS), st.integers(0, 9), st.integers(4, 8))
def test_every_sequence_of_one_step_is_weak(first: str, step: int, digits: int) -> None:
    assert is_weak("".join(str((int(first) + step * n) % 10) for n in range(digits)))


@given(st.dates(), st.sampled_from(["%d%m", "%m%d", "%d%m%y", "%m%d%y", "%y%m%d"]))
def test_every_date_is_weak(day: object, form: str) -> None:
    assert is_weak(format(day, form))
