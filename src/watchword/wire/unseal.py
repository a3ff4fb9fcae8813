"""Opening what sites sealed to a station: the one file that holds station secrets.

Only the station's half may import it. A key that was rotated away stays in the ring
as long as reports or tokens made for it may still arrive.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from watchword.wire.faults import (
    MalformedError,
    UnknownKeyError,
    UnopenableError,
    exactly,
)
from watchword.wire.report import REPORT_BYTES, Report, unpack_report
from watchword.wire.seal import (
    KEY_BYTES,
    KEY_ID_BYTES,
    SUITE,
    TOKEN_BYTES,
    TOKEN_INFO,
    KeyPair,
    report_info,
)
from watchword.wire.slot import Token, unpack_token


class Keyring:
    """The station's secret keys by key id, newest last; hides them in `repr`."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[bytes, bytes]) -> None:
        """Take the ring as key id (4 bytes) → secret (32 bytes).

        Raises:
            MalformedError: an id or a secret has the wrong length.
        """
        self._keys: dict[bytes, X25519PrivateKey] = {}
        for name, secret in keys.items():
            exactly(name, KEY_ID_BYTES, "A key id")
            exactly(secret, KEY_BYTES, "A secret key")
            self._keys[name] = X25519PrivateKey.from_private_bytes(secret)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(name.hex() for name in self._keys)})"

    def __contains__(self, key_id: bytes) -> bool:
        return key_id in self._keys

    def public(self, key_id: bytes) -> bytes:
        """The public half of a key.

        Raises:
            UnknownKeyError: no key has this id.
        """
        return self._key(key_id).public_key().public_bytes_raw()

    def pair(self, key_id: bytes) -> KeyPair:
        """A key with its secret, for the sealed back-up; grep for callers.

        Raises:
            UnknownKeyError: no key has this id.
        """
        return KeyPair.from_secret(self._key(key_id).private_bytes_raw())

    def open_report(self, key_id: bytes, site: int, body: bytes) -> Report:
        """Open a cell's body as a report of the site with this number.

        The caller still compares what is inside with the cell and the TLS identity
        (`Report.differences`).

        Raises:
            UnknownKeyError: sealed to a key that is not in the ring.
            UnopenableError: damaged, or sealed for another site.
            MalformedError: opened, and not a report.
        """
        exactly(body, REPORT_BYTES, "A sealed report")
        return unpack_report(_open(self._key(key_id), report_info(site), body))

    def open_token(self, token: bytes) -> Token:
        """Open a token with whichever key it was sealed to: its key id lies inside the seal.

        Raises:
            UnopenableError: no key of the ring opens it.
            MalformedError: opened, and not a token, or it names another key than its own.
        """
        exactly(token, TOKEN_BYTES, "A token")
        for name, key in reversed(self._keys.items()):
            try:
                plain = _open(key, TOKEN_INFO, token)
            except UnopenableError:
                continue
            opened = unpack_token(plain)
            if not opened.dummy and opened.key_id != name:
                raise MalformedError("A token that names another key than the one that opens it.")
            return opened
        raise UnopenableError("A token that no key of this station opens.")

    def _key(self, key_id: bytes) -> X25519PrivateKey:
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKeyError(
                f"A report for the key {key_id.hex()}, which this station does not hold.",
                hint="Restore the station's key from its sealed back-up.",
            ) from None


def _open(key: X25519PrivateKey, info: bytes, body: bytes) -> bytes:
    try:
        return SUITE.decrypt(body, key, info=info)
    except (InvalidTag, ValueError):
        raise UnopenableError("A seal that does not open: damaged, or for somebody else.") from None
