"""practice.js: each code right twice, in turns; a miss costs nothing and is named."""

from web.enrol.node import run

WALK = """
import * as practice from "./enrol/practice.js";
const codes = { everyday: "507382", forced: "567312" };
let state = practice.START;
answer(given.map((typed) => {
  const asked = practice.wanted(state);
  let what;
  [state, what] = practice.step(state, typed, codes);
  return [asked, what, practice.rightSoFar(state, "everyday"),
          practice.rightSoFar(state, "forced"), state.misses];
}));
"""
DAILY, SECOND = "507382", "567312"


def test_twice_each_in_turns(served):
    assert run(served, WALK, [DAILY, SECOND, DAILY, SECOND, DAILY]) == [
        ["everyday", "right", 1, 0, 0],
        ["forced", "right", 1, 1, 0],
        ["everyday", "right", 2, 1, 0],
        ["forced", "right", 2, 2, 0],
        [None, "right", 2, 2, 0],
    ]


def test_a_miss_keeps_what_was_right_and_says_which_code_it_was(served):
    assert run(served, WALK, [DAILY, DAILY, "000000", SECOND, SECOND]) == [
        ["everyday", "right", 1, 0, 0],
        ["forced", "other", 1, 0, 1],
        ["forced", "wrong", 1, 0, 2],
        ["forced", "right", 1, 1, 0],
        ["everyday", "other", 1, 1, 1],
    ]
