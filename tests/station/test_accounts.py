"""A site is entered once for each string that was handed out, and with a number of its own."""

import asyncio
from dataclasses import replace

import pytest

from monitored import OTHER, Station
from watchword.core.codes import DEFAULT_DIGITS, Policy
from watchword.core.errors import InputError, LocalFaultError, RefusedError
from watchword.station.accounts import CATEGORY, NAME_CHARS_MAX, Accounts, SiteProfile
from watchword.station.enrol import StationKey
from watchword.station.ports import NewSite
from watchword.station.watch import ALLOWED_S
from watchword.storage.station import queries

SECRET, NEW = b"s" * 32, NewSite("n" * 32, "What the site calls itself", b"p" * 32, "f" * 64)
KEY = StationKey(b"k" * 32, b"KEY1")


@pytest.fixture
def accounts(station: Station) -> Accounts:
    return Accounts(store=station.store, clock=station.clock, key=KEY, tick_ms=250)


def journal(station: Station) -> list[tuple[str, str]]:
    rows = station.store.read_now(lambda c: queries.journal_tail(c, 100))
    return [(row.who, row.key) for row in reversed(rows)]


async def test_an_offer_is_used_up_by_the_site_that_joins(
    station: Station, accounts: Accounts
) -> None:
    at = station.clock.now()
    await accounts.offer("  Hotel   Borealis ", SECRET, at + 900)
    kept = await accounts.invitation(SECRET)
    assert kept is not None and (kept.expires_at, kept.used) == (at + 900, False)
    given = await accounts.admit(SECRET, NEW, at)
    assert (given.station_key, given.station_key_id, given.tick_ms) == (KEY.public, KEY.key_id, 250)
    row = station.store.read_now(lambda c: queries.site_by_fingerprint(c, NEW.fingerprint))
    assert row is not None
    assert (row.name, row.number, row.hpke_public) == ("Hotel Borealis", 3, NEW.hpke_public)
    assert given.number == row.number, "the next after the two that are there"
    assert row.live_ms is None, "not yet live, visibly"
    assert (row.digits, row.policy) == (DEFAULT_DIGITS, Policy.PRIVATE)
    assert ALLOWED_S[given.category] == ALLOWED_S[CATEGORY] == 90.0
    used = await accounts.invitation(SECRET)
    assert used is not None and used.used
    assert journal(station) == [("command", "pairing-offered"), ("system", "site-joined")]


async def test_two_sites_with_one_string_race_and_one_of_them_wins(
    station: Station, accounts: Accounts
) -> None:
    at = station.clock.now()
    await accounts.offer("Hotel Borealis", SECRET, at + 900)
    others = [
        replace(NEW, id=f"{n:032x}", fingerprint=f"{n:064x}", hpke_public=bytes([n]) * 32)
        for n in range(8)
    ]
    answers = await asyncio.gather(
        *(accounts.admit(SECRET, site, at) for site in others), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, RefusedError)]
    assert len(refused) == 7
    assert len(station.store.read_now(queries.sites)) == 3


@pytest.mark.parametrize("late_s", [900, 901, 10**9])
async def test_a_string_that_is_too_old_lets_nobody_in(
    station: Station, accounts: Accounts, late_s: int
) -> None:
    at = station.clock.now()
    await accounts.offer("Hotel Borealis", SECRET, at + 900)
    with pytest.raises(RefusedError):
        await accounts.admit(SECRET, NEW, at + late_s)
    assert len(station.store.read_now(queries.sites)) == 2


async def test_a_string_that_nobody_handed_out_lets_nobody_in(accounts: Accounts) -> None:
    assert await accounts.invitation(SECRET) is None
    with pytest.raises(RefusedError):
        await accounts.admit(SECRET, NEW, 0.0)


@pytest.mark.parametrize("name", ["", "   ", "x" * (NAME_CHARS_MAX + 1), "a\x00b", "a\u202eb"])
async def test_a_name_that_cannot_be_shown_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InputError, match="1 to 80 printable"):
        await accounts.offer(name, SECRET, 1.0)
    assert await accounts.invitation(SECRET) is None


async def test_a_site_that_cannot_be_entered_leaves_the_string_as_it_was(
    station: Station, accounts: Accounts
) -> None:
    """One transaction: were the string used up first, the site would need another one."""
    at = station.clock.now()
    await accounts.offer("Hotel Borealis", SECRET, at + 900)
    with pytest.raises(Exception, match="UNIQUE"):
        await accounts.admit(SECRET, replace(NEW, id=OTHER), at)
    kept = await accounts.invitation(SECRET)
    assert kept is not None and not kept.used
    assert (await accounts.admit(SECRET, NEW, at)).number == 3


async def test_nothing_is_handed_out_that_was_not_kept(
    station: Station, accounts: Accounts
) -> None:
    station.store.close()
    with pytest.raises(LocalFaultError):
        await accounts.offer("Hotel Borealis", SECRET, 1.0)


def test_a_profile_reaches_the_row_whole(station: Station, accounts: Accounts) -> None:
    profile = SiteProfile(
        "Hotel Aurora",
        address="1 Harbour Street",
        approach="Staff entrance",
        notes="Safe",
        time_zone="Europe/Oslo",
        watched="unstaffed",
        category="SP3",
        policy=Policy.SWAP_LAST_TWO,
        digits=8,
    )
    station.store.write_now(lambda c: accounts.enter(c, NEW, profile, at=1.0))
    row = station.store.read_now(lambda c: queries.site_get(c, NEW.id))
    for field in SiteProfile.__slots__:
        assert getattr(row, field) == getattr(profile, field), field
