"""Response plans as data, and the two promises that no configuration may break.

This file owns *never mute* (a duress, hold-up or intruder signal always reaches an
operator and a hand-off) and *never tell* (what the premises can see or hear is a function
of public facts only). There is no kind of act for calling the premises: it cannot be planned.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from watchword.core.kinds import COVERT_KINDS, Kind

WEEK_MIN = 7 * 24 * 60
NEVER_MUTE = (Kind.DURESS, Kind.HOLD_UP, Kind.INTRUDER)
BEFORE_DISPATCH_S_MAX = 60.0  # waiting for a second signal may cost a minute, never more
CALL_PREMISES = "Call premises"
CALL_PREMISES_WHY = (
    "Not available. A call that comes for one kind and not for another would tell who listens."
)


class Act(StrEnum):
    """What one step does. Nothing here telephones the premises, and nothing may be added."""

    HAND_OFF = "hand-off"
    TELL_KEY_HOLDER = "tell-key-holder"
    TELL_PEOPLE = "tell-people"
    SECOND_SIGNAL = "second-signal"
    WATCH_CAMERA = "watch-camera"
    NOTE = "note"


class Audience(StrEnum):
    """Who may learn a fact."""

    OFF_SITE = "off-site"
    RESPONDERS = "responders"
    EVERYONE = "everyone"


class OnFailure(StrEnum):
    """What follows when a step does not succeed by its deadline."""

    ESCALATE = "escalate"
    NEXT = "next"


class Place(StrEnum):
    """Where somebody or something is; unknown counts as on the premises."""

    OFF_SITE = "off-site"
    PREMISES = "premises"
    UNKNOWN = "unknown"


class Hold(StrEnum):
    """Why a configuration holds signals back."""

    TEST_MODE = "test-mode"
    SCHEDULE = "schedule"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan; `target` names a hand-off, a contact or a camera."""

    act: Act
    label: str
    target: str = ""
    auto: bool = False
    deadline_s: float = 30.0
    on_failure: OnFailure = OnFailure.ESCALATE
    audience: Audience = Audience.OFF_SITE


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done for one kind at a site, in order."""

    kind: Kind
    name: str
    version: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """Whom an incident alerts, from minute to minute of the week (UTC, end not included)."""

    who: str
    place: Place
    from_min: int = 0
    to_min: int = WEEK_MIN
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Somewhere to pass an incident on to."""

    name: str
    place: Place = Place.OFF_SITE
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody a step may tell."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera; `watches_anyway` means that looking changes nothing that can be seen on site."""

    name: str
    watches_anyway: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A source of signals; a station that ignores one hears nothing of it."""

    name: str
    kinds: frozenset[Kind]
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Signals of these kinds held back, always or only while an incident of `while_open` is open.

    Applies from minute to minute of the week; a duplicate filter drops what repeats within
    `window_s`. Joining is not a filter: a joined signal is kept.
    """

    name: str
    hold: Hold
    kinds: frozenset[Kind]
    enabled: bool = True
    from_min: int = 0
    to_min: int = WEEK_MIN
    window_s: float = 0.0
    while_open: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message outside any plan: sent on a public fact or when an incident of `on_kinds` opens.

    `hushed_by` lists kinds whose open incident silences it. Silence is a signal too.
    """

    name: str
    to: Place
    on_public: frozenset[str] = frozenset()
    on_kinds: frozenset[Kind] = frozenset()
    hushed_by: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that decides who hears of what."""

    shifts: tuple[Shift, ...] = ()
    targets: tuple[Target, ...] = ()
    contacts: tuple[Contact, ...] = ()
    cameras: tuple[Camera, ...] = ()
    devices: tuple[Device, ...] = ()
    filters: tuple[Filter, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a configuration breaks a promise; `rule` is never-mute or never-tell."""

    rule: str
    subject: str
    message: str


SHEET = "sheet"


def builtin_plans(target: str = SHEET) -> tuple[Plan, ...]:
    """The plan of each kind before anybody writes one; `target` names the hand-off."""
    return tuple(Plan(kind, f"{kind} (built in)", 1, _steps(kind, target)) for kind in Kind)


def builtin_configuration() -> Configuration:
    """What a new station has: operators off the site all week, and the sheet they read aloud."""
    return Configuration(shifts=(Shift("operators", Place.OFF_SITE),), targets=(Target(SHEET),))


def _steps(kind: Kind, target: str) -> tuple[Step, ...]:
    start = Step(Act.HAND_OFF, "Dispatch police", target, auto=True)
    holder = Step(Act.TELL_KEY_HOLDER, "Tell an off-site key-holder", deadline_s=300.0)
    second = Step(
        Act.SECOND_SIGNAL, "Wait for a second signal", auto=True, on_failure=OnFailure.NEXT
    )
    note = Step(Act.NOTE, "Write down what was done", deadline_s=1800.0)
    match kind:
        case Kind.DURESS | Kind.HOLD_UP | Kind.INTRUDER:
            return (start, holder, note)
        case Kind.MEDICAL | Kind.ASSISTANCE | Kind.FIRE:
            label = {Kind.MEDICAL: "Send an ambulance", Kind.FIRE: "Send the fire service"}
            sent = label.get(kind, "Send somebody")
            return (Step(Act.HAND_OFF, sent, target, auto=True), holder, note)
        case Kind.BURGLARY:
            return (second, holder, Step(Act.HAND_OFF, "Dispatch police", target), note)
        case _:
            return (holder, note)


def check(plans: Iterable[Plan], configuration: Configuration) -> tuple[Problem, ...]:
    """Every way in which these plans and this configuration could mute or tell; empty is good.

    Careful rather than clever: what it accepts never mutes and never tells. Saving anything
    that it does not accept is refused.
    """
    by_kind: dict[Kind, list[Plan]] = {}
    for plan in plans:
        by_kind.setdefault(plan.kind, []).append(plan)
    return (
        *_mute_by_filter(configuration),
        *_mute_by_rota(configuration),
        *_mute_by_plan(by_kind, configuration),
        *_tell_by_step(by_kind, configuration),
        *_tell_by_rule(configuration),
    )


def _muted(subject: str, message: str) -> Problem:
    return Problem("never-mute", subject, message)


def _told(subject: str, message: str) -> Problem:
    return Problem("never-tell", subject, message)


def _mute_by_filter(configuration: Configuration) -> Iterator[Problem]:
    for rule in configuration.filters:
        if rule.enabled and rule.kinds.intersection(NEVER_MUTE):
            yield _muted(rule.name, f"This {rule.hold} would hold back {_names(rule.kinds)}.")
    for device in configuration.devices:
        if device.ignored and device.kinds.intersection(NEVER_MUTE):
            yield _muted(device.name, f"Ignoring it would lose {_names(device.kinds)}.")


def _mute_by_rota(configuration: Configuration) -> Iterator[Problem]:
    """The whole week needs somebody off the site: covert kinds are shown nowhere else."""
    spans = sorted(
        (shift.from_min, shift.to_min)
        for shift in configuration.shifts
        if shift.enabled and shift.place is Place.OFF_SITE
    )
    covered = 0
    for start, end in spans:
        if start > covered:
            break
        covered = max(covered, end)
    if covered < WEEK_MIN:
        yield _muted("rota", f"Nobody off the site is alerted from {_minute(covered)} on.")


def _mute_by_plan(
    by_kind: Mapping[Kind, list[Plan]], configuration: Configuration
) -> Iterator[Problem]:
    usable = {
        target.name
        for target in configuration.targets
        if target.enabled and target.place is Place.OFF_SITE
    }
    # A name that stands for two things stands for the worse one.
    usable -= {t.name for t in configuration.targets if not t.enabled}
    usable -= {t.name for t in configuration.targets if t.place is not Place.OFF_SITE}
    for kind in NEVER_MUTE:
        plans = by_kind.get(kind, [])
        if len(plans) != 1:
            yield _muted(kind, "There must be exactly one response plan for it.")
        for plan in plans:
            yield from _mute_by_steps(plan, usable)


def _mute_by_steps(plan: Plan, usable: set[str]) -> Iterator[Problem]:
    starts = [n for n, s in enumerate(plan.steps) if _starts(s) and s.target in usable]
    if not starts:
        yield _muted(plan.name, "No hand-off that works starts by itself.")
    elif plan.kind in COVERT_KINDS and starts[0] != 0:
        yield _muted(plan.name, "Dispatch must be the first step.")
    elif not _passes(plan.steps[: starts[0]]):
        yield _muted(plan.name, "A step before dispatch can hold it up.")


def _starts(step: Step) -> bool:
    return step.act is Act.HAND_OFF and step.auto


def _passes(steps: tuple[Step, ...]) -> bool:
    """Whether the plan goes on behind these steps soon, without anybody's help."""
    alone = all(s.auto and s.on_failure is OnFailure.NEXT and s.deadline_s >= 0 for s in steps)
    return alone and sum(s.deadline_s for s in steps) <= BEFORE_DISPATCH_S_MAX


def _tell_by_step(
    by_kind: Mapping[Kind, list[Plan]], configuration: Configuration
) -> Iterator[Problem]:
    off_site = {t.name for t in configuration.targets if t.place is Place.OFF_SITE}
    off_site -= {t.name for t in configuration.targets if t.place is not Place.OFF_SITE}
    away = {c.name for c in configuration.contacts if c.place is Place.OFF_SITE} | {""}
    away -= {c.name for c in configuration.contacts if c.place is not Place.OFF_SITE}
    unseen = {c.name for c in configuration.cameras if c.watches_anyway}
    unseen -= {c.name for c in configuration.cameras if not c.watches_anyway}
    good = {
        Act.HAND_OFF: off_site,
        Act.TELL_KEY_HOLDER: away,
        Act.TELL_PEOPLE: away - {""},
        Act.WATCH_CAMERA: unseen,
    }
    for kind in sorted(COVERT_KINDS):
        for plan in by_kind.get(kind, []):
            for step in plan.steps:
                if step.audience is Audience.EVERYONE:
                    yield _told(plan.name, f"{step.label}: everyone would learn of it.")
                if step.act in good and step.target not in good[step.act]:
                    yield _told(plan.name, f"{step.label}: {step.target!r} may be on the premises.")


def _tell_by_rule(configuration: Configuration) -> Iterator[Problem]:
    for notice in configuration.notices:
        if notice.to is Place.OFF_SITE:
            continue
        if notice.on_kinds & COVERT_KINDS:
            yield _told(notice.name, "It would reach the premises because of a covert incident.")
        if notice.hushed_by & COVERT_KINDS:
            yield _told(notice.name, "It would be missing because of a covert incident.")
    for rule in configuration.filters:
        if rule.enabled and rule.while_open & COVERT_KINDS:
            yield _told(rule.name, "What it holds back would be missing because of one.")


def _names(kinds: frozenset[Kind]) -> str:
    return ", ".join(kind for kind in NEVER_MUTE if kind in kinds)


def _minute(minute: int) -> str:
    day, rest = divmod(minute, 24 * 60)
    return f"day {day + 1}, {rest // 60:02}:{rest % 60:02} UTC"
