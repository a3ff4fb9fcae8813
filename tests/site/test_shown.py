"""What a keypad is told, for each state that an area can stand in."""

import pytest

from watchword.core.area import AreaState, Verdict
from watchword.core.arming import view
from watchword.core.words import Action, Mode
from watchword.core.zones import AreaConfig, Phase, Zone, ZoneType
from watchword.site.shown import answer_text, keypad_state, sentence
from watchword.site.strings import load
from watchword.site.views import OpenZone

STRINGS = load()
DOOR = Zone("Back door", ZoneType.DELAYED, 1)
SAFE = Zone("Safe", ZoneType.ALWAYS, 2, bypass=False)
DESK = Zone("Desk", ZoneType.BUTTON, 3, bypass=False, abort=False)
LOBBY = AreaConfig("Lobby", 1, (DOOR, SAFE, DESK))
AT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (AreaState(), "Ready to arm"),
        (AreaState(open=("Back door",)), "Back door open"),
        (AreaState(open=("Back door", "Safe")), "2 doors open"),
        (AreaState(Phase.EXITING, Mode.HOME, AT + 9), "Leave now"),
        (AreaState(Phase.ARMED, Mode.AWAY), "Armed away"),
        (AreaState(Phase.ARMED, Mode.HOME), "Armed home"),
        (AreaState(Phase.ARMED, Mode.NIGHT), "Armed night"),
        (AreaState(Phase.ENTERING, Mode.AWAY, AT + 9, cause="Back door"), "Enter code"),
        (AreaState(Phase.ALARM), "Alarm"),
        (AreaState(Phase.ALARM, Mode.AWAY), "Alarm"),
    ],
)
def test_one_sentence_is_the_state(state: AreaState, text: str) -> None:
    assert sentence(STRINGS, view(LOBBY, state, AT)) == text


def test_a_keypad_is_told_everything_that_it_shows() -> None:
    state = AreaState(open=("Back door", "Safe"), memory=("Safe",))
    shown = keypad_state(
        STRINGS,
        view(LOBBY, state, AT),
        area="Lobby",
        at=AT + 0.5,
        digits=4,
        locked_s=87,
        trouble={"uplink", "storage"},
    )
    assert shown.open_zones == (OpenZone("Back door", True), OpenZone("Safe", False))
    assert shown.at_ms == 1_800_000_000_500
    assert (shown.area, shown.digits, shown.locked_s, shown.sound) == ("Lobby", 4, 87, "none")
    assert shown.actions == (Action.ARM_AWAY, Action.ARM_HOME, Action.ARM_NIGHT)
    assert shown.memory == ("Safe",)
    assert shown.trouble == ("Cannot save to disk", "No connection to the station")


@pytest.mark.parametrize(
    ("verdict", "locked_s", "text"),
    [
        (None, None, "Code not accepted"),
        (None, 87, "Locked. Try again in 87 s"),
        (Verdict(done=True, key="disarmed"), 87, "Locked. Try again in 87 s"),
        (Verdict(done=True, key="disarmed"), None, "Disarmed"),
        (Verdict(done=False, key="zones-open", zones=("Back door", "Safe")), None,
         "Not armed. Open: Back door, Safe"),
        (Verdict(done=False, key="cannot-bypass", zones=("Desk",)), None,
         "Not armed. Cannot be bypassed: Desk"),
        (Verdict(done=False, key="not-disarmed"), None, "Not armed. Disarm first"),
    ],
)  # fmt: skip
def test_what_is_answered(verdict: Verdict | None, locked_s: int | None, text: str) -> None:
    assert answer_text(STRINGS, verdict, locked_s) == text
