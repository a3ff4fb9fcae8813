"""When it is shouted about again, and that it never stops for a life."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.escalation import (
    ATTEMPTS_MAX,
    LOOK_AGAIN_S,
    RETRY_LIFE_S_MAX,
    RETRY_S_MAX,
    RUNGS_MAX,
    Escalate,
    Unmet,
    due,
    next_deadline,
    retry_wait_s,
    unmet,
)
from watchword.core.incident import (
    Accepted,
    Cause,
    Claimed,
    Closed,
    DispatchStarted,
    HandoffChanged,
    HandoffState,
    Incident,
    Kind,
    ReportId,
    SecondLook,
    Signal,
    SignalReceived,
    step,
)

T0 = 1_790_000_000.0


def opened(kind: Kind = Kind.DURESS, *facts: object, attention: bool = False) -> Incident:
    found = Signal(ReportId(1, 2, 3, 4), kind, ("entry:1",), attention=attention)
    state, _ = step(None, SignalReceived(found), T0)
    for fact in facts:
        state, _ = step(state, fact, T0)
    return state


def shouts(state: Incident, seconds: int) -> list[tuple[int, Unmet]]:
    heard = []
    for second in range(seconds + 1):
        state, effects = due(state, T0 + second)
        heard += [(second, effect.unmet) for effect in effects]
    return heard


def test_unclaimed() -> None:
    assert shouts(opened(), 190) == [(s, Unmet.UNCLAIMED) for s in (15, 30, 60, 120, 180)]


def test_claimed_and_not_dispatched() -> None:
    state = opened(Kind.DURESS, Claimed("ann"))
    assert shouts(state, 125) == [(s, Unmet.NOT_DISPATCHED) for s in (30, 60, 120)]


def test_queued_or_failed_is_not_dispatched() -> None:
    for moved in (HandoffState.QUEUED, HandoffState.FAILED):
        state = opened(Kind.DURESS, Claimed("ann"), HandoffChanged(moved))
        assert unmet(state) is Unmet.NOT_DISPATCHED
    assert unmet(opened(Kind.DURESS, Claimed("a"), DispatchStarted("system"))) is not None


@pytest.mark.parametrize("moved", [HandoffState.SENT, HandoffState.DELIVERED])
def test_delivered_and_not_accepted(moved: HandoffState) -> None:
    state = opened(Kind.DURESS, Claimed("ann"), HandoffChanged(moved))
    assert shouts(state, 60) == [(s, Unmet.NOT_ACCEPTED) for s in (30, 60)]


def test_accepted_but_unclaimed_is_still_unclaimed() -> None:
    assert unmet(opened(Kind.DURESS, Accepted("link", "Lee"))) is Unmet.UNCLAIMED


@pytest.mark.parametrize(
    "state",
    [
        opened(Kind.DURESS, Claimed("ann"), Accepted("ann", "Lee")),
        opened(Kind.BURGLARY, Claimed("ann")),
        opened(Kind.TROUBLE),
        opened(Kind.FIRE, Closed("ann", Cause.MISTAKE, "toast")),
    ],
)
def test_nothing_to_shout_about(state: Incident) -> None:
    assert next_deadline(state) is None
    assert shouts(state, 300) == []


def test_trouble_that_needs_a_person_escalates() -> None:
    assert next_deadline(opened(Kind.TROUBLE, attention=True)) == T0 + 15


@pytest.mark.parametrize("kind", [k for k in Kind if k.life])
def test_a_life_is_shouted_about_for_ever(kind: Kind) -> None:
    state, _ = due(opened(kind), T0 + 30 * 86_400)
    assert next_deadline(state) is not None


def test_no_life_no_more_after_an_hour() -> None:
    heard = shouts(opened(Kind.BURGLARY), 5000)
    assert len(heard) == RUNGS_MAX
    assert heard[-1][0] == 3600


def test_missed_deadlines_are_said_once() -> None:
    state, effects = due(opened(), T0 + 3601)
    assert effects == (Escalate(Unmet.UNCLAIMED, 62),)
    assert next_deadline(state) == T0 + 3660


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_clock_that_goes_back_delays_by_one_interval_at_most(ran_s: float, back_s: float) -> None:
    state, _ = due(opened(), T0 + ran_s)
    state, _ = due(state, T0 + ran_s - back_s)
    deadline = next_deadline(state)
    assert deadline is not None
    assert deadline <= T0 + ran_s - back_s + 60.001


def test_a_clock_that_goes_back_before_any_rung() -> None:
    state, effects = due(opened(), T0 - 100)
    assert effects == ()
    assert next_deadline(state) == T0 - 85


def test_a_second_look_is_asked_for_until_it_is_done() -> None:
    state = opened(Kind.DURESS, Closed("ann", Cause.MISTAKE, "why"))
    first = next_deadline(state)
    assert first == T0 + 86_400
    state, effects = due(state, first)
    assert effects == (Escalate(Unmet.SECOND_LOOK, 1),)
    assert next_deadline(state) == first + LOOK_AGAIN_S
    done, _ = step(state, SecondLook("bob", agrees=True), first)
    assert next_deadline(done) is None


def test_retries_are_bounded_in_wait_and_endless_for_a_life() -> None:
    waits = [retry_wait_s(n, life=True) for n in (0, 1, 2, 3, 10, 10**6)]
    assert waits == [1, 1, 2, 4, RETRY_LIFE_S_MAX, RETRY_LIFE_S_MAX]
    assert retry_wait_s(ATTEMPTS_MAX - 1, life=False) == RETRY_S_MAX
    assert retry_wait_s(ATTEMPTS_MAX, life=False) is None


@given(st.lists(st.floats(0.1, 200), max_size=30))
def test_due_is_quiet_until_its_deadline(waits: list[float]) -> None:
    state, at = opened(), T0
    for wait_s in waits:
        at += wait_s
        before = next_deadline(state)
        assert before is not None
        state, effects = due(state, at)
        assert bool(effects) == (at >= before)
        after = next_deadline(state)
        assert after is not None
        assert after > at
    assert replace(state, closure=None) == state
