"""How a device becomes an entry point: by a code that works once and soon expires.

This file owns two rules: a pairing code and a device secret are kept only as hashes, and
wrong pairing codes are answered slowly, one after the other.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from watchword.core.errors import InputError
from watchword.core.timing import Clock
from watchword.site.views import EntryPoint
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import EntryPointRow

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without I, L, O, 0 and 1
CODE_CHARACTERS = 8  # 31^8 is 8.5e11: at two guesses a second for 15 minutes, 1 in 470 million
EXPIRES_S = 15 * 60
WRONG_WAIT_S = 0.5
SECRET_BYTES = 32


class Pairing:
    """Hands out pairing codes and takes them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._one = asyncio.Lock()

    async def offer(self, name: str, area: str) -> str:
        """A one-time code for the entry point of this name, which is added when it is new."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
        expires_ms = self._now_ms() + EXPIRES_S * 1000

        def work(c: Connection) -> None:
            queries.pairing_codes_forget(c, self._now_ms())
            number = _numbered(queries.entry_points(c), name, area)
            number = number or queries.entry_point_add(c, name, area)
            queries.pairing_code_add(c, _hash(code), number, expires_ms)

        await self._store.write(work)
        return f"{code[:4]}-{code[4:]}"

    async def pair(self, code: str) -> tuple[str, EntryPoint]:
        """Exchange a one-time code for a device secret, and say for which entry point.

        Raises:
            InputError: it is not a code, was used before, or has expired.
        """
        plain = code.replace("-", "").replace(" ", "").upper()
        secret = secrets.token_urlsafe(SECRET_BYTES)

        def work(c: Connection) -> EntryPoint | None:
            number = queries.pairing_code_take(c, _hash(plain), self._now_ms())
            row = None if number is None else queries.entry_point_get(c, number)
            if row is None:
                return None
            queries.entry_point_pair(c, row.number, _hash(secret), self._now_ms())
            queries.journal_append(c, self._now_ms(), row.area, "paired", {"entry": row.name})
            return EntryPoint(row.number, row.name, row.area)

        async with self._one:
            entry = await self._store.write(work)
            if entry is not None:
                return secret, entry
            await self._sleep(WRONG_WAIT_S)
        raise InputError("This pairing code does not work.", hint="Ask for a new one.")

    async def device(self, secret: str) -> EntryPoint | None:
        """The entry point whose device holds this secret, or None."""
        hashed = _hash(secret)
        row = await self._store.read(lambda c: queries.entry_point_by_secret_hash(c, hashed))
        return None if row is None else EntryPoint(row.number, row.name, row.area)

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def ensure(c: Connection, name: str, area: str) -> EntryPoint:
    """The entry point of this name and area, added when it is new."""
    number = _numbered(queries.entry_points(c), name, area)
    return EntryPoint(number or queries.entry_point_add(c, name, area), name, area)


def _numbered(rows: tuple[EntryPointRow, ...], name: str, area: str) -> int | None:
    return next((row.number for row in rows if (row.name, row.area) == (name, area)), None)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
