"""draw.js: no trace of what a code means in its place, its digits or the batch's order.

Bounds: a count of n fair tosses lies within 5 standard deviations, 2.5 * sqrt(n), of its mean
except once in 1.7 million runs. About sixty counts are looked at here, so a run of this file
goes wrong by chance once in 30,000. With 5,300 pairs a coin that falls 56 to 44 is found.
"""

from collections import Counter
from math import sqrt

import pytest

from watchword.core.codes import Policy
from web.enrol.node import run

pytestmark = pytest.mark.slow

DRAWS = 2_000
PAIRS = 8

# Beside each pair: the two codes as they were drawn, from the same random numbers again.
COLLECT = """
import { drawPair } from "./enrol/codes.js";
import { drawPairs, randomBelow } from "./enrol/draw.js";
const rows = [];
for (let n = 0; n < given.draws; n += 1) {
  const numbers = [];
  const below = (limit) => { numbers.push(randomBelow(limit)); return numbers.at(-1); };
  const ends = [];
  const pairs = drawPairs(given.policy, 6, 8, below, (count) => {
    if (ends.at(-1) !== numbers.length) ends.push(numbers.length);
    return new Uint8Array(count);
  });
  pairs.forEach(({ codes, everyday }, index) => {
    const own = numbers.slice(index ? ends[index - 1] : 0, ends[index]);
    const [one] = drawPair(given.policy, 6, () => own.shift());
    rows.push([index, codes[0], codes[1], everyday, codes[0] === one ? 0 : 1]);
  });
}
answer(rows);
"""


def fair(count, of, share=0.5):
    return abs(count - of * share) <= 5 * sqrt(of * share * (1 - share))


@pytest.fixture(scope="module", params=list(Policy))
def rows(request, served):
    """(index in the batch, first code, second code, place of the everyday one, exchanged)."""
    return run(served, COLLECT, {"policy": request.param, "draws": DRAWS // len(Policy)})


def test_the_place_of_the_everyday_code_is_even(rows):
    assert fair(sum(row[3] for row in rows), len(rows))


def test_it_is_even_at_every_index_of_the_batch(rows):
    for index in range(PAIRS):
        places = [row[3] for row in rows if row[0] == index]
        assert fair(sum(places), len(places)), index


def test_the_coin_and_the_shuffle_do_not_know_each_other(rows):
    cells = Counter((everyday ^ exchanged, exchanged) for *_, everyday, exchanged in rows)
    assert set(cells) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert all(fair(count, len(rows), 0.25) for count in cells.values())


def test_the_digits_do_not_tell_either(rows):
    larger = sum(row[1 + row[3]] > row[2 - row[3]] for row in rows)
    assert fair(larger, len(rows))


def test_the_pairs_of_a_batch_have_their_own_coins(rows):
    batches = [rows[at : at + PAIRS] for at in range(0, len(rows), PAIRS)]
    same = sum(batch[0][3] == batch[1][3] for batch in batches)
    assert fair(same, len(batches))


def test_random_below_has_no_bias(served):
    script = """
    import { randomBelow } from "./enrol/draw.js";
    const counts = Array(given).fill(0);
    for (let n = 0; n < 60000; n += 1) counts[randomBelow(given)] += 1;
    answer(counts);
    """
    for limit in (2, 3, 10):
        counts = run(served, script, limit)
        assert all(fair(count, 60_000, 1 / limit) for count in counts)


def test_what_would_be_a_bias_is_drawn_again(served):
    script = """
    import { randomBelow } from "./enrol/draw.js";
    const words = [4294967290, 4294967295, 4294967289];
    Object.defineProperty(crypto, "getRandomValues", {
      value: (array) => { array[0] = words.shift(); return array; },
    });
    answer([randomBelow(10), words.length]);
    """
    assert run(served, script) == [9, 0]  # 2^32 is 4,294,967,296: the last six are too many


@pytest.mark.parametrize("limit", [0, -1, 1.5, 2**32 + 1, None])
def test_random_below_refuses_nonsense(served, limit):
    script = """
    import { randomBelow } from "./enrol/draw.js";
    try { answer(randomBelow(given)); } catch (error) { answer(error.constructor.name); }
    """
    assert run(served, script, limit) == "RangeError"


def test_forgotten_pairs_hold_nothing(served):
    script = """
    import { drawPairs, forget } from "./enrol/draw.js";
    const pairs = drawPairs("private", 6, 8);
    const kept = [...pairs];
    forget(pairs);
    answer({ length: pairs.length, kept: kept.map(({ codes, everyday, refs }) =>
      [...codes, everyday, ...refs.map((ref) => ref.reduce((a, b) => a + b, 0))]) });
    """
    assert run(served, script) == {"length": 0, "kept": [["", "", -1, 0, 0]] * 8}
