"""The slot table: how a code finds its person and its sealed token, and nothing else.

This file owns three rules (decision record 1):
one slow derivation per code; every row is looked at, whichever matches; who has not
typed a code can neither read nor copy its token. What a token means is not here.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from watchword.core.errors import ConfigError
from watchword.storage.site.queries import SlotRow

SITE_KEY_BYTES = 32
OWNER_BYTES = 16
TAG_BYTES = 32
PERSON_BYTES = 16
TOKEN_BYTES = 80
NONCE_BYTES = 12
RECORD_BYTES = NONCE_BYTES + PERSON_BYTES + TOKEN_BYTES + 16
ROWS_MIN = 16  # a small site must not show by its table how few people it has
# A number's size is what work on it costs. With this bit set, all that `find` touches has one
# size, so that neither a hit nor the place of its row can be timed.
_TOP = 1 << (8 * RECORD_BYTES)
_MASKS = (_TOP, 2 * _TOP - 1)  # what a row that does not match, and one that does, lets through

DERIVATION_S_MIN = 0.005  # a million guesses must take hours, decision record 1
_PASSES = 2
_MEMORY_KIB_MIN = 8 * 1024
_MEMORY_KIB_MAX = 64 * 1024  # an idle site stays within its 120 MB budget


@dataclass(frozen=True, slots=True)
class Cost:
    """What one derivation costs; fixed when the site is set up, the same for every code."""

    memory_kib: int
    passes: int = _PASSES

    @classmethod
    def measured(cls, monotonic: Callable[[], float]) -> "Cost":
        """The cheapest cost that takes at least 5 ms on this machine, bounded in memory."""
        memory_kib = _MEMORY_KIB_MIN
        while memory_kib < _MEMORY_KIB_MAX:
            cost = cls(memory_kib)
            if min(_seconds(cost, monotonic) for _ in range(3)) >= DERIVATION_S_MIN:
                return cost
            memory_kib *= 2
        return cls(_MEMORY_KIB_MAX)


@dataclass(frozen=True, slots=True)
class Derived:
    """What a code becomes: a tag to find it by and the key of its record."""

    tag: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose code it was, and its sealed token; both None when nobody has this code."""

    person: bytes | None
    token: bytes | None = field(repr=False)


class Slots:
    """The rows of one site in memory, scanned whole on each look-up.

    Args:
        site_key: 32 bytes from outside the database.
        cost: the site's derivation cost.
    """

    def __init__(self, site_key: bytes, cost: Cost) -> None:
        if len(site_key) != SITE_KEY_BYTES:
            raise ConfigError(
                "The site key has the wrong length.", hint="Restore it from the back-up."
            )
        self._site_key = site_key
        self._cost = cost
        self._salt = hmac.digest(site_key, b"watchword/salt/1", "sha256")[:16]
        self._tags: tuple[bytes, ...] = ()
        self._records: tuple[int, ...] = ()

    def load(self, rows: Sequence[SlotRow]) -> None:
        """Take these rows as the table."""
        self._tags = tuple(row.tag for row in rows)
        self._records = tuple(_TOP | int.from_bytes(row.record) for row in rows)

    def derive(self, code: str) -> Derived:
        """The tag and record key of a code; slow on purpose, so call it in a thread."""
        root = hash_secret_raw(
            code.encode(),
            self._salt,
            time_cost=self._cost.passes,
            memory_cost=self._cost.memory_kib,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
        bound = hmac.digest(self._site_key, root, "sha256")
        return Derived(
            tag=hmac.digest(bound, b"watchword/tag/1", "sha256"),
            key=hmac.digest(bound, b"watchword/record/1", "sha256"),
        )

    def find(self, derived: Derived) -> Found:
        """Whose code this is: the same work over all rows, whichever matches or none."""
        chosen = _TOP
        for tag, record in zip(self._tags, self._records, strict=True):
            chosen |= record & _MASKS[hmac.compare_digest(tag, derived.tag)]
        return _opened((chosen ^ _TOP).to_bytes(RECORD_BYTES), derived)

    def has(self, tag: bytes) -> bool:
        """Whether a code with this tag is in use; every row is compared."""
        hits = [hmac.compare_digest(own, tag) for own in self._tags]
        return any(hits)


def make_row(*, owner: bytes, derived: Derived, person: bytes, token: bytes) -> SlotRow:
    """One real row: the record can only be opened by the code it was derived from."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = ChaCha20Poly1305(derived.key).encrypt(nonce, person + token, derived.tag)
    return SlotRow(owner=owner, tag=derived.tag, record=nonce + sealed)


def padded(real: Sequence[SlotRow], *, per_person: int = 2) -> list[SlotRow]:
    """The table to store: real rows and decoys up to a power of two, in a fresh random order.

    Order, count and age of rows then say nothing about a slot.
    """
    rows = list(real)
    size = ROWS_MIN
    while size < len(rows):
        size *= 2
    while len(rows) < size:
        owner = secrets.token_bytes(OWNER_BYTES)
        rows += [_decoy(owner) for _ in range(min(per_person, size - len(rows)))]
    secrets.SystemRandom().shuffle(rows)
    return rows


def _decoy(owner: bytes) -> SlotRow:
    return SlotRow(
        owner=owner, tag=secrets.token_bytes(TAG_BYTES), record=secrets.token_bytes(RECORD_BYTES)
    )


def _opened(record: bytes, derived: Derived) -> Found:
    nonce, sealed = record[:NONCE_BYTES], record[NONCE_BYTES:]
    try:
        plain = ChaCha20Poly1305(derived.key).decrypt(nonce, sealed, derived.tag)
    except InvalidTag:
        return Found(None, None)
    return Found(plain[:PERSON_BYTES], plain[PERSON_BYTES:])


def _seconds(cost: Cost, monotonic: Callable[[], float]) -> float:
    start = monotonic()
    Slots(bytes(SITE_KEY_BYTES), cost).derive("000000")
    return monotonic() - start
