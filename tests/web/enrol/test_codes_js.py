"""codes.js has the rules of core.codes: by shared vectors, and compared on random input."""

import hashlib
import json
import random
from pathlib import Path

import pytest

from watchword.core.codes import Policy, ball, check_pair, draw_pair, is_weak, show
from web.enrol.node import run

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "codes.json").read_text(encoding="utf-8")
)
IMPORT = "import * as codes from './enrol/codes.js';\n"


def some_codes(rng, digits, count):
    return [f"{rng.randrange(10**digits):0{digits}d}" for _ in range(count)]


def digest(near):
    return hashlib.sha256(" ".join(sorted(near)).encode()).hexdigest()


@pytest.mark.parametrize("call", ["show", "ball", "neighbours"])
def test_single_codes_of_the_vectors(served, call):
    table = VECTORS["show"] if call == "show" else VECTORS["balls"]
    script = """
    const value = (code) => {
      const found = codes[given.call](code);
      return found instanceof Set ? [...found].sort() : found;
    };
    answer(Object.fromEntries(given.codes.map((code) => [code, value(code)])));
    """
    got = run(served, IMPORT + script, {"call": call, "codes": list(table)})
    assert got == table


@pytest.mark.parametrize(("name", "weak"), [("weak", True), ("not_weak", False)])
def test_weak_codes_of_the_vectors(served, name, weak):
    given = [code for group in VECTORS[name].values() for code in group]
    script = "answer(given.filter((code) => codes.isWeak(code)));"
    assert run(served, IMPORT + script, given) == (given if weak else [])


def test_pairs_of_the_vectors(served):
    script = """
    answer(given.map(({ policy, pair, held }) =>
      codes.checkPair(policy, pair, (code) => code === held)));
    """
    cases = VECTORS["pairs"] + VECTORS["near_other"]
    assert run(served, IMPORT + script, cases) == [case["refusal"] for case in cases]


DRAW = """
answer(given.map(({ policy, digits, draws }) => {
  const asked = [];
  const below = (n) => {
    const [limit, value] = draws[asked.length];
    if (limit !== n) throw new Error(`draw ${asked.length} asks below ${n}, not ${limit}`);
    asked.push(n);
    return value;
  };
  const pair = codes.drawPair(policy, digits, below);
  return { pair, asked: asked.length };
}));
"""


def test_draws_of_the_vectors(served):
    got = run(served, IMPORT + DRAW, VECTORS["drawn"])
    assert got == [{"pair": c["pair"], "asked": len(c["draws"])} for c in VECTORS["drawn"]]


def test_random_draws_are_those_of_python(served):
    rng = random.Random(20_261_123)
    cases, expected = [], []
    for _ in range(400):
        draws = []

        def below(n, draws=draws):
            draws.append([n, rng.randrange(n)])
            return draws[-1][1]

        policy, digits = rng.choice(list(Policy)), rng.randint(4, 8)
        pair = draw_pair(policy, digits, below)
        cases.append({"policy": policy, "digits": digits, "draws": draws})
        expected.append({"pair": list(pair), "asked": len(draws)})
    assert run(served, IMPORT + DRAW, cases) == expected


def test_random_codes_are_judged_as_by_python(served):
    rng = random.Random(7)
    every_short = [f"{n:04d}" for n in range(10_000)]
    dates = [f"{rng.randint(0, 33):02d}{rng.randint(0, 13):02d}{y:04d}" for y in range(1895, 2045)]
    given = [
        *every_short,
        *dates,
        *(code[:4] + code[6:] for code in dates),
        *(code for digits in (5, 6, 7, 8) for code in some_codes(rng, digits, 2_000)),
    ]
    script = "answer(given.map((code) => [codes.isWeak(code), codes.show(code)]));"
    assert run(served, IMPORT + script, given) == [[is_weak(c), show(c)] for c in given]


def test_random_balls_are_those_of_python(served):
    rng = random.Random(8)
    given = [code for digits in range(4, 9) for code in some_codes(rng, digits, 60)]
    given += ["".join(str(rng.randrange(3)) for _ in range(6)) for _ in range(60)]  # many twins
    script = """
    import { createHash } from "node:crypto";
    const hash = (text) => createHash("sha256").update(text).digest("hex");
    answer(given.map((code) => hash([...codes.ball(code)].sort().join(" "))));
    """
    assert run(served, IMPORT + script, given) == [digest(ball(code)) for code in given]


def test_random_pairs_are_judged_as_by_python(served):
    rng = random.Random(9)
    cases = []
    for _ in range(3_000):
        digits = rng.randint(4, 6)
        [one] = some_codes(rng, digits, 1)
        other = list(one)
        for place in rng.sample(range(digits), rng.randint(1, 3)):
            other[place] = str(rng.randrange(10))
        pair = rng.choice([[one, "".join(other)], [one, one[:-2] + one[-1] + one[-2]]])
        cases.append({"policy": rng.choice(list(Policy)), "pair": pair, "held": pair[0][::-1]})
    script = """
    answer(given.map(({ policy, pair, held }) =>
      codes.checkPair(policy, pair, (code) => code === held)));
    """
    expected = [check_pair(c["policy"], tuple(c["pair"]), c["held"].__eq__) for c in cases]
    assert len(set(expected)) >= 5  # every kind of answer is among them
    assert run(served, IMPORT + script, cases) == expected


@pytest.mark.parametrize(
    ("policy", "digits"), [("private", 3), ("private", 9), ("private", "6"), ("none", 6)]
)
def test_nonsense_is_refused(served, policy, digits):
    script = """
    try { codes.drawPair(given.policy, given.digits, () => 0); answer("drawn"); }
    catch (error) { answer(error.constructor.name); }
    """
    assert run(served, IMPORT + script, {"policy": policy, "digits": digits}) == "RangeError"


def test_a_broken_source_of_chance_ends(served):
    script = """
    try { codes.drawPair("private", 6, () => 0); answer("drawn"); }
    catch (error) { answer(error.message); }
    """
    assert "random numbers" in run(served, IMPORT + script)
