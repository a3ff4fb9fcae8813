"""Signing in: equal answers, bounded tries, and sessions that end."""

import time

import pytest
from argon2 import PasswordHasher

from monitored import Station
from watchword.core.errors import InputError, NotAllowedError, RefusedError
from watchword.station import sessions
from watchword.station.sessions import (
    ABSOLUTE_S,
    ADDRESS_MAX,
    IDLE_S,
    PAIR_MAX,
    REMEMBERED_MAX,
    WINDOW_S,
    Sessions,
    Tries,
)
from watchword.storage.station import queries

PASSWORD = "a long passphrase"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of hashing is not what these tests are about."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(sessions, "_HASHER", hasher)


@pytest.fixture
async def made(station: Station, cheap: None) -> Sessions:
    found = Sessions(store=station.store, clock=station.clock)
    rights = frozenset({"work"})
    await found.set_operator("ann", display="Ann Berg", password=PASSWORD, may=rights, by="setup")
    return found


async def test_a_session_and_its_end(made: Sessions) -> None:
    secret = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    view = await made.session(secret)
    assert view is not None
    assert (view.user, view.name, view.place, view.may) == ("ann", "Ann Berg", None, {"work"})
    assert len(view.csrf) > 30
    await made.sign_out(secret)
    assert await made.session(secret) is None
    await made.sign_out(secret)


@pytest.mark.parametrize(("user", "password"), [("ann", "wrong"), ("nobody", PASSWORD)])
async def test_wrong_user_and_wrong_password_are_alike(
    made: Sessions, user: str, password: str
) -> None:
    with pytest.raises(NotAllowedError) as told:
        await made.sign_in(user, password, "192.0.2.1")
    assert str(told.value) == "User or password is wrong."


async def test_an_unknown_user_is_hashed_too(
    made: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(sessions, "_matches", lambda h, p: seen.append(h[:9]) or False)
    for user in ("ann", "nobody"):
        with pytest.raises(NotAllowedError):
            await made.sign_in(user, "x", "192.0.2.1")
    assert seen == ["$argon2id", "$argon2id"]


async def test_a_disabled_operator(made: Sessions, station: Station) -> None:
    secret = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    station.store.write_now(lambda c: queries.operator_disable(c, "ann"))
    assert await made.session(secret) is None
    with pytest.raises(NotAllowedError):
        await made.sign_in("ann", PASSWORD, "192.0.2.1")


async def test_a_new_password_ends_sessions(made: Sessions) -> None:
    secret = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    rights = frozenset({"work"})
    await made.set_operator("ann", display="", password="another one!", may=rights, by="ann")
    assert await made.session(secret) is None


async def test_idle_and_old_sessions_end(made: Sessions, station: Station) -> None:
    idle = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    station.clock.forward(IDLE_S + 1)
    assert await made.session(idle) is None
    old = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    for _ in range(int(ABSOLUTE_S // 3600)):
        assert await made.session(old) is not None
        station.clock.forward(3600)
    station.clock.forward(1)
    assert await made.session(old) is None


async def test_old_sessions_are_forgotten(made: Sessions, station: Station) -> None:
    await made.sign_in("ann", PASSWORD, "192.0.2.1")
    assert await made.forget_old() == 0
    station.clock.forward(IDLE_S + 1)
    assert await made.forget_old() == 1


async def test_a_place_is_remembered_and_journaled(made: Sessions, station: Station) -> None:
    secret = await made.sign_in("ann", PASSWORD, "192.0.2.1")
    await made.set_place(secret, "off-site")
    view = await made.session(secret)
    assert view is not None
    assert view.place == "off-site"
    (entry,) = station.store.read_now(lambda c: queries.journal_tail(c, 1))
    assert (entry.who, entry.key) == ("ann", "console-placed")
    with pytest.raises(InputError):
        await made.set_place(secret, "moon")
    with pytest.raises(NotAllowedError):
        await made.set_place("none", "off-site")


async def test_a_demo_counts_as_off_site(station: Station, made: Sessions) -> None:
    demo = Sessions(store=station.store, clock=station.clock, default_place="off-site")
    view = await demo.session(await demo.sign_in("ann", PASSWORD, "127.0.0.1"))
    assert view is not None
    assert view.place == "off-site"


async def test_tries_are_bounded_and_come_back(made: Sessions, station: Station) -> None:
    for _ in range(PAIR_MAX):
        with pytest.raises(NotAllowedError):
            await made.sign_in("ann", "wrong", "192.0.2.1")
    with pytest.raises(RefusedError, match="Too many") as told:
        await made.sign_in("ann", PASSWORD, "192.0.2.1")
    assert not isinstance(told.value, NotAllowedError)
    assert "Try again in" in told.value.hint
    assert await made.sign_in("ann", PASSWORD, "192.0.2.2")
    station.clock.forward(WINDOW_S + 1)
    assert await made.sign_in("ann", PASSWORD, "192.0.2.1")


def test_an_address_is_bounded_over_all_users() -> None:
    tries = Tries()
    assert [tries.count(f"u{n}", "a", 0.0) for n in range(ADDRESS_MAX)] == [0.0] * ADDRESS_MAX
    assert tries.count("new", "a", 1.0) == WINDOW_S - 1


def test_memory_is_bounded() -> None:
    tries = Tries()
    started = time.monotonic()
    for n in range(REMEMBERED_MAX):
        tries.count(f"u{n}", f"a{n}", 0.0)
    assert len(tries._at) <= REMEMBERED_MAX
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "values",
    [
        {"name": " "},
        {"name": "x" * 65},
        {"password": "short"},
        {"password": "x" * 300},
        {"may": frozenset({"everything"})},
    ],
)
async def test_what_an_operator_needs(made: Sessions, values: dict) -> None:
    given = {"name": "bob", "password": PASSWORD, "may": frozenset({"work"})} | values
    with pytest.raises(InputError):
        await made.set_operator(display="Bob", by="setup", **given)


async def test_a_broken_hash_is_a_wrong_password(made: Sessions, station: Station) -> None:
    row = queries.OperatorRow("eve", "Eve", "not a hash", frozenset())
    station.store.write_now(lambda c: queries.operator_set(c, row))
    with pytest.raises(NotAllowedError):
        await made.sign_in("eve", PASSWORD, "192.0.2.1")
