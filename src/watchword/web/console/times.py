"""How the console says when: age first, exact time and zone beside it.

Ages are counted by the station's clock; `static/ages.js` says them in the same words
while they grow, and a browser test keeps the two alike.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class When:
    """The moment that one page is made for, and the zone that the station speaks in."""

    now_ms: int
    zone: tzinfo = UTC

    def age(self, at_ms: int) -> str:
        """The age in words: "7 s", "2 min 10 s", "1 h 05 min", "3 d 4 h"; never negative."""
        return age_words(max(0, self.now_ms - at_ms) // 1000)

    def short(self, at_ms: int) -> str:
        """The age for a list: "0:07", "12:40", "1 h 05", "3 d"."""
        return age_short(max(0, self.now_ms - at_ms) // 1000)

    def exact(self, at_ms: int) -> str:
        """The exact time with its zone, "21:04:07 CET"; with its day unless it is today."""
        at, now = _local(at_ms, self.zone), _local(self.now_ms, self.zone)
        day = "" if at.date() == now.date() else f"{at.day} {at:%b} "
        return f"{day}{at:%H:%M:%S} {at:%Z}"

    def full(self, at_ms: int) -> str:
        """Day, time and zone, for paper."""
        at = _local(at_ms, self.zone)
        return f"{at.day} {at:%B %Y}, {at:%H:%M:%S} {at:%Z}"

    @property
    def zone_name(self) -> str:
        """The zone's name at this moment, such as CET."""
        return f"{_local(self.now_ms, self.zone):%Z}"

    @property
    def offset_s(self) -> int:
        """How far the zone is ahead of UTC at this moment, in seconds."""
        ahead = _local(self.now_ms, self.zone).utcoffset()
        return int(ahead.total_seconds()) if ahead is not None else 0

    def iso(self, at_ms: int) -> str:
        """The same moment for machines."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def age_words(seconds: int) -> str:
    """An age to be read in a sentence."""
    if seconds < MINUTE_S:
        return f"{seconds} s"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min {seconds % MINUTE_S:02d} s"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S:02d} min"
    return f"{seconds // DAY_S} d {seconds % DAY_S // HOUR_S} h"


def age_short(seconds: int) -> str:
    """An age to be compared in a column."""
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S}:{seconds % MINUTE_S:02d}"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S:02d}"
    return f"{seconds // DAY_S} d"


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)
