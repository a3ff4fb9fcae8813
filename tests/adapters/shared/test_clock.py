"""The machine's clocks: UTC seconds, and one that never goes back."""

import datetime as dt

from watchword.adapters.shared.clock import SystemClock
from watchword.core.timing import Clock


def test_it_is_utc_in_seconds_whatever_the_time_zone() -> None:
    clock: Clock = SystemClock()
    shown = dt.datetime.now(dt.UTC).timestamp()
    assert abs(clock.now() - shown) < 5


def test_the_other_clock_never_goes_back() -> None:
    clock: Clock = SystemClock()
    read = [clock.monotonic() for _ in range(1000)]
    assert read == sorted(read)
