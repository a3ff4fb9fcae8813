"""What one slip makes of a code, counted out against a second, slower description of a slip."""

from itertools import product
from math import perm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.slips import BESIDE, DIGITS, ball, exchanged, neighbours

codes = st.integers(4, 8).flatmap(lambda n: st.text(DIGITS, min_size=n, max_size=n))


def typed(code: str, then: str) -> set[str]:
    """What the keypad hears when one slip happens and `then` is typed after it, as keys."""
    keys: set[str] = set()
    for at in range(len(code)):
        rest = code[at + 1 :]
        keys.add(code[:at] + rest)  # left out
        for key in DIGITS:
            keys.add(code[:at] + key + rest)  # another key
            keys.add(code[:at] + key + code[at:])  # one too many
            if rest[:1] == code[at]:
                keys.add(code[:at] + key + key + code[at + 2 :])  # a double, wrong twice
        keys.add(code[:at] + rest[:1] + code[at] + code[at + 2 :])  # two the wrong way round
        if len(rest) > 1:
            keys.add(code[:at] + rest[1] + rest[0] + code[at] + code[at + 3 :])
    # The keypad takes the first digits and no more.
    return {(heard + then)[: len(code)] for heard in keys}


@pytest.mark.parametrize("code", ["5073", "1123", "0000", "1221", "507382", "998877", "50738261"])
def test_ball_is_what_the_keypad_hears_after_one_slip(code: str) -> None:
    heard = {each for then in DIGITS for each in typed(code, then)}
    assert ball(code) == heard - {code}


def patterns(size: int) -> list[tuple[str, int]]:
    """Every pattern of equal digits, and how many codes have it: the model knows no digit names."""
    found = [("", 0)]
    for _ in range(size):
        found = [
            (text + DIGITS[new], max(used, new + 1))
            for text, used in found
            for new in range(used + 1)
        ]
    return [(text, perm(10, used)) for text, used in found]


@pytest.mark.parametrize(
    ("digits", "mean", "all_different"),
    [(4, 92.9, 95), (5, 122.6, 125), (6, 152.3, 155)],
)
def test_ball_sizes_are_the_published_93_122_152(
    digits: int, mean: float, all_different: int
) -> None:
    """The published sizes are means over all codes, without their fraction (122 for 122.6)."""
    sizes = [(len(ball(code)), weight) for code, weight in patterns(digits)]
    assert sum(weight for _, weight in sizes) == 10**digits
    assert round(sum(s * w for s, w in sizes) / 10**digits, 1) == mean
    assert len(ball("5073826"[:digits])) == all_different == max(size for size, _ in sizes)


@pytest.mark.slow
def test_both_directions_are_one_for_every_code_of_four_digits() -> None:
    """Counted, not argued: whatever reaches a code by one slip is reached from it by one."""
    balls = {code: ball(code) for code in map("".join, product(DIGITS, repeat=4))}
    assert all(code in balls[near] for code, around in balls.items() for near in around)


@given(codes, st.data())
def test_both_directions_are_one(code: str, data: st.DataObject) -> None:
    near = data.draw(st.sampled_from(sorted(ball(code))))
    assert code in ball(near)
    assert near in neighbours(code)
    assert code in neighbours(near)


@given(codes)
def test_a_ball_is_of_other_codes_of_the_same_length(code: str) -> None:
    around = ball(code)
    assert code not in around
    assert all(len(near) == len(code) and set(near) <= set(DIGITS) for near in around)


def test_keys_beside_each_other_are_so_both_ways() -> None:
    assert set(BESIDE) == set(DIGITS)
    assert all(a in BESIDE[b] for a, around in BESIDE.items() for b in around)
    # On a phone's keypad, by row and column: beside means one step, never aslant.
    place = {key: divmod("123456789*0".index(key), 3) for key in DIGITS}
    for one, other in product(DIGITS, repeat=2):
        apart = abs(place[one][0] - place[other][0]) + abs(place[one][1] - place[other][1])
        assert (other in BESIDE[one]) == (apart == 1)


def test_exchanged_takes_two_places() -> None:
    assert exchanged("5073", 0, 3) == "3075"
