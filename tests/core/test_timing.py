"""The site's time: true within a boot, and bounded in whatever a station or a wall clock says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.timing import AHEAD_S_MAX, CLAMP_S_MAX, SiteTime

T0 = 1_800_000_000.0
DAY_S = 86_400.0
YEAR_S = 365 * DAY_S


def hears(time: SiteTime, station_s: float, *, at: float = 0.0, running: bool = False) -> SiteTime:
    return time.corrected(station_utc_s=station_s, monotonic_s=at, running=running)


def test_within_a_boot_only_the_monotonic_clock_counts() -> None:
    time = SiteTime.at_boot(utc_s=T0, monotonic_s=50.0, last_seen_s=None)
    assert time.at(50.0) == T0
    assert time.at(51.5) == T0 + 1.5  # whatever the wall clock shows meanwhile


@pytest.mark.parametrize(
    ("wall_s", "noted_s", "starts"),
    [
        (T0, None, T0),  # the first boot ever
        (T0 + 100, T0, T0 + 100),  # it was off for 100 s
        (T0 - YEAR_S, T0, T0),  # its battery is empty: what it noted last is nearer
        (T0 + YEAR_S, T0, T0 + YEAR_S),  # ahead: believed until the station says otherwise
    ],
)
def test_a_boot_starts_no_earlier_than_what_was_noted(
    wall_s: float, noted_s: float | None, starts: float
) -> None:
    booted = SiteTime.at_boot(utc_s=wall_s, monotonic_s=7.0, last_seen_s=noted_s)
    assert booted.at(7.0) == starts


@pytest.mark.parametrize("running", [False, True])
def test_the_station_moves_it_forward_even_while_something_is_running(running: bool) -> None:
    time = SiteTime(T0, 0.0)
    assert hears(time, T0 + 3600, at=0.0, running=running).at(0.0) == T0 + 3600
    assert hears(time, T0 + 3600, at=5.0, running=running).at(6.0) == T0 + 3601


@pytest.mark.parametrize("behind_s", [0.0, 0.2, 5.0, AHEAD_S_MAX])
def test_an_old_frame_moves_nothing(behind_s: float) -> None:
    time = SiteTime(T0, 0.0)
    assert hears(time, T0 - behind_s) == time


def test_a_site_that_is_far_ahead_comes_back() -> None:
    time = SiteTime(T0 + 3600, 0.0)
    assert hears(time, T0).at(0.0) == T0


def test_it_never_goes_back_while_something_is_running() -> None:
    """An entry delay of 30 s must not last an hour and 30 s because a clock was an hour ahead."""
    time = SiteTime(T0 + 3600, 0.0)
    assert hears(time, T0, running=True) == time
    assert hears(time, T0, at=31.0, running=False).at(31.0) == T0


@pytest.mark.parametrize(("ahead_s", "sign"), [(YEAR_S, -1), (-YEAR_S, 1)])
def test_one_word_of_the_station_moves_a_day_at_most(ahead_s: float, sign: int) -> None:
    time = SiteTime(T0 + ahead_s, 0.0)
    assert hears(time, T0).at(0.0) == T0 + ahead_s + sign * CLAMP_S_MAX


def test_a_wall_clock_that_was_a_year_ahead_at_one_boot_is_forgotten_within_two_minutes() -> None:
    """Once it kept the site's time ahead for ever: nothing could move it back."""
    time = SiteTime.at_boot(utc_s=T0 + YEAR_S, monotonic_s=0.0, last_seen_s=T0)
    time = SiteTime.at_boot(utc_s=T0, monotonic_s=0.0, last_seen_s=time.at(0.0))  # next boot
    assert time.at(0.0) == T0 + YEAR_S
    for frame in range(480):  # four a second
        at = frame / 4
        time = hears(time, T0 + at, at=at)
    assert time.at(120.0) == pytest.approx(T0 + 120.0, abs=AHEAD_S_MAX)


times = st.floats(min_value=0, max_value=4e9, allow_nan=False)


@given(here=times, station=times, running=st.booleans(), at=st.floats(0, 1e7))
def test_no_word_moves_it_further_than_the_clamp_or_past_the_station(
    here: float, station: float, running: bool, at: float
) -> None:
    time = SiteTime(here - at, 0.0)
    before, after = time.at(at), hears(time, station, at=at, running=running).at(at)
    assert abs(after - before) <= CLAMP_S_MAX + 1e-3
    assert min(before, station) - 1e-3 <= after <= max(before, station) + 1e-3
    if running:
        assert after >= before - 1e-3
