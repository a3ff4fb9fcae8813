"""Lock-out and pacing: the values, the complete table, and that a code's validity never shows."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import LocalFaultError
from watchword.core.lockout import (
    AttemptAccepted,
    AttemptRefused,
    Effects,
    Fact,
    Locked,
    Lockout,
    Look,
    NotEvaluated,
    Pace,
    Point,
    Ticked,
    Unlocked,
    deadline,
    from_plain,
    look,
    pace,
    step,
    to_plain,
)

T0 = 1_790_000_000.0
FRESH, REST = Lockout(), Pace()
LOBBY, OFFICE, YARD = "lobby", "office", "yard"

names = st.sampled_from([LOBBY, OFFICE, YARD])
attempts = st.builds(AttemptRefused, names) | st.builds(AttemptAccepted, names)
facts = st.just(Ticked()) | st.builds(AttemptRefused, names) | attempts
# Mostly seconds apart, sometimes past a lock or a period, sometimes a clock that was set back.
gaps = st.floats(0, 8) | st.sampled_from([0.0, 89.999, 90.0, 900.0, 901.0, -5.0, -3600.0])
# Bursts of wrong ones, so that locks do happen, of entry points and of the site.
blocks = st.tuples(facts, gaps).map(lambda one: [one]) | st.builds(
    lambda count, where, gap: [(AttemptRefused(where), gap)] * count,
    st.integers(1, 14),
    names,
    st.floats(0, 3),
)
histories = st.lists(blocks, max_size=12).map(lambda found: [one for each in found for one in each])


def run(
    steps: Iterable[tuple[Fact, float]], state: Lockout = FRESH, at: float = T0
) -> tuple[Lockout, float, Effects]:
    effects: Effects = ()
    for fact, gap in steps:
        at += gap
        state, more = step(state, fact, at)
        effects += more
    return state, at, effects


def wrong(count: int, where: str = LOBBY, gap: float = 2.0) -> list[tuple[Fact, float]]:
    return [(AttemptRefused(where), gap)] * count


def locked_lobby() -> tuple[Lockout, float]:
    state, at, _ = run(wrong(10))
    return state, at


# -- the values ----------------------------------------------------------------------------


def test_the_tenth_wrong_attempt_locks_for_90_s() -> None:
    state, at, effects = run(wrong(9))
    assert effects == ()
    assert look(state, LOBBY, at) == Look(locked_s=None, evaluate=True)
    state, effects = step(state, AttemptRefused(LOBBY), at)
    assert effects == (Locked(LOBBY, at + 90),)
    assert look(state, LOBBY, at) == Look(locked_s=90, evaluate=True)
    assert look(state, LOBBY, at + 89.5) == Look(locked_s=1, evaluate=True)
    assert look(state, LOBBY, at + 90) == Look(locked_s=None, evaluate=True)


def test_then_each_further_wrong_one_locks_for_90_s_again() -> None:
    state, at = locked_lobby()
    for _ in range(5):
        at += 90
        state, effects = step(state, AttemptRefused(LOBBY), at)
        assert effects == (Unlocked(LOBBY), Locked(LOBBY, at + 90))


def test_an_accepted_code_starts_the_count_anew() -> None:
    state, at = locked_lobby()
    state, effects = step(state, AttemptAccepted(LOBBY), at + 90)
    assert effects == (Unlocked(LOBBY),)
    assert state.points == ()
    assert run(wrong(9), state, at + 90)[2] == ()
    assert run([*wrong(9), (AttemptAccepted(LOBBY), 1), *wrong(9)])[2] == ()


def test_each_entry_point_counts_for_itself() -> None:
    state, at = locked_lobby()
    assert look(state, OFFICE, at).locked_s is None
    assert run(wrong(9, OFFICE), state, at)[2] == ()
    # And a good code elsewhere does not open the one that is locked.
    state, _ = step(state, AttemptAccepted(OFFICE), at)
    assert look(state, LOBBY, at).locked_s == 90


def test_thirty_wrong_ones_in_15_minutes_lock_the_whole_site() -> None:
    mixed = [*wrong(9, LOBBY), *wrong(9, OFFICE), *wrong(9, YARD), *wrong(2, "gate")]
    state, at, effects = run(mixed)
    assert effects == ()
    state, effects = step(state, AttemptRefused("gate"), at)
    assert effects == (Locked(None, at + 90),)
    assert deadline(state) == at + 90
    for where in (LOBBY, OFFICE, YARD, "gate", "never-heard-of"):
        assert look(state, where, at) == Look(locked_s=90, evaluate=True)
    # Each further single one again, as at one entry point, and a good code does not reset it.
    state, _ = step(state, AttemptAccepted(OFFICE), at + 90)
    state, effects = step(state, AttemptRefused(OFFICE), at + 91)
    assert effects == (Locked(None, at + 181),)


def test_the_count_of_the_site_ages_out() -> None:
    state, _, _ = run([*wrong(9, LOBBY), *wrong(9, OFFICE), *wrong(9, YARD), *wrong(2, "gate")])
    assert step(state, AttemptRefused("gate"), T0 + 2 + 900)[1] == (Locked(None, T0 + 992),)
    assert step(state, AttemptRefused("gate"), T0 + 2 + 900.001)[1] == ()


def test_one_entry_point_under_attack_never_locks_the_site() -> None:
    state, _, effects = run(wrong(2_000, gap=2.0))
    assert not any(isinstance(each, Locked) and each.entry_point is None for each in effects)
    assert state.until is None


def test_two_entry_points_under_attack_do() -> None:
    both = [pair for _ in range(400) for pair in (*wrong(1, LOBBY), *wrong(1, OFFICE, gap=0))]
    assert any(isinstance(e, Locked) and e.entry_point is None for e in run(both)[2])


# -- while locked --------------------------------------------------------------------------


def test_the_first_three_attempts_of_a_period_are_evaluated() -> None:
    state, at = locked_lobby()
    evaluated, effects = [], []
    for _ in range(6):
        evaluated.append(look(state, LOBBY, at).evaluate)
        state, more = step(state, AttemptRefused(LOBBY), at)
        effects.append(more)
    assert evaluated == [True, True, True, False, False, False]
    assert effects == [(), (), (), (NotEvaluated(LOBBY),), (), ()]
    # The next period has three of its own.
    state, _ = step(state, AttemptRefused(LOBBY), at + 90)
    assert look(state, LOBBY, at + 90) == Look(locked_s=90, evaluate=True)


def test_a_lock_of_the_site_gives_each_entry_point_its_three() -> None:
    state = Lockout(until=T0 + 90)
    for _ in range(4):
        state, _ = step(state, AttemptRefused(LOBBY), T0)
    assert not look(state, LOBBY, T0).evaluate
    assert look(state, OFFICE, T0).evaluate


def test_a_lock_of_the_site_after_one_of_its_own_is_a_new_period() -> None:
    """Even when nothing was typed there in between: else its first attempts would be mute."""
    state, at, _ = run(wrong(15))
    assert not look(state, LOBBY, at).evaluate
    filler = [*wrong(9, OFFICE, gap=0), *wrong(9, YARD, gap=0), *wrong(2, "gate", gap=0)]
    state, _, effects = run(filler, state, at + 90)
    assert Locked(None, at + 180) in effects
    assert look(state, LOBBY, at + 90) == Look(locked_s=90, evaluate=True)


@pytest.mark.parametrize("gap", [0.0, 30.0, 89.9])
def test_an_attempt_while_locked_does_not_extend_the_lock(gap: float) -> None:
    state, at = locked_lobby()
    for _ in range(20):
        state, _ = step(state, AttemptRefused(LOBBY), at + gap)
    assert deadline(state) == at + 90
    assert state.wrong_at == locked_lobby()[0].wrong_at


@given(histories, names, st.floats(0, 100))
def test_what_was_typed_while_locked_leaves_no_trace(
    history: list[tuple[Fact, float]], where: str, gap: float
) -> None:
    """The promise: a locked entry point cannot tell a held code from any other."""
    state, at, _ = run(history)
    at += gap
    if look(state, where, at).locked_s is not None:
        assert step(state, AttemptAccepted(where), at) == step(state, AttemptRefused(where), at)


@given(histories, names, st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=12))
def test_nor_does_a_row_of_them(
    history: list[tuple[Fact, float]], where: str, row: list[tuple[bool, float]]
) -> None:
    state, at, _ = run(history)
    other, others_effects, effects = state, (), ()
    for held, gap in row:
        at += gap
        if look(state, where, at).locked_s is None:
            return
        state, more = step(state, AttemptAccepted(where) if held else AttemptRefused(where), at)
        other, mores = step(other, AttemptRefused(where), at)
        effects, others_effects = (*effects, *more), (*others_effects, *mores)
        assert (state, effects) == (other, others_effects)
        assert look(state, where, at) == look(other, where, at)


# -- the complete table --------------------------------------------------------------------

TABLE_STATES = {
    "fresh": Lockout(),
    "some wrong": run(wrong(3))[0],
    "one before": run(wrong(9))[0],
    "locked": locked_lobby()[0],
    "locked, three heard": run(wrong(13))[0],
    "locked, four heard": run(wrong(14))[0],
    "lock over": Lockout(((LOBBY, Point(10, T0 - 1, 4)),), (T0 - 91,) * 10),
    "site one before": Lockout((), (T0,) * 29),
    "site locked": Lockout((), (T0,) * 30, T0 + 90),
    "both locked": Lockout(((LOBBY, Point(10, T0 + 60, 2)),), (T0,) * 30, T0 + 90),
}
# What each fact does to `wrong` of the lobby, to the number of wrong ones at the site, and says.
TABLE = {
    ("fresh", "tick"): (0, 0, ""),
    ("fresh", "accepted"): (0, 0, ""),
    ("fresh", "refused"): (1, 1, ""),
    ("some wrong", "tick"): (3, 3, ""),
    ("some wrong", "accepted"): (0, 3, ""),
    ("some wrong", "refused"): (4, 4, ""),
    ("one before", "tick"): (9, 9, ""),
    ("one before", "accepted"): (0, 9, ""),
    ("one before", "refused"): (10, 10, "Locked lobby"),
    ("locked", "tick"): (10, 10, ""),
    ("locked", "accepted"): (10, 10, ""),
    ("locked", "refused"): (10, 10, ""),
    ("locked, three heard", "tick"): (10, 10, ""),
    ("locked, three heard", "accepted"): (10, 10, "NotEvaluated lobby"),
    ("locked, three heard", "refused"): (10, 10, "NotEvaluated lobby"),
    ("locked, four heard", "tick"): (10, 10, ""),
    ("locked, four heard", "accepted"): (10, 10, ""),
    ("locked, four heard", "refused"): (10, 10, ""),
    ("lock over", "tick"): (10, 10, "Unlocked lobby"),
    ("lock over", "accepted"): (0, 10, "Unlocked lobby"),
    ("lock over", "refused"): (10, 11, "Unlocked lobby, Locked lobby"),
    ("site one before", "tick"): (0, 29, ""),
    ("site one before", "accepted"): (0, 29, ""),
    ("site one before", "refused"): (1, 30, "Locked None"),
    ("site locked", "tick"): (0, 30, ""),
    ("site locked", "accepted"): (0, 30, ""),
    ("site locked", "refused"): (0, 30, ""),
    ("both locked", "tick"): (10, 30, ""),
    ("both locked", "accepted"): (10, 30, "NotEvaluated lobby"),
    ("both locked", "refused"): (10, 30, "NotEvaluated lobby"),
}
TABLE_FACTS = {
    "tick": Ticked(),
    "accepted": AttemptAccepted(LOBBY),
    "refused": AttemptRefused(LOBBY),
}


def test_the_table_is_complete() -> None:
    assert set(TABLE) == {(state, fact) for state in TABLE_STATES for fact in TABLE_FACTS}


@pytest.mark.parametrize(("before", "given_fact"), TABLE)
def test_table(before: str, given_fact: str) -> None:
    at = T0 + 28 if "three" in before or "four" in before else T0 + 20
    if before == "both locked":  # the fourth attempt is the first that is not evaluated
        state = step(TABLE_STATES[before], AttemptRefused(LOBBY), at)[0]
    else:
        state = TABLE_STATES[before]
    after, effects = step(state, TABLE_FACTS[given_fact], at)
    said = ", ".join(f"{type(each).__name__} {each.entry_point}" for each in effects)
    wrong_here = dict(after.points).get(LOBBY, Point()).wrong
    assert (wrong_here, len(after.wrong_at), said) == TABLE[before, given_fact]


# -- what always holds ---------------------------------------------------------------------


@given(histories)
def test_what_is_remembered_is_bounded(history: list[tuple[Fact, float]]) -> None:
    state, at, _ = run(history)
    assert len(state.wrong_at) <= 30
    assert all(point.wrong <= 10 and point.heard <= 4 for _, point in state.points)
    assert all(point != Point() for _, point in state.points)
    assert [name for name, _ in state.points] == sorted(name for name, _ in state.points)
    ends = [point.until for _, point in state.points if point.until] + [state.until or at]
    assert all(end <= at + 90 for end in ends)


@given(histories, st.floats(-1e7, 1e7))
def test_no_lock_outlasts_90_s_of_a_clock_that_jumped(
    history: list[tuple[Fact, float]], jump: float
) -> None:
    state, at, _ = run(history)
    at += jump
    state, _ = step(state, Ticked(), at)
    state, _ = step(state, Ticked(), at + 90)
    assert deadline(state) is None
    assert look(state, LOBBY, at + 90).locked_s is None


@given(histories, st.lists(st.floats(0, 100), max_size=6))
def test_ticks_in_between_change_nothing_but_when_it_is_told(
    history: list[tuple[Fact, float]], ticks: list[float]
) -> None:
    state, at, _ = run(history)
    ticked = state
    for each in sorted(ticks):
        ticked, _ = step(ticked, Ticked(), at + each)
    end = at + 100
    assert step(ticked, AttemptRefused(LOBBY), end)[0] == step(state, AttemptRefused(LOBBY), end)[0]


@given(histories, names)
def test_deadline_is_when_a_tick_is_due(history: list[tuple[Fact, float]], where: str) -> None:
    state, at, _ = run(history)
    due = deadline(state)
    locked_s = look(state, where, at).locked_s
    if due is None:
        assert locked_s is None
        assert step(state, Ticked(), at)[1] == ()
    else:
        assert due > at
        assert any(isinstance(each, Unlocked) for each in step(state, Ticked(), due)[1])


@given(histories)
def test_every_lock_that_begins_ends_and_is_told_both_times(
    history: list[tuple[Fact, float]],
) -> None:
    state, at, effects = run(history)
    effects += run([(Ticked(), 91.0)], state, at)[2]
    held: set[str | None] = set()
    for each in effects:
        if isinstance(each, Locked):
            assert each.entry_point not in held
            held.add(each.entry_point)
        elif isinstance(each, Unlocked):
            held.remove(each.entry_point)
    assert held == set()


@given(histories, names, st.floats(0, 100))
def test_look_changes_nothing_and_agrees_with_step(
    history: list[tuple[Fact, float]], where: str, gap: float
) -> None:
    state, at, _ = run(history)
    seen = look(state, where, at + gap)
    settled, _ = step(state, Ticked(), at + gap)
    assert look(settled, where, at + gap) == seen
    _, effects = step(state, AttemptRefused(where), at + gap)
    begins = any(isinstance(each, Locked) for each in effects)
    assert not (seen.locked_s is not None and begins)
    assert seen.evaluate or seen.locked_s is not None


# -- storing -------------------------------------------------------------------------------


@given(histories)
def test_the_state_survives_json(history: list[tuple[Fact, float]]) -> None:
    state, _, _ = run(history)
    assert from_plain(json.loads(json.dumps(to_plain(state)))) == state


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"points": {}, "wrong_at": 7, "until": None},
        {"points": [], "wrong_at": [], "until": None},
        {"points": {}, "wrong_at": ["soon"], "until": None},
        {"points": {}, "wrong_at": [], "until": float("nan")},
        {"points": {"lobby": [1, None]}, "wrong_at": [], "until": None},
        {"points": {"lobby": [1, float("inf"), 0]}, "wrong_at": [], "until": None},
    ],
)
def test_a_stored_state_that_cannot_be_read_is_one_clear_error(plain: dict[str, object]) -> None:
    with pytest.raises(LocalFaultError, match="lock-out state"):
        from_plain(plain)


# -- pacing --------------------------------------------------------------------------------


def burst(count: int, at: float = T0, state: Pace = REST) -> tuple[Pace, list[float | None]]:
    starts = []
    for _ in range(count):
        state, start = pace(state, at)
        starts.append(start)
    return state, starts


def test_sooner_attempts_wait_their_turn_and_a_sixth_that_waits_is_busy() -> None:
    _, starts = burst(8)
    assert starts == [T0, T0 + 2, T0 + 4, T0 + 6, T0 + 8, T0 + 10, None, None]


def test_a_refused_attempt_takes_no_turn() -> None:
    state, _ = burst(20)
    assert pace(state, T0 + 2)[1] == T0 + 12
    assert pace(state, T0 + 12)[1] == T0 + 12
    assert pace(state, T0 + 100)[1] == T0 + 100


def test_an_attempt_after_the_interval_does_not_wait() -> None:
    state, _ = pace(Pace(), T0)
    assert pace(state, T0 + 1.999)[1] == T0 + 2
    assert pace(state, T0 + 2)[1] == T0 + 2


def test_values_are_settings() -> None:
    state, first = pace(Pace(), 0.0, interval_s=5.0, waiting_max=0)
    assert first == 0.0
    assert pace(state, 4.0, interval_s=5.0, waiting_max=0)[1] is None
    assert pace(state, 5.0, interval_s=5.0, waiting_max=0)[1] == 5.0


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    state, _ = burst(8)
    assert pace(state, T0 - 3600)[1] == T0 - 3600


@given(st.lists(st.floats(0, 5), max_size=60))
def test_starts_are_2_s_apart_and_waits_at_most_10_s(gaps_s: list[float]) -> None:
    state, at, last = Pace(), T0, -1e9
    for gap in gaps_s:
        at += gap
        state, start = pace(state, at)
        if start is not None:
            assert start - last >= 2 - 1e-6
            assert at <= start <= at + 10 + 1e-5
            last = start
        else:
            assert last - at > 8
