"""What is stored of an area comes back as it was, and nothing else comes back at all."""

import json
from typing import Any

import pytest

from watchword.core.area import (
    AreaState,
    Way,
    attempt_action,
    attempt_detail,
    consistent,
    from_plain,
    to_plain,
)
from watchword.core.errors import LocalFaultError
from watchword.core.words import Action, Mode
from watchword.core.zones import Phase

RICH = AreaState(
    phase=Phase.ALARM,
    mode=Mode.NIGHT,
    report_at=1_800_000_000.5,
    quiet_until=1_800_000_060,
    sent=True,
    open=("Window", "Back door"),
    bypassed=("Back door",),
    memory=("Window",),
    unsent=("Window",),
    reported=("Hatch",),
    held=("Safe",),
    trips=(("Window", 1), ("Hatch", 2)),
)
ENTERING = AreaState(
    phase=Phase.ENTERING, mode=Mode.AWAY, deadline=1.0, cause="Door", exit_error=True
)


@pytest.mark.parametrize("state", [AreaState(), RICH, ENTERING])
def test_a_state_survives_json(state: AreaState) -> None:
    assert consistent(state)
    again = from_plain(json.loads(json.dumps(to_plain(state))))
    assert again == state
    assert isinstance(again.phase, Phase)
    assert isinstance(again.way, Way)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phase", "dozing"),
        ("mode", "sideways"),
        ("way", None),
        ("deadline", "soon"),
        ("quiet_until", True),
        ("report_at", [1]),
        ("open", "Window"),
        ("open", [1]),
        ("trips", [["Window"]]),
        ("trips", 3),
        ("surprise", 1),
        # each of these alone is fine and together they contradict each other
        ("phase", "disarmed"),
        ("phase", "armed"),
        ("deadline", 1.0),
        ("cause", "Window"),
        ("unsent", []),
        ("exit_error", True),
        ("quiet_until", None),
        ("trips", [["Window", "x"]]),
    ],
)
def test_anything_else_is_refused(key: str, value: Any) -> None:
    with pytest.raises(LocalFaultError, match="cannot be read"):
        from_plain(to_plain(RICH) | {key: value})


@pytest.mark.parametrize("extra", [{"sent": True}, {"trips": [["Window", 1]]}])
def test_what_belongs_to_an_alarm_is_refused_without_one(extra: dict[str, Any]) -> None:
    with pytest.raises(LocalFaultError):
        from_plain(to_plain(AreaState()) | extra)


def test_a_bypass_without_arming_is_refused() -> None:
    with pytest.raises(LocalFaultError):
        from_plain(to_plain(AreaState(bypassed=("Window",))))


@pytest.mark.parametrize("plain", [{}, [], None, "state"])
def test_what_is_no_state_at_all_is_refused(plain: Any) -> None:
    with pytest.raises(LocalFaultError):
        from_plain(plain)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("action", Action)
def test_the_detail_of_an_attempt_says_what_was_asked_for(action: Action, done: bool) -> None:
    detail = attempt_detail(action, done=done)
    assert 0 < detail < 256
    assert attempt_action(detail) == (action, done)


def test_the_numbers_of_actions_never_change() -> None:
    assert {action: attempt_detail(action) for action in Action} == {
        Action.DISARM: 1,
        Action.ARM_AWAY: 2,
        Action.ARM_HOME: 3,
        Action.ARM_NIGHT: 4,
    }


@pytest.mark.parametrize("detail", [0, 5, 127])
def test_an_action_of_a_later_release_is_unknown(detail: int) -> None:
    assert attempt_action(detail) == (None, True)
