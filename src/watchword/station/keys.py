"""The station's keys: as they lie in their file, and as a back-up that a passphrase opens.

This file owns both formats. A secret never shows in a `repr`, a message or a log. Reading and
writing the file (mode 0600) is left to whoever wires the process.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any, Final

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from watchword.core.errors import ConfigError, InputError
from watchword.wire.seal import KEY_BYTES, KeyPair, key_id
from watchword.wire.unseal import Keyring

FORMAT: Final = "watchword/station-key-backup/1"
SALT_BYTES, NONCE_BYTES = 16, 12
PASSPHRASE_CHARS_MIN = 12
FILE_BYTES_MAX = 1_000_000
# RFC 9106, second recommended profile; a back-up names its own, within these bounds.
_COST: Final = {"time": 3, "memory_kib": 65_536, "lanes": 4}
_COST_MAX: Final = {"time": 20, "memory_kib": 1_048_576, "lanes": 16}


@dataclass(frozen=True, slots=True)
class StationKey:
    """One key pair, its id (4 bytes) and when it was made (UTC milliseconds)."""

    pair: KeyPair
    created_ms: int

    @property
    def id(self) -> bytes:
        """What names it in tokens, cells and files."""
        return key_id(self.pair.public)


@dataclass(frozen=True, slots=True)
class StationKeys:
    """All keys that this station holds, oldest first; the last one seals new tokens."""

    keys: tuple[StationKey, ...] = field(repr=False)

    @property
    def newest(self) -> StationKey:
        """The key that enrolments seal to."""
        return self.keys[-1]

    def ring(self) -> Keyring:
        """What opens reports and tokens."""
        return Keyring({key.id: key.pair.secret for key in self.keys})

    def with_key(self, key: StationKey) -> "StationKeys":
        """The same and one more, which becomes the newest."""
        return StationKeys((*(k for k in self.keys if k.id != key.id), key))


def new_key(created_ms: int) -> StationKey:
    """Draw a fresh key."""
    return StationKey(KeyPair.generate(), created_ms)


def to_file(keys: StationKeys) -> bytes:
    """What is written into the key file."""
    return json.dumps(
        [
            {
                "key_id": key.id.hex(),
                "secret": key.pair.secret.hex(),
                "created_at": key.created_ms,
            }
            for key in keys.keys
        ],
        indent=1,
    ).encode()


def from_file(content: bytes) -> StationKeys:
    """Read a key file.

    Raises:
        ConfigError: it is not one, or a key does not have the id that it is filed under.
    """
    try:
        rows = json.loads(content[:FILE_BYTES_MAX])
        keys = tuple(_key(row) for row in rows)
    except (ValueError, KeyError, TypeError):
        keys = ()
    if not keys:
        raise ConfigError(
            "The station's key file cannot be used.", hint="Restore it from its sealed back-up."
        )
    return StationKeys(keys)


def back_up(keys: StationKeys, passphrase: str) -> bytes:
    """Seal all keys under a passphrase; keep the result and the passphrase apart.

    Raises:
        InputError: the passphrase is too short to protect what opens every report.
    """
    if len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise InputError(f"The passphrase needs {PASSPHRASE_CHARS_MIN} characters or more.")
    head = {
        "format": FORMAT,
        "kdf": "argon2id",
        **_COST,
        "salt": os.urandom(SALT_BYTES).hex(),
        "nonce": os.urandom(NONCE_BYTES).hex(),
        "key_ids": [key.id.hex() for key in keys.keys],
    }
    cipher = ChaCha20Poly1305(_derived(head, passphrase))
    sealed = cipher.encrypt(bytes.fromhex(str(head["nonce"])), to_file(keys), _bound(head))
    return json.dumps({**head, "sealed": sealed.hex()}, indent=1).encode()


def restore(content: bytes, passphrase: str) -> StationKeys:
    """Open a back-up.

    Raises:
        InputError: it is no back-up, it was changed, or the passphrase is another.
    """
    try:
        plain = json.loads(content[:FILE_BYTES_MAX])
        sealed = bytes.fromhex(plain.pop("sealed"))
        nonce = bytes.fromhex(plain["nonce"])
        good = plain["format"] == FORMAT and len(nonce) == NONCE_BYTES and _bounded(plain)
        cipher = ChaCha20Poly1305(_derived(plain, passphrase)) if good else None
    except (ValueError, KeyError, TypeError, AttributeError, Argon2Error):
        cipher = None
    if cipher is None:
        raise InputError("This is no back-up of a station's keys.")
    try:
        return from_file(cipher.decrypt(nonce, sealed, _bound(plain)))
    except (InvalidTag, ConfigError):
        raise InputError(
            "The back-up does not open.", hint="Another passphrase, or the file was changed."
        ) from None


def _key(row: dict[str, Any]) -> StationKey:
    secret = bytes.fromhex(row["secret"])
    if len(secret) != KEY_BYTES:
        raise ValueError("length")
    key = StationKey(KeyPair.from_secret(secret), int(row["created_at"]))
    if key.id.hex() != row["key_id"]:
        raise ValueError("id")
    return key


def _derived(head: dict[str, Any], passphrase: str) -> bytes:
    return hash_secret_raw(
        passphrase.encode(),
        bytes.fromhex(head["salt"]),
        time_cost=head["time"],
        memory_cost=head["memory_kib"],
        parallelism=head["lanes"],
        hash_len=32,
        type=Type.ID,
    )


def _bounded(head: dict[str, Any]) -> bool:
    """Whether opening it costs no more than we are willing to pay for an unknown file."""
    costs = all(type(head[k]) is int and 0 < head[k] <= most for k, most in _COST_MAX.items())
    return costs and head["memory_kib"] >= 8 * head["lanes"] and len(head["salt"]) == 2 * SALT_BYTES


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
