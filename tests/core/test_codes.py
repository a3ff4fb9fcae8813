"""Pairs of codes: what is drawn, what is refused, what a policy costs."""

import json
import random
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path
from runpy import run_path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core import codes
from watchword.core.codes import Code, Policy, Refusal
from watchword.core.errors import InputError, LocalFaultError
from watchword.core.slips import DIGITS

FILE = Path(__file__).parents[1] / "vectors" / "codes.json"
VECTORS = json.loads(FILE.read_text("utf-8"))
GENERATOR = Path(__file__).parents[2] / "tools" / "vectors.py"

policies = st.sampled_from(Policy)
lengths = st.integers(4, 8)


def free(_: str) -> bool:
    return False


def pair_of(policy: Policy, digits: int, seed: int) -> tuple[str, str]:
    return codes.draw_pair(policy, digits, random.Random(seed).randrange)


pairs = st.builds(pair_of, policies, lengths, st.integers(0, 2**32))


def scripted(*values: int) -> Callable[[int], int]:
    rest = iter(values)
    return lambda below: next(rest) % below


# -- the vectors that other implementations share ------------------------------------------


def test_vectors_are_what_the_generator_writes() -> None:
    assert run_path(str(GENERATOR))["text"]() == FILE.read_text("utf-8")


@pytest.mark.parametrize("row", VECTORS["drawn"], ids=lambda row: "-".join(row["pair"]))
def test_draws_of_the_vectors_give_their_pair(row: dict[str, object]) -> None:
    asked = iter(row["draws"])

    def draw(below: int) -> int:
        expected, value = next(asked)
        assert below == expected
        return int(value)

    assert codes.draw_pair(Policy(row["policy"]), row["digits"], draw) == tuple(row["pair"])
    assert next(asked, None) is None


@pytest.mark.parametrize("row", VECTORS["pairs"] + VECTORS["near_other"])
@pytest.mark.parametrize("way", [1, -1])
def test_refusals_of_the_vectors_in_either_order(row: dict[str, object], way: int) -> None:
    one, other = row["pair"][::way]
    held = {row.get("held")}
    assert (
        codes.check_pair(Policy(row["policy"]), (one, other), held.__contains__) == row["refusal"]
    )


# -- drawing -------------------------------------------------------------------------------


@given(policies, lengths, st.integers(0, 2**32))
def test_a_drawn_pair_is_fine_by_itself(policy: Policy, digits: int, seed: int) -> None:
    one, other = pair_of(policy, digits, seed)
    assert one != other
    assert len(one) == len(other) == digits
    assert not codes.is_weak(one)
    assert not codes.is_weak(other)
    assert codes.check_pair(policy, (one, other), free) is None
    assert (other in codes.neighbours(one)) == (policy is Policy.SWAP_LAST_TWO)


@given(lengths, st.integers(0, 2**32))
def test_private_pairs_differ_in_two_places_that_do_not_touch(digits: int, seed: int) -> None:
    one, other = pair_of(Policy.PRIVATE, digits, seed)
    places = [at for at in range(digits) if one[at] != other[at]]
    assert len(places) == 2
    assert places[1] - places[0] >= 2


@pytest.mark.slow
def test_private_pairs_come_in_every_place_and_both_orders() -> None:
    """Neither code of a pair is special: which is greater is a fair coin, at every place."""
    source = random.Random(20261123)
    drawn = [codes.draw_pair(Policy.PRIVATE, 6, source.randrange) for _ in range(1000)]
    seen = {tuple(at for at in range(6) if a[at] != b[at]) for a, b in drawn}
    assert seen == {(a, b) for a, b in combinations(range(6), 2) if b - a > 1}
    greater = sum(a > b for a, b in drawn)
    assert abs(greater - 500) < 4.5 * (1000 * 0.25) ** 0.5  # one false alarm in 150,000 seeds


@given(pairs)
def test_a_pair_is_exactly_as_likely_as_its_mirror(pair: tuple[str, str]) -> None:
    """Draws are even and each candidate has one way to be drawn; the mirror has one as well."""
    for each in (pair, pair[::-1]):
        policy = next(p for p in Policy if codes.check_pair(p, each, free) is None)
        values = [int(digit) for digit in each[0]]
        if policy is Policy.INDEPENDENT:
            values += [int(digit) for digit in each[1]]
        elif policy is Policy.PRIVATE:
            size = len(each[0])
            places = [at for at in range(size) if each[0][at] != each[1][at]]
            apart = [list(two) for two in combinations(range(size), 2) if two[1] - two[0] > 1]
            values += [apart.index(places), *(int(each[1][at]) for at in places)]
        assert codes.draw_pair(policy, len(each[0]), scripted(*values)) == each


def test_a_bad_candidate_is_drawn_again_from_the_start() -> None:
    draw = scripted(*map(int, "1111507350738261"))
    assert codes.draw_pair(Policy.INDEPENDENT, 4, draw) == ("5073", "8261")


@pytest.mark.parametrize("policy", Policy)
def test_chance_that_always_says_the_same_is_an_error_and_not_a_hang(policy: Policy) -> None:
    with pytest.raises(LocalFaultError, match="random"):
        codes.draw_pair(policy, 6, lambda _: 0)


# -- checking ------------------------------------------------------------------------------


@given(pairs, policies, st.booleans())
def test_order_never_matters(pair: tuple[str, str], policy: Policy, busy: bool) -> None:
    def ask(order: tuple[str, str]) -> tuple[Refusal | None, list[str]]:
        asked: list[str] = []

        def taken(code: str) -> bool:
            asked.append(code)
            return busy and code.endswith("7")

        return codes.check_pair(policy, order, taken), asked

    assert ask(pair) == ask(pair[::-1])


@given(pairs)
def test_every_code_one_slip_from_either_is_asked_for_once(pair: tuple[str, str]) -> None:
    asked: list[str] = []

    def taken(code: str) -> bool:
        asked.append(code)
        return False

    for policy in Policy:
        asked.clear()
        if codes.check_pair(policy, pair, taken) is None:
            around = codes.neighbours(pair[0]) | codes.neighbours(pair[1])
            assert len(asked) == len(set(asked))
            assert set(asked) == around | set(pair)


@given(pairs, st.data())
def test_a_code_of_somebody_else_one_slip_away_refuses(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    policy = next(p for p in Policy if codes.check_pair(p, pair, free) is None)
    near = data.draw(st.sampled_from(sorted(codes.ball(data.draw(st.sampled_from(pair))))))
    assert codes.check_pair(policy, pair, near.__eq__) is Refusal.NEAR_OTHER
    assert codes.check_pair(policy, pair, data.draw(st.sampled_from(pair)).__eq__) is (
        Refusal.NEAR_OTHER
    )


@pytest.mark.slow
@given(st.integers(0, 2**32))
def test_a_site_filled_by_the_check_is_safe_from_every_single_slip(seed: int) -> None:
    """The promise itself, for a whole site of four digits, with all policies mixed."""
    source = random.Random(seed)
    held: dict[str, int] = {}
    for person in range(codes.max_people(4)):
        policy = source.choice(list(Policy))
        while True:
            pair = codes.draw_pair(policy, 4, source.randrange)
            if codes.check_pair(policy, pair, held.__contains__) is None:
                break
        held |= dict.fromkeys(pair, person)
        own = codes.ball(pair[0]) & {pair[1]}
        assert bool(own) == (policy is Policy.SWAP_LAST_TWO)
    assert len(held) == 10
    for code, person in held.items():
        assert all(held.get(near, person) == person for near in codes.ball(code))


@pytest.mark.parametrize("pair", [("1233", "1233"), ("5077", "5077"), ("5073", "5077")])
def test_swap_refuses_what_it_cannot_vary(pair: tuple[str, str]) -> None:
    assert codes.check_pair(Policy.SWAP_LAST_TWO, pair, free) is Refusal.CANNOT_VARY


@given(st.text(DIGITS, min_size=4, max_size=8))
def test_a_tenth_of_codes_has_no_swapped_form_and_all_have_the_others(code: str) -> None:
    assert codes.can_vary(Policy.SWAP_LAST_TWO, code) == (code[-1] != code[-2])
    assert codes.can_vary(Policy.PRIVATE, code)
    assert codes.can_vary(Policy.INDEPENDENT, code)


@pytest.mark.parametrize(
    "pair",
    [
        ("5073", "50738"),
        ("507", "508"),
        ("507382612", "829150334"),
        ("50 73", "8261"),
        ("\u0665073", "8261"),
    ],
)
def test_what_is_no_pair_of_codes_is_an_error_without_digits(pair: tuple[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        codes.check_pair(Policy.PRIVATE, pair, free)
    assert not any(part in str(caught.value) for part in pair)


# -- reading and showing -------------------------------------------------------------------


@given(lengths.flatmap(lambda n: st.text(DIGITS, min_size=n, max_size=n)))
def test_what_is_shown_can_be_read(code: str) -> None:
    assert codes.check_code(codes.show(code), len(code)) == code
    assert codes.check_code(code, len(code)) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "50738",
        "5073826",
        "50738x",
        "-50738",
        "+50738",
        "5073.8",
        "\uff15\uff10\uff17\uff13\uff18\uff12",
        "\u0665\u0660\u0667\u0663\u0668\u0662",
        "5" * 10**6,
        "507382\n",
    ],
)
def test_what_is_no_code_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        codes.check_code(text, 6)
    said = f"{caught.value} {caught.value.hint}"
    assert "6 digits" in said
    assert not text or text.strip() not in said


@pytest.mark.parametrize(("digits", "people"), [(4, 5), (5, 50), (6, 500), (7, 5000), (8, 50000)])
def test_people_hold_at_most_a_thousandth_of_all_codes(digits: int, people: int) -> None:
    assert codes.max_people(digits) == people
    assert people * 2 * 1000 <= 10**digits < (people + 1) * 2 * 1000


@pytest.mark.parametrize("digits", [-1, 0, 3, 9, 10**6])
def test_a_length_that_codes_do_not_have_is_refused(digits: int) -> None:
    for call in (
        lambda: codes.max_people(digits),
        lambda: codes.check_code("5073", digits),
        lambda: codes.draw_pair(Policy.PRIVATE, digits, scripted()),
        lambda: codes.false_dispatches(Policy.PRIVATE, digits, 1),
    ):
        with pytest.raises(InputError, match="4 to 8 digits"):
            call()


def test_a_code_hides_itself() -> None:
    code = Code("507382")
    assert code.reveal() == "507382"
    assert "5073" not in f"{code} {code!r} {[code]}"
    with pytest.raises(InputError) as caught:
        Code("50738x")
    assert "5073" not in str(caught.value)


# -- what a policy costs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "digits", "per_1000"),
    [
        (Policy.SWAP_LAST_TWO, 4, 1.29),
        (Policy.SWAP_LAST_TWO, 6, 0.78),
        (Policy.PRIVATE, 4, 5.4e-4),
        (Policy.PRIVATE, 6, 1.9e-4),
        (Policy.INDEPENDENT, 4, 6e-5),
        (Policy.INDEPENDENT, 6, 1e-6),
    ],
)
def test_false_dispatches_of_the_table(policy: Policy, digits: int, per_1000: float) -> None:
    assert codes.false_dispatches(policy, digits, 1000) == pytest.approx(per_1000)


def test_a_family_that_disarms_four_times_a_day_meets_two_a_year_under_swap() -> None:
    assert codes.false_dispatches(Policy.SWAP_LAST_TWO, 4, 4 * 365) == pytest.approx(1.9, abs=0.05)


@given(policies, lengths, st.floats(0, 1e6), st.floats(0, 0.5))
def test_false_dispatches_are_proportional(
    policy: Policy, digits: int, entries: float, slips: float
) -> None:
    one = codes.false_dispatches(policy, digits, entries, slips)
    assert codes.false_dispatches(policy, digits, 2 * entries, slips) == pytest.approx(2 * one)
    assert codes.false_dispatches(policy, digits, entries, 2 * slips) == pytest.approx(2 * one)


@pytest.mark.parametrize("policy", Policy)
def test_more_digits_never_cost_more(policy: Policy) -> None:
    cost = [codes.false_dispatches(policy, digits, 1000) for digits in range(4, 9)]
    assert cost == sorted(cost, reverse=True)
    assert cost[0] > cost[1] > cost[2] > 0


@pytest.mark.parametrize(
    ("entries", "slips"),
    [
        (-1, 0.03),
        (float("inf"), 0.03),
        (float("nan"), 0.03),
        (1, -0.1),
        (1, 1.1),
        (1, float("nan")),
    ],
)
def test_rates_that_cannot_be_are_refused(entries: float, slips: float) -> None:
    with pytest.raises(InputError):
        codes.false_dispatches(Policy.PRIVATE, 6, entries, slips)


def test_cross_check_of_the_swap_formula_by_typing() -> None:
    """The model typed out: every slip with its share, for one code of four different digits."""
    code, swapped = "5073", "5037"
    chance = 0.12 / 3  # one of three neighbouring pairs
    for share, heard in (
        (0.06, [code[:at] + code[at + 1 :] + key for at, key in product(range(4), DIGITS)]),
        (0.06, [code[:at] + key + code[at:-1] for at, key in product(range(4), DIGITS)]),
    ):
        chance += share * heard.count(swapped) / len(heard)
    assert 1000 * 0.03 * chance == pytest.approx(
        codes.false_dispatches(Policy.SWAP_LAST_TWO, 4, 1000)
    )
