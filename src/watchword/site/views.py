"""What a keypad may be told: public facts, the same whichever code was typed."""

from dataclasses import dataclass
from typing import Protocol

from watchword.core.words import Action, Mode


@dataclass(frozen=True, slots=True)
class OpenZone:
    """A zone that stands in the way of arming, and whether a person may bypass it."""

    name: str
    bypass: bool


@dataclass(frozen=True, slots=True)
class KeypadState:
    """Everything that a keypad shows; times in seconds, `at_ms` in UTC milliseconds."""

    area: str
    at_ms: int
    phase: str
    mode: Mode | None
    sentence: str
    countdown_s: int | None
    countdown_of_s: int | None
    actions: tuple[Action, ...]
    open_zones: tuple[OpenZone, ...]
    bypassed: tuple[str, ...]
    memory: tuple[str, ...]
    trouble: tuple[str, ...]
    locked_s: int | None
    digits: int
    sound: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the keypad answers to one attempt."""

    accepted: bool
    message: str
    state: KeypadState


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A paired device that takes codes in one area; `number` is what reports carry."""

    number: int
    name: str
    area: str


class Keypads(Protocol):
    """What the keypad's pages ask of the site."""

    async def pair(self, code: str) -> str:
        """Exchange a one-time code for a device secret; InputError when it is not good."""
        ...

    async def device(self, secret: str) -> EntryPoint | None:
        """The entry point that this secret belongs to, or None."""
        ...

    async def attempt(
        self, entry: EntryPoint, code: str, action: Action, *, bypass: tuple[str, ...] = ()
    ) -> Answer:
        """Evaluate one attempt and answer on a tick."""
        ...

    def state(self, entry: EntryPoint) -> KeypadState:
        """What this keypad shows now."""
        ...

    async def changed(self, entry: EntryPoint, *, within_s: float) -> None:
        """Return when this area changed, or after `within_s` at the latest."""
        ...
