"""What a keypad is told: a pure function of public state, in the words of the catalogue.

This file owns the sentences' choice; nothing in it has ever seen a code.
"""

from collections.abc import Collection

from watchword.core.area import Verdict
from watchword.core.arming import View
from watchword.core.zones import Phase
from watchword.site.strings import Strings, listed
from watchword.site.views import KeypadState, OpenZone


def keypad_state(
    strings: Strings,
    view: View,
    *,
    area: str,
    at: float,
    digits: int,
    locked_s: int | None,
    trouble: Collection[str],
) -> KeypadState:
    """Everything that a keypad of this area shows at `at`; `trouble` are keys of the catalogue."""
    return KeypadState(
        area=area,
        at_ms=int(at * 1000),
        phase=view.phase.value,
        mode=view.mode,
        sentence=sentence(strings, view),
        countdown_s=view.countdown_s,
        countdown_of_s=view.countdown_of_s,
        actions=view.actions,
        open_zones=tuple(OpenZone(zone.name, zone.bypass) for zone in view.open_zones),
        bypassed=view.bypassed,
        memory=view.memory,
        trouble=tuple(strings(f"trouble.{key}") for key in sorted(trouble)),
        locked_s=locked_s,
        digits=digits,
        sound=view.sound,
    )


def sentence(strings: Strings, view: View) -> str:
    """The one sentence that is the state."""
    if view.phase is Phase.ARMED:
        return strings(f"sentence.armed-{view.mode}")
    if view.phase is not Phase.DISARMED:
        return strings(f"sentence.{view.phase}")
    names = [zone.name for zone in view.open_zones]
    if names:
        return strings("sentence.open", count=len(names), zones=listed(names))
    return strings("sentence.ready")


def answer_text(strings: Strings, verdict: Verdict | None, locked_s: int | None) -> str:
    """What is answered to an attempt: while locked the same for every code."""
    if locked_s is not None:
        return strings("answer.locked", seconds=locked_s)
    if verdict is None:
        return strings("answer.not-accepted")
    return strings(f"answer.{verdict.key}", zones=listed(verdict.zones))
