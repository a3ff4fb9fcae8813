"""What the rules and use cases may ask about time: an argument, never a global.

Within one boot the monotonic clock is true; between boots only UTC is left, clamped
by what the station said last (decision record 11). `SiteTime` owns that rule:

* A wall clock that was behind at a boot is moved forward by what the site noted last.
* The station's time moves it forward at once: what is due by then falls due.
* The station's time moves it back only when it is far ahead (its wall clock was wrong at
  some boot) and nothing runs towards a deadline. Deadlines are UTC, so going back during
  an entry delay or a lock would make it longer; each lasts minutes, and then time follows.
* Either way by at most `CLAMP_S_MAX` for each word of the station.
"""

from dataclasses import dataclass
from typing import Protocol

CLAMP_S_MAX = 24 * 3600.0
"""The furthest that a station's word may move a site's idea of UTC in one step: a
broken station clock must not skip more than a day at once."""

AHEAD_S_MAX = 60.0
"""So far ahead of the station a site is left alone. A frame may have waited in a socket for
some seconds and says an old time then; a clock that swings is worse than one a little off."""


class Clock(Protocol):
    """The two clocks of a process, as an adapter or a test gives them."""

    def now(self) -> float:
        """UTC in seconds since 1970; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment of this boot; never goes back."""
        ...


@dataclass(frozen=True, slots=True)
class SiteTime:
    """Effective UTC of one boot: where UTC stood at a monotonic moment.

    A jump of the wall clock within a boot changes nothing, because only the
    monotonic clock is read after the anchor is set.
    """

    utc_s: float
    monotonic_s: float

    @classmethod
    def at_boot(cls, *, utc_s: float, monotonic_s: float, last_seen_s: float | None) -> "SiteTime":
        """Anchor a new boot; a wall clock behind the last stored moment is not believed."""
        start = utc_s if last_seen_s is None else max(utc_s, last_seen_s)
        return cls(start, monotonic_s)

    def at(self, monotonic_s: float) -> float:
        """Effective UTC seconds at a monotonic moment of the same boot."""
        return self.utc_s + (monotonic_s - self.monotonic_s)

    def corrected(self, *, station_utc_s: float, monotonic_s: float, running: bool) -> "SiteTime":
        """Follow the station's time; `running` says that a stored deadline is ahead."""
        here = self.at(monotonic_s)
        step = station_utc_s - here
        if step <= 0 and (running or -step <= AHEAD_S_MAX):
            return self
        return SiteTime(here + max(-CLAMP_S_MAX, min(step, CLAMP_S_MAX)), monotonic_s)
