"""A small honest stand-in for the site: one area, one code, real countdowns, a clock by hand.

It keeps the promises of `Keypads` and nothing more: enough to serve the page and to test it.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace

from watchword.core.errors import InputError
from watchword.core.words import Action, Mode
from watchword.site.views import Answer, EntryPoint, KeypadState, OpenZone

CODE = "481516"
PAIRING = "KEYS-2345"
LINK = "a-one-time-link"
ARM = (Action.ARM_AWAY, Action.ARM_HOME, Action.ARM_NIGHT)
SENTENCES = {Mode.AWAY: "Armed away", Mode.HOME: "Armed home", Mode.NIGHT: "Armed night"}

DISARMED = KeypadState(
    area="Lobby",
    at_ms=1_790_000_000_000,
    phase="disarmed",
    mode=None,
    sentence="Ready to arm",
    countdown_s=None,
    countdown_of_s=None,
    actions=ARM,
    open_zones=(),
    bypassed=(),
    memory=(),
    trouble=(),
    locked_s=None,
    digits=6,
    sound="none",
)


@dataclass
class FakeKeypads:
    """One area with one keypad; `seen` holds what was asked, codes left out."""

    now: KeypadState = DISARMED
    secrets: set[str] = field(default_factory=set)
    unused: set[str] = field(default_factory=lambda: {PAIRING, LINK})
    seen: list[tuple[Action, tuple[str, ...]]] = field(default_factory=list)
    breaks: BaseException | None = None
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def pair(self, code: str) -> str:
        if code not in self.unused:
            raise InputError(
                "This code was used or has expired.", hint="Ask for a new one and type it soon."
            )
        self.unused.remove(code)
        secret = f"secret-of-a-device-{len(self.secrets)}"
        self.secrets.add(secret)
        return secret

    async def device(self, secret: str) -> EntryPoint | None:
        return EntryPoint(7, "Lobby keypad", "Lobby") if secret in self.secrets else None

    def state(self, entry: EntryPoint) -> KeypadState:
        return self.now

    async def attempt(
        self, entry: EntryPoint, code: str, action: Action, *, bypass: tuple[str, ...] = ()
    ) -> Answer:
        self.seen.append((action, bypass))
        if self.breaks:
            raise self.breaks
        if self.now.locked_s is not None:
            return Answer(False, f"Locked. Try again in {self.now.locked_s} s", self.now)
        if code != CODE:
            return Answer(False, "Code not accepted", self.now)
        if action not in self.now.actions:
            return Answer(False, "Not possible now", self.now)
        if action is Action.DISARM:
            self.show(DISARMED)
            return Answer(True, "Disarmed", self.now)
        left = tuple(z for z in self.now.open_zones if not (z.bypass and z.name in bypass))
        if left:
            return Answer(False, f"Not armed. Open: {', '.join(z.name for z in left)}", self.now)
        self.show(exiting(60, action.mode or Mode.AWAY, bypassed=bypass))
        return Answer(True, "Leave now", self.now)

    async def changed(self, entry: EntryPoint, *, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._bell.wait()

    def show(self, state: KeypadState) -> None:
        """Change what the keypad shows, and wake its streams."""
        self.now = replace(state, at_ms=self.now.at_ms + 1000)
        self._bell.set()
        self._bell = asyncio.Event()


def doors_open(*zones: OpenZone) -> KeypadState:
    """Disarmed with zones in the way of arming."""
    count = f"{len(zones)} doors open" if len(zones) > 1 else "1 door open"
    return replace(DISARMED, sentence=count, open_zones=zones)


def exiting(left_s: int, mode: Mode = Mode.AWAY, *, bypassed: tuple[str, ...] = ()) -> KeypadState:
    """Armed, and people still have `left_s` seconds to leave."""
    return replace(
        DISARMED,
        phase="exiting",
        mode=mode,
        sentence="Leave now",
        countdown_s=left_s,
        countdown_of_s=60,
        actions=(Action.DISARM,),
        bypassed=bypassed,
        sound="exit",
    )


def armed(mode: Mode = Mode.AWAY, *, bypassed: tuple[str, ...] = ()) -> KeypadState:
    """Armed, and everybody is out or in bed."""
    return replace(
        DISARMED,
        phase="armed",
        mode=mode,
        sentence=SENTENCES[mode],
        actions=(Action.DISARM,),
        bypassed=bypassed,
    )


def entering(left_s: int) -> KeypadState:
    """Somebody came in and has `left_s` seconds for the code."""
    return replace(
        armed(),
        phase="entering",
        sentence="Enter code",
        countdown_s=left_s,
        countdown_of_s=30,
        sound="entry",
    )


def alarm() -> KeypadState:
    """An alarm that sounds."""
    return replace(armed(), phase="alarm", sentence="Alarm", memory=("Front door",), sound="alarm")
