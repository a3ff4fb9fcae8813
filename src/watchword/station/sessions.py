"""Who is signed in at a console, and where that console stands.

This file owns the limits: a session ends when it is idle or old, attempts are bounded for each
user and address, and a user that does not exist costs the same time as one that does.
"""

import asyncio
import hashlib
import secrets
from collections import OrderedDict, deque
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection

from watchword.core.errors import InputError, NotAllowedError, RefusedError
from watchword.core.timing import Clock
from watchword.station.record import ms
from watchword.station.views import SessionView
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import OperatorRow, SessionRow

IDLE_S = 2 * 3600.0  # an open console asks every second: idle means that none is open
ABSOLUTE_S = 16 * 3600.0  # a shift and its handing over
SEEN_EVERY_S = 60.0
PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 10, 256
PLACES: Final = frozenset({"off-site", "premises"})
RIGHTS: Final = frozenset({"work", "people", "prove"})
WINDOW_S = 15 * 60.0
PAIR_MAX, ADDRESS_MAX = 10, 30
USER_MAX = 100  # wide: strangers must not be able to lock an operator out
REMEMBERED_MAX = 10_000
HASHING_MAX = 2  # 64 MB each

# RFC 9106, second recommended profile.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
WRONG = "User or password is wrong."


class Sessions:
    """Signs operators in and knows their sessions by the hash of a secret."""

    def __init__(self, *, store: Store, clock: Clock, default_place: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._default_place = default_place
        self._tries = Tries()
        self._hashing = asyncio.Semaphore(HASHING_MAX)
        self._nobody = _HASHER.hash(secrets.token_urlsafe(32))

    async def sign_in(self, user: str, password: str, address: str) -> str:
        """The secret of a new session.

        Raises:
            NotAllowedError: a wrong user or password, alike and in equal time.
            RefusedError: too many tries; the hint says how long to wait.
        """
        wait_s = self._tries.count(user, address, self._clock.monotonic())
        if wait_s:
            raise RefusedError("Too many tries.", hint=f"Try again in {int(wait_s) + 1} s.")
        row = await self._store.read(lambda c: queries.operator_get(c, user))
        known = row is not None and not row.disabled
        hashed = row.password_hash if row is not None and known else self._nobody
        async with self._hashing:
            good = await asyncio.to_thread(_matches, hashed, password[:PASSWORD_CHARS_MAX])
        if not (good and known) or row is None:
            raise NotAllowedError(WRONG)
        self._tries.forget(user, address)
        return await self._begin(row, address)

    async def session(self, secret: str) -> SessionView | None:
        """The session behind a secret, or None when there is none, or it is idle or too old."""
        hashed = _hash(secret)
        found = await self._store.read(lambda c: queries.session_get(c, hashed))
        if found is None:
            return None
        row, operator = found
        now = ms(self._clock.now())
        if now - row.created_ms > ABSOLUTE_S * 1000 or now - row.seen_ms > IDLE_S * 1000:
            await self._store.write(lambda c: queries.session_remove(c, hashed))
            return None
        if now - row.seen_ms > SEEN_EVERY_S * 1000:
            await self._store.write(lambda c: queries.session_seen(c, hashed, now))
        return SessionView(operator.name, operator.display, row.place, row.csrf, operator.may)

    async def sign_out(self, secret: str) -> None:
        """End the session; unknown secrets are not an error."""
        hashed = _hash(secret)

        def work(c: Connection) -> None:
            found = queries.session_get(c, hashed)
            queries.session_remove(c, hashed)
            if found is not None:
                self._journal(c, found[1].name, "signed-out", {})

        await self._store.write(work)

    async def set_place(self, secret: str, place: str) -> None:
        """Remember where this console stands; written down, because it decides what is shown."""
        if place not in PLACES:
            raise InputError("A console stands off-site or on the premises.")
        hashed = _hash(secret)

        def work(c: Connection) -> None:
            found = queries.session_get(c, hashed)
            if found is None:
                raise NotAllowedError("Sign in first.")
            queries.session_place(c, hashed, place)
            self._journal(c, found[1].name, "console-placed", {"place": place})

        await self._store.write(work)

    async def set_operator(
        self, name: str, *, display: str, password: str, may: frozenset[str], by: str
    ) -> None:
        """Add an operator or change the one of this name; all their sessions end."""
        if not name.strip() or len(name) > 64:  # noqa: PLR2004 - the column's width
            raise InputError("An operator's name has 1 to 64 characters.")
        if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
            raise InputError(
                f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters."
            )
        if unknown := may - RIGHTS:
            raise InputError(f"There is no such right: {', '.join(sorted(unknown))}.")
        async with self._hashing:
            hashed = await asyncio.to_thread(_HASHER.hash, password)
        row = OperatorRow(name.strip(), display.strip() or name.strip(), hashed, may)

        def work(c: Connection) -> None:
            queries.operator_set(c, row)
            queries.operator_disable(c, row.name)
            queries.operator_set(c, row)
            self._journal(c, by, "operator-set", {"operator": row.name, "may": sorted(may)})

        await self._store.write(work)

    async def forget_old(self) -> int:
        """End sessions that are idle or too old; returns how many."""
        now = self._clock.now()
        created, seen = ms(now - ABSOLUTE_S), ms(now - IDLE_S)
        return await self._store.write(
            lambda c: queries.sessions_forget(c, created_before_ms=created, seen_before_ms=seen)
        )

    async def _begin(self, operator: OperatorRow, address: str) -> str:
        secret = secrets.token_urlsafe(32)
        now = ms(self._clock.now())
        row = SessionRow(
            hash=_hash(secret),
            operator=operator.name,
            csrf=secrets.token_urlsafe(32),
            place=self._default_place,
            created_ms=now,
            seen_ms=now,
            address=address[:64],
        )

        def work(c: Connection) -> None:
            queries.session_add(c, row)
            self._journal(c, operator.name, "signed-in", {"address": row.address})

        await self._store.write(work)
        return secret

    def _journal(self, c: Connection, who: str, key: str, params: dict[str, object]) -> None:
        queries.journal_append(c, ms(self._clock.now()), who, key, params)


class Tries:
    """Counts tries to sign in, in a window, for each user and address; bounded in memory."""

    def __init__(self) -> None:
        self._at: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def count(self, user: str, address: str, at: float) -> float:
        """Count one try; returns 0 when it may go on, or how many seconds to wait."""
        waits = [
            self._wait(key, most, at)
            for key, most in (
                ((user, address), PAIR_MAX),
                (("", address), ADDRESS_MAX),
                ((user, ""), USER_MAX),
            )
        ]
        if any(waits):
            return max(waits)
        for key in ((user, address), ("", address), (user, "")):
            self._at.setdefault(key, deque(maxlen=USER_MAX)).append(at)
            self._at.move_to_end(key)
        while len(self._at) > REMEMBERED_MAX:
            self._at.popitem(last=False)
        return 0.0

    def forget(self, user: str, address: str) -> None:
        """A good password: what this user typed wrongly here no longer counts."""
        self._at.pop((user, address), None)

    def _wait(self, key: tuple[str, str], most: int, at: float) -> float:
        tries = self._at.get(key, deque())
        while tries and tries[0] <= at - WINDOW_S:
            tries.popleft()
        return tries[0] + WINDOW_S - at if len(tries) >= most else 0.0


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


def _hash(secret: str) -> bytes:
    return hashlib.sha256(b"watchword/session/1|" + secret.encode()).digest()
