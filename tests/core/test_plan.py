"""Never mute, never tell: judged by a simulation that shares nothing with the check."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchword.core.kinds import Kind
from watchword.core.plan import (
    CALL_PREMISES,
    WEEK_MIN,
    Act,
    Audience,
    Camera,
    Configuration,
    Contact,
    Device,
    Filter,
    Hold,
    Notice,
    OnFailure,
    Place,
    Plan,
    Shift,
    Step,
    Target,
    builtin_configuration,
    builtin_plans,
    check,
)

World = tuple[tuple[Plan, ...], Configuration]
GRAVE = (Kind.DURESS, Kind.HOLD_UP, Kind.INTRUDER)
SECRET = (Kind.DURESS, Kind.HOLD_UP)


# The independent judge: it plays what a station would do, minute by minute, and assumes
# the worst wherever a person or a machine might fail.


def held_back(world: World, kind: Kind, minute: int, open_kinds: frozenset[Kind]) -> bool:
    for rule in world[1].filters:
        in_time = rule.from_min <= minute < rule.to_min
        in_state = not rule.while_open or bool(rule.while_open & open_kinds)
        if rule.enabled and kind in rule.kinds and in_time and in_state:
            return True  # the worst case of a duplicate rule: this one does repeat another
    return False


def reaches_operator(world: World, kind: Kind, minute: int) -> bool:
    for shift in world[1].shifts:
        here = shift.from_min <= minute < shift.to_min
        if shift.enabled and here and (kind not in SECRET or shift.place is Place.OFF_SITE):
            return True
    return False


def hand_off_after_s(world: World, plan: Plan) -> float:
    """Seconds until help is asked for if nobody at the station does anything."""
    elapsed = 0.0
    for step in plan.steps:
        if not step.auto:
            break
        if step.act is Act.HAND_OFF:
            named = [t for t in world[1].targets if t.name == step.target]
            if named and all(t.enabled and t.place is Place.OFF_SITE for t in named):
                return elapsed
        if step.on_failure is not OnFailure.NEXT:
            break
        elapsed += step.deadline_s
    return float("inf")


def is_lost(world: World) -> bool:
    plans, configuration = world
    edges = {0, WEEK_MIN - 1}
    for span in (*configuration.shifts, *configuration.filters):
        edges |= {span.from_min + d for d in (-1, 0)} | {span.to_min + d for d in (-1, 0)}
    for kind in GRAVE:
        for minute in (m for m in edges if 0 <= m < WEEK_MIN):
            for open_kinds in (frozenset[Kind](), frozenset(Kind)):
                if held_back(world, kind, minute, open_kinds):
                    return True
            if not reaches_operator(world, kind, minute):
                return True
        if any(device.ignored and kind in device.kinds for device in configuration.devices):
            return True
        fitting = [plan for plan in plans if plan.kind is kind]
        if not fitting or any(not hand_off_after_s(world, plan) <= 60 for plan in fitting):
            return True
    return False


def seen_of_plan(world: World, kind: Kind) -> list[str]:
    config = world[1]
    seen = []
    for step in (s for plan in world[0] if plan.kind is kind for s in plan.steps):
        away = [x.place is Place.OFF_SITE for x in config.contacts if x.name == step.target]
        target = [x.place is Place.OFF_SITE for x in config.targets if x.name == step.target]
        camera = [x.watches_anyway for x in config.cameras if x.name == step.target]
        shown = step.audience is Audience.EVERYONE
        shown |= step.act is Act.HAND_OFF and not (target and all(target))
        shown |= step.act is Act.TELL_PEOPLE and not (away and all(away))
        shown |= step.act is Act.TELL_KEY_HOLDER and not all(away)
        shown |= step.act is Act.TELL_KEY_HOLDER and step.target != "" and not away
        shown |= step.act is Act.WATCH_CAMERA and not (camera and all(camera))
        if shown:
            seen.append(f"{kind}: {step.label}")
    return seen


def premises(world: World, secret: Kind | None, minute: int) -> list[str]:
    """All that somebody on the premises can notice when a code is typed and an alarm follows."""
    seen = [] if secret is None else seen_of_plan(world, secret)
    open_kinds = frozenset[Kind]() if secret is None else frozenset({secret})
    for notice in (n for n in world[1].notices if n.to is not Place.OFF_SITE):
        hushed = bool(notice.hushed_by & open_kinds)
        if secret in notice.on_kinds and not hushed:
            seen.append(f"{notice.name} because of {secret}")
        if "disarmed" in notice.on_public and not hushed:
            seen.append(f"{notice.name} because of a disarming")
    for overt in (k for k in Kind if k not in SECRET):
        if held_back(world, overt, minute, open_kinds):
            continue
        seen.append(f"console shows {overt}")
        for notice in (n for n in world[1].notices if n.to is not Place.OFF_SITE):
            if overt in notice.on_kinds and not notice.hushed_by & open_kinds:
                seen.append(f"{notice.name} because of {overt}")
    return seen


def is_told(world: World) -> bool:
    minutes = {0} | {m for rule in world[1].filters for m in (rule.from_min, rule.to_min - 1)}
    return any(
        premises(world, None, minute) != premises(world, secret, minute)
        for minute in minutes
        for secret in SECRET
    )


# Arbitrary configurations, near enough to good ones that many are accepted.

names = st.sampled_from(["sheet", "b", "c", ""])
places = st.sampled_from(Place)
kinds = st.frozensets(st.sampled_from(Kind), max_size=3)
overt_kinds = st.frozensets(st.sampled_from([k for k in Kind if k not in GRAVE]), max_size=3)
some_kinds = kinds | overt_kinds
minutes = st.sampled_from([0, 1, 480, 1440, WEEK_MIN - 1, WEEK_MIN]) | st.integers(0, WEEK_MIN)
steps = st.builds(
    Step,
    st.sampled_from(Act),
    st.just("step"),
    names,
    st.booleans(),
    st.sampled_from([0.0, 20.0, 61.0, -5.0, float("inf"), float("nan")]),
    st.sampled_from(OnFailure),
    st.sampled_from(Audience),
)
quiet_steps = st.builds(
    Step,
    st.sampled_from([Act.NOTE, Act.SECOND_SIGNAL]),
    st.just("quiet"),
    auto=st.just(True),
    deadline_s=st.sampled_from([0.0, 25.0, 60.0]),
    on_failure=st.just(OnFailure.NEXT),
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, ...]:
    made = []
    for plan in builtin_plans():
        change = draw(st.sampled_from(["keep"] * 12 + ["before", "after", "drop", "twice", "any"]))
        before = tuple(draw(st.lists(quiet_steps | steps, max_size=2)))
        match change:
            case "before":
                made.append(replace(plan, steps=before + plan.steps))
            case "after":
                made.append(replace(plan, steps=plan.steps + before))
            case "twice":
                made += [plan, replace(plan, steps=before + plan.steps)]
            case "any":
                made.append(replace(plan, steps=before))
            case "keep":
                made.append(plan)
    return tuple(made)


def mostly(base: tuple[object, ...], more: st.SearchStrategy) -> st.SearchStrategy:
    extra = st.lists(more, max_size=2).map(tuple)
    return st.one_of(st.just(base), extra.map(lambda e: e + base), extra.map(lambda e: base + e))


full_rota = (Shift("day", Place.OFF_SITE, 0, 5000), Shift("night", Place.OFF_SITE, 5000))
configurations = st.builds(
    Configuration,
    shifts=st.one_of(
        mostly(full_rota, st.builds(Shift, names, places, minutes, minutes, st.booleans())),
        st.lists(st.builds(Shift, names, places, minutes, minutes, st.booleans())).map(tuple),
    ),
    targets=mostly((Target("sheet"),), st.builds(Target, names, places, st.booleans())),
    contacts=mostly((), st.builds(Contact, names, places)),
    cameras=mostly((), st.builds(Camera, names, st.booleans())),
    devices=mostly((), st.builds(Device, names, some_kinds, st.booleans())),
    filters=mostly(
        (),
        st.builds(
            Filter,
            names,
            st.sampled_from(Hold),
            some_kinds,
            st.booleans(),
            minutes,
            minutes,
            while_open=some_kinds,
        ),
    ),
    notices=mostly(
        (),
        st.builds(
            Notice,
            names,
            places,
            st.frozensets(st.sampled_from(["disarmed", "armed"])),
            some_kinds,
            some_kinds,
        ),
    ),
)
worlds = st.tuples(plans(), configurations)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds)
def test_what_is_accepted_never_mutes_and_never_tells(world: World) -> None:
    rules = {problem.rule for problem in check(*world)}
    if "never-mute" not in rules:
        assert not is_lost(world)
    if "never-tell" not in rules:
        assert not is_told(world)


def test_the_check_is_not_merely_strict() -> None:
    overt = frozenset({Kind.BURGLARY, Kind.TROUBLE})
    rich = Configuration(
        shifts=(*full_rota, Shift("desk", Place.PREMISES)),
        targets=(Target("sheet"), Target("old", enabled=False)),
        contacts=(Contact("Bo", Place.OFF_SITE), Contact("Al", Place.PREMISES)),
        cameras=(Camera("cam", watches_anyway=False),),
        devices=(Device("door", overt, ignored=True),),
        filters=(
            Filter("test", Hold.TEST_MODE, overt),
            Filter("never", Hold.SCHEDULE, frozenset(Kind), enabled=False),
        ),
        notices=(Notice("all", Place.PREMISES, frozenset({"armed"}), overt, overt),),
    )
    assert check(builtin_plans(), rich) == ()
    assert not is_lost((builtin_plans(), rich))
    assert not is_told((builtin_plans(), rich))


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_that_stands_for_two_things_stands_for_the_worse(order: int) -> None:
    watch = with_step(Kind.DURESS, Step(Act.WATCH_CAMERA, "w", "x"))
    tell = with_step(Kind.DURESS, Step(Act.TELL_PEOPLE, "t", "x"))
    away, here = Contact("x", Place.OFF_SITE), Contact("x", Place.PREMISES)
    good = Target("sheet")
    for plans_, configuration in (
        (watch, replace(GOOD, cameras=(Camera("x", True), Camera("x", False))[::order])),
        (tell, replace(GOOD, contacts=(away, here)[::order])),
        (builtin_plans(), replace(GOOD, targets=(good, Target("sheet", here.place))[::order])),
        (builtin_plans(), replace(GOOD, targets=(good, replace(good, enabled=False))[::order])),
    ):
        assert check(plans_, configuration)


def test_what_a_new_station_has_is_good() -> None:
    world = (builtin_plans(), builtin_configuration())
    assert check(*world) == ()
    assert not is_lost(world)
    assert not is_told(world)
    assert {plan.kind for plan in world[0]} == set(Kind)


def with_step(kind: Kind, step: Step, *, first: bool = False) -> tuple[Plan, ...]:
    return tuple(
        replace(p, steps=(step, *p.steps) if first else (*p.steps, step)) if p.kind is kind else p
        for p in builtin_plans()
    )


GOOD = builtin_configuration()
MUTING = {
    "test mode": replace(GOOD, filters=(Filter("f", Hold.TEST_MODE, frozenset(Kind)),)),
    "schedule": replace(
        GOOD, filters=(Filter("f", Hold.SCHEDULE, frozenset({Kind.INTRUDER}), True, 60, 120),)
    ),
    "duplicate": replace(
        GOOD, filters=(Filter("f", Hold.DUPLICATE, frozenset({Kind.DURESS}), window_s=60),)
    ),
    "empty rota": replace(GOOD, shifts=()),
    "gap": replace(
        GOOD, shifts=(Shift("a", Place.OFF_SITE, 0, 99), Shift("b", Place.OFF_SITE, 100))
    ),
    "sunday": replace(GOOD, shifts=(Shift("a", Place.OFF_SITE, 0, WEEK_MIN - 1),)),
    "rota at the premises": replace(GOOD, shifts=(Shift("a", Place.PREMISES),)),
    "rota nowhere": replace(GOOD, shifts=(Shift("a", Place.UNKNOWN),)),
    "rota disabled": replace(GOOD, shifts=(Shift("a", Place.OFF_SITE, enabled=False),)),
    "no hand-off": replace(GOOD, targets=()),
    "hand-off disabled": replace(GOOD, targets=(Target("sheet", enabled=False),)),
    "hand-off at the premises": replace(GOOD, targets=(Target("sheet", Place.PREMISES),)),
    "device": replace(GOOD, devices=(Device("d", frozenset({Kind.HOLD_UP}), ignored=True),)),
}


@pytest.mark.parametrize("name", MUTING)
def test_each_way_to_mute_is_refused_and_is_one(name: str) -> None:
    world = (builtin_plans(), MUTING[name])
    assert "never-mute" in {p.rule for p in check(*world)}
    assert is_lost(world)


WAIT = Step(Act.SECOND_SIGNAL, "wait", auto=True, deadline_s=30, on_failure=OnFailure.NEXT)


@pytest.mark.parametrize(
    "step",
    [
        replace(WAIT, deadline_s=61),
        replace(WAIT, deadline_s=float("inf")),
        replace(WAIT, auto=False),
        replace(WAIT, on_failure=OnFailure.ESCALATE),
    ],
)
def test_nothing_holds_up_dispatch_to_an_intruder(step: Step) -> None:
    world = (with_step(Kind.INTRUDER, step, first=True), GOOD)
    assert {p.rule for p in check(*world)} == {"never-mute"}
    assert is_lost(world)
    assert check(with_step(Kind.INTRUDER, WAIT, first=True), GOOD) == ()


@pytest.mark.parametrize("kind", SECRET)
def test_dispatch_is_first_and_starts_by_itself_for_covert_kinds(kind: Kind) -> None:
    plan = next(p for p in builtin_plans() if p.kind is kind)
    assert (plan.steps[0].act, plan.steps[0].auto) == (Act.HAND_OFF, True)
    assert check(with_step(kind, WAIT, first=True), GOOD)
    by_hand = tuple(
        replace(p, steps=(replace(p.steps[0], auto=False),)) if p.kind is kind else p
        for p in builtin_plans()
    )
    assert check(by_hand, GOOD)
    assert is_lost((by_hand, GOOD))


def test_there_is_one_plan_for_each_grave_kind() -> None:
    without = tuple(p for p in builtin_plans() if p.kind is not Kind.DURESS)
    assert check(without, GOOD)
    assert check(builtin_plans() + builtin_plans(), GOOD)


def notice(**more: frozenset[Kind]) -> Configuration:
    public = frozenset({"disarmed"})
    return replace(GOOD, notices=(Notice("n", Place.UNKNOWN, public, **more),))


duress = frozenset({Kind.DURESS})
TELLING: dict[str, World] = {
    "everyone": (
        with_step(Kind.DURESS, Step(Act.NOTE, "n", audience=Audience.EVERYONE)),
        GOOD,
    ),
    "camera": (
        with_step(Kind.HOLD_UP, Step(Act.WATCH_CAMERA, "w", "cam")),
        replace(GOOD, cameras=(Camera("cam", watches_anyway=False),)),
    ),
    "unknown camera": (with_step(Kind.HOLD_UP, Step(Act.WATCH_CAMERA, "w", "cam")), GOOD),
    "colleague": (
        with_step(Kind.DURESS, Step(Act.TELL_PEOPLE, "t", "Bo")),
        replace(GOOD, contacts=(Contact("Bo", Place.PREMISES),)),
    ),
    "anybody": (with_step(Kind.DURESS, Step(Act.TELL_PEOPLE, "t")), GOOD),
    "key-holder on site": (
        with_step(Kind.DURESS, Step(Act.TELL_KEY_HOLDER, "t", "Bo")),
        replace(GOOD, contacts=(Contact("Bo", Place.UNKNOWN),)),
    ),
    "hand-off to the site": (
        with_step(Kind.DURESS, Step(Act.HAND_OFF, "t", "desk")),
        replace(GOOD, targets=(*GOOD.targets, Target("desk", Place.PREMISES))),
    ),
    "notice": (builtin_plans(), notice(on_kinds=duress)),
    "missing notice": (builtin_plans(), notice(hushed_by=duress)),
    "missing alarm": (
        builtin_plans(),
        replace(
            GOOD,
            filters=(Filter("f", Hold.DUPLICATE, frozenset({Kind.BURGLARY}), while_open=duress),),
        ),
    ),
}


@pytest.mark.parametrize("name", TELLING)
def test_each_way_to_tell_is_refused_and_is_one(name: str) -> None:
    assert "never-tell" in {p.rule for p in check(*TELLING[name])}
    assert is_told(TELLING[name])


def test_what_is_off_the_site_or_public_may_be_told() -> None:
    shown = Step(Act.WATCH_CAMERA, "w", "cam")
    told = Step(Act.TELL_PEOPLE, "t", "Bo", audience=Audience.RESPONDERS)
    away = replace(
        GOOD,
        cameras=(Camera("cam", watches_anyway=True),),
        contacts=(Contact("Bo", Place.OFF_SITE),),
        notices=(
            Notice("off", Place.OFF_SITE, on_kinds=duress),
            Notice("public", Place.PREMISES, frozenset({"disarmed"})),
            Notice("overt", Place.PREMISES, on_kinds=frozenset({Kind.BURGLARY})),
        ),
    )
    for world in (
        (with_step(Kind.DURESS, shown), away),
        (with_step(Kind.DURESS, told), away),
        (with_step(Kind.FIRE, replace(told, audience=Audience.EVERYONE)), away),
    ):
        assert check(*world) == ()
        assert not is_told(world)


def test_no_act_calls_the_premises() -> None:
    assert not [act for act in Act if "call" in act or "phone" in act]
    assert not [s for p in builtin_plans() for s in p.steps if CALL_PREMISES in s.label]
