"""Every fact in every phase, and what no sequence of facts can do."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import RefusedError
from watchword.core.incident import (
    JOIN_WINDOW_S,
    SECOND_LOOK_DEFER_S_MAX,
    SECOND_LOOK_S,
    Accepted,
    Alert,
    AskSecondLook,
    Cause,
    Claimed,
    Closed,
    DispatchStarted,
    HandedOver,
    HandoffChanged,
    HandoffState,
    Incident,
    Kind,
    Noted,
    Released,
    RenewCodes,
    ReportId,
    SecondLook,
    SecondLookDeferred,
    Signal,
    SignalReceived,
    StartPlan,
    choose,
    from_plain,
    incident_id,
    joins,
    refusal,
    step,
    to_plain,
)

T0 = 1_790_000_000.0


def signal(
    kind: Kind = Kind.DURESS,
    *subjects: str,
    site: int = 7,
    counter: int = 1,
    secret: bool = False,
    attention: bool = False,
) -> Signal:
    return Signal(
        ReportId(site, 99, 2, counter),
        kind,
        subjects or ("person:a", "entry:1"),
        secret=secret,
        attention=attention,
    )


def opened(kind: Kind = Kind.DURESS, *subjects: str, **more: bool) -> Incident:
    state, _ = step(None, SignalReceived(signal(kind, *subjects, **more)), T0)
    return state


def after(state: Incident, *facts: object, at: float = T0) -> Incident:
    for fact in facts:
        state, _ = step(state, fact, at)
    return state


def test_a_signal_opens_alerts_and_starts_its_plan() -> None:
    state, effects = step(None, SignalReceived(signal()), T0)
    assert effects == (Alert(fresh=True), StartPlan(Kind.DURESS))
    assert (state.kind, state.covert, state.life, state.phase) == (Kind.DURESS, True, True, "new")
    assert state.id == incident_id(7, 99, 2, 1)


def test_nothing_but_a_signal_opens() -> None:
    with pytest.raises(RefusedError):
        step(None, Claimed("ann"), T0)


def test_ids_differ_in_every_part() -> None:
    ids = {incident_id(*p) for p in [(1, 1, 1, 1), (2, 1, 1, 1), (1, 2, 1, 1), (1, 1, 2, 1)]}
    ids.add(incident_id(1, 1, 1, 2))
    assert len(ids) == 5
    assert all(len(i) == 32 and int(i, 16) >= 0 for i in ids)


def test_gravest_first() -> None:
    assert [kind.priority for kind in Kind] == sorted(kind.priority for kind in Kind)
    assert {k for k in Kind if k.covert} == {Kind.DURESS, Kind.HOLD_UP}
    assert {k for k in Kind if not k.life} == {Kind.BURGLARY, Kind.PATH_LOSS, Kind.TROUBLE}


def test_what_needs_a_person_stands_below_threats_and_above_the_rest() -> None:
    state = opened(Kind.TROUBLE, secret=True, attention=True)
    assert state.covert
    assert state.life
    assert Kind.INTRUDER.priority < state.priority < Kind.MEDICAL.priority
    assert opened(Kind.DURESS, attention=True).priority == Kind.DURESS.priority


@pytest.mark.parametrize(
    ("new", "later_s", "joined"),
    [
        (signal(Kind.DURESS, "person:a"), JOIN_WINDOW_S, True),
        (signal(Kind.DURESS, "entry:1", "person:b"), 0, True),
        (signal(Kind.HOLD_UP, "entry:1"), 0, True),
        (signal(Kind.TROUBLE, "entry:1", secret=True), 0, True),
        (signal(Kind.DURESS, "person:a"), JOIN_WINDOW_S + 0.1, False),
        (signal(Kind.DURESS, "person:b", "entry:2"), 0, False),
        (signal(Kind.DURESS, site=8), 0, False),
        (signal(Kind.BURGLARY, "entry:1"), 0, False),
        (signal(Kind.TROUBLE, "entry:1"), 0, False),
    ],
)
def test_who_joins(new: Signal, later_s: float, joined: bool) -> None:
    assert joins(opened(), new, T0 + later_s) is joined


def test_a_closed_incident_takes_no_signal() -> None:
    state = after(opened(), Closed("ann", Cause.GENUINE, "police there"))
    assert not joins(state, signal(), T0)
    with pytest.raises(RefusedError, match="closed"):
        step(state, SignalReceived(signal()), T0)


def test_the_gravest_then_the_latest_is_joined() -> None:
    duress, hold_up = opened(), opened(Kind.HOLD_UP)
    later = replace(hold_up, id="later", signalled_at=T0 + 5)
    assert choose([hold_up, duress], signal(), T0) is duress
    assert choose([hold_up, later], signal(), T0 + 5) is later
    assert choose([], signal(), T0) is None


def test_an_equal_or_lesser_kind_joins_quietly() -> None:
    state = after(opened(), Claimed("ann"), Accepted("ann", "Sgt Lee", "R1"))
    joined, effects = step(state, SignalReceived(signal(Kind.HOLD_UP, "entry:1", "x")), T0 + 60)
    assert effects == (Alert(fresh=False),)
    assert joined.kind is Kind.DURESS
    assert joined.claimed_by == "ann"
    assert joined.accepted_by == "Sgt Lee"
    assert joined.clock_from == T0
    assert joined.subjects == ("person:a", "entry:1", "x")
    assert (joined.signals, joined.signalled_at) == (2, T0 + 60)


def test_a_graver_kind_alerts_anew_with_a_new_clock() -> None:
    state = after(
        opened(Kind.HOLD_UP), Claimed("ann"), DispatchStarted("ann"), Accepted("ann", "Lee", "R")
    )
    raised, effects = step(state, SignalReceived(signal()), T0 + 60)
    assert effects == (Alert(fresh=True), StartPlan(Kind.DURESS))
    assert raised.kind is Kind.DURESS
    assert raised.clock_from == T0 + 60
    assert raised.phase == "new"
    assert (raised.reference, raised.handoff, raised.opened_at) == (None, None, T0)


def test_attention_raises_without_changing_the_kind() -> None:
    state = opened(Kind.TROUBLE, secret=True)
    raised, effects = step(
        state, SignalReceived(signal(Kind.TROUBLE, secret=True, attention=True)), T0
    )
    assert effects[0] == Alert(fresh=True)
    assert (raised.kind, raised.attention) == (Kind.TROUBLE, True)


def test_claims() -> None:
    state = after(opened(), Claimed("ann"))
    assert state.phase == "claimed"
    assert after(state, Claimed("ann")) == state
    with pytest.raises(RefusedError, match="ann has"):
        step(state, Claimed("bob"), T0)
    with pytest.raises(RefusedError, match="Only the operator"):
        step(state, HandedOver("bob", "bob"), T0)
    with pytest.raises(RefusedError, match="who"):
        step(state, HandedOver("ann", ""), T0)
    assert after(state, HandedOver("ann", "bob")).claimed_by == "bob"


def test_a_hand_off_is_accepted_by_humans_only() -> None:
    state = after(opened(), HandoffChanged(HandoffState.DELIVERED))
    assert (state.phase, state.handoff) == ("dispatching", HandoffState.DELIVERED)
    with pytest.raises(RefusedError, match="human"):
        step(state, HandoffChanged(HandoffState.ACCEPTED), T0)
    with pytest.raises(RefusedError, match="who"):
        step(state, Accepted("ann", ""), T0)
    taken = after(state, Accepted("ann", "Sgt Lee", "R1"))
    assert (taken.phase, taken.reference) == ("accepted", "R1")
    assert after(taken, HandoffChanged(HandoffState.FAILED)) == taken
    assert after(taken, Accepted("ann", "Sgt Lee")).reference == "R1"
    started = after(opened(), DispatchStarted("system"))
    later, _ = step(started, DispatchStarted("ann"), T0 + 9)
    assert later.dispatched_at == T0


def test_a_life_is_not_closed_unaccepted_without_a_reason() -> None:
    with pytest.raises(RefusedError, match="reason"):
        step(opened(), Closed("ann", Cause.MISTAKE), T0)
    assert after(opened(Kind.BURGLARY), Closed("ann", Cause.MISTAKE)).phase == "closed"
    taken = after(opened(Kind.HOLD_UP), Accepted("ann", "Lee"))
    assert after(taken, Closed("ann", Cause.GENUINE)).phase == "closed"


def test_a_duress_gets_a_second_look_by_another() -> None:
    state, effects = step(opened(), Closed("ann", Cause.MISTAKE, "she says so, in person"), T0)
    assert effects == (AskSecondLook(T0 + SECOND_LOOK_S),)
    assert state.phase == "second-look"
    with pytest.raises(RefusedError, match="Another"):
        step(state, SecondLook("ann", agrees=True), T0)
    agreed = after(state, SecondLook("bob", agrees=True))
    assert (agreed.phase, agreed.looked_by) == ("closed", "bob")
    with pytest.raises(RefusedError, match="No second look"):
        step(agreed, SecondLook("eve", agrees=True), T0)
    again, effects = step(state, SecondLook("bob", agrees=False), T0 + 99)
    assert effects == (Alert(fresh=True),)
    assert (again.phase, again.clock_from) == ("new", T0 + 99)


def test_a_second_look_is_deferred_but_never_dropped() -> None:
    state = after(opened(), Closed("ann", Cause.GENUINE, "r"))
    deferred, effects = step(state, SecondLookDeferred("ann", T0 + 9), T0)
    assert deferred.look_due == T0 + 9
    assert effects == (AskSecondLook(T0 + 9),)
    with pytest.raises(RefusedError, match="week"):
        step(state, SecondLookDeferred("ann", T0 + SECOND_LOOK_DEFER_S_MAX + 1), T0)
    with pytest.raises(RefusedError, match="No second look"):
        step(opened(), SecondLookDeferred("ann", T0), T0)


def test_release_needs_everything_and_renews_the_codes() -> None:
    for missing in (("", "R", "Ann"), ("why", " ", "Ann"), ("why", "R", "")):
        with pytest.raises(RefusedError, match="needs"):
            step(opened(), Released("ann", *missing), T0)
    state, effects = step(opened(), Released("ann", "over", "R1", "M. Lopez"), T0)
    assert effects == (RenewCodes(("person:a", "entry:1")),)
    assert state.release is not None
    with pytest.raises(RefusedError, match="is released"):
        step(state, Released("ann", "over", "R1", "M. Lopez"), T0)
    with pytest.raises(RefusedError, match="may not see"):
        step(opened(Kind.FIRE), Released("ann", "over", "R1", "M. Lopez"), T0)


def test_notes_are_always_possible() -> None:
    closed = after(opened(), Closed("ann", Cause.GENUINE, "r"))
    assert after(closed, Noted("bob")) == closed


subjects = st.lists(st.sampled_from(["person:a", "person:b", "entry:1", "entry:2"]), min_size=1)
signals = st.builds(
    lambda kind, who, secret, attention: Signal(
        ReportId(7, 1, 2, 3), kind, tuple(who), secret=secret, attention=attention
    ),
    st.sampled_from(Kind),
    subjects,
    st.booleans(),
    st.booleans(),
)
names = st.sampled_from(["ann", "bob"])
operator_facts = st.one_of(
    st.builds(Claimed, names),
    st.builds(HandedOver, names, names),
    st.builds(Noted, names),
    st.builds(DispatchStarted, names),
    st.builds(HandoffChanged, st.sampled_from(HandoffState)),
    st.builds(Accepted, names, names, names),
    st.builds(Released, names, names, names, names),
    st.builds(Closed, names, st.sampled_from(Cause), st.sampled_from(["", "why"])),
    st.builds(SecondLook, names, st.booleans()),
    st.builds(SecondLookDeferred, names, st.floats(T0, T0 + 1e6)),
)
facts = st.one_of(st.builds(SignalReceived, signals), operator_facts)


@given(signals, st.lists(st.tuples(st.floats(0, 900), facts), max_size=25))
def test_sites_only_add_and_states_survive_storage(first: Signal, script: list) -> None:
    state, _ = step(None, SignalReceived(first), T0)
    at = T0
    for wait_s, fact in script:
        at += wait_s
        assert from_plain(json.loads(json.dumps(to_plain(state)))) == state
        if isinstance(fact, SignalReceived) and not joins(state, fact.signal, at):
            continue
        if refusal(state, fact, at):
            with pytest.raises(RefusedError):
                step(state, fact, at)
            continue
        new, effects = step(state, fact, at)
        assert new.covert == state.covert
        assert new.id == state.id
        assert new.priority <= state.priority
        assert new.kind.priority <= state.kind.priority
        if isinstance(fact, SignalReceived):
            assert new.closure is None
            assert new.signals == state.signals + 1
            assert any(isinstance(effect, Alert) for effect in effects)
            assert (new.priority < state.priority) == (Alert(fresh=True) in effects)
        if new.closure is not None and new.kind.life and isinstance(fact, Closed):
            assert new.accepted_by or fact.reason
        if new.phase == "closed" and new.kind is Kind.DURESS:
            assert new.looked_by not in {None, new.closure.by}
        state = new


@given(signals, signals, st.floats(0, JOIN_WINDOW_S))
def test_covert_and_overt_never_join(a: Signal, b: Signal, wait_s: float) -> None:
    state, _ = step(None, SignalReceived(a), T0)
    if a.covert != b.covert:
        assert not joins(state, b, T0 + wait_s)
