"""Sealing to a public key: what leaves a site can be opened by its station only.

HPKE in base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305,
one message per encapsulation. There is no associated data: the context is bound by `info`.
Nothing in this file opens anything, so both halves may import it.
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from watchword.wire.faults import MalformedError, exactly

KEY_BYTES = 32
KEY_ID_BYTES = 4
OVERHEAD_BYTES = 48  # encapsulated key 32, tag 16

TOKEN_INFO = b"watchword/token/1"
TOKEN_PLAIN_BYTES = 32
TOKEN_BYTES = TOKEN_PLAIN_BYTES + OVERHEAD_BYTES

BATCH_INFO = b"watchword/batch/1"

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An HPKE key pair, raw 32 bytes each; the secret hides itself."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "KeyPair":
        """Draw a fresh pair from the operating system."""
        return cls.from_secret(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_secret(cls, secret: bytes) -> "KeyPair":
        """Restore a pair from its stored secret.

        Raises:
            MalformedError: the secret is not 32 bytes.
        """
        exactly(secret, KEY_BYTES, "A secret key")
        key = X25519PrivateKey.from_private_bytes(secret)
        return cls(key.public_key().public_bytes_raw(), secret)


def key_id(public_key: bytes) -> bytes:
    """The 4 bytes that name a public key in tokens, cells and files."""
    return hashlib.sha256(b"watchword/key-id/1|" + public_key).digest()[:KEY_ID_BYTES]


def seal(public_key: bytes, info: bytes, plain: bytes) -> bytes:
    """Seal `plain` to a public key; the answer is 48 bytes longer and never the same twice.

    Raises:
        MalformedError: the key is not 32 bytes, or is one of the few that give no secret.
    """
    exactly(public_key, KEY_BYTES, "A public key")
    key = X25519PublicKey.from_public_bytes(public_key)
    try:
        return SUITE.encrypt(plain, key, info=info)
    except ValueError as error:
        raise MalformedError("A public key that nothing can be sealed to.") from error


def report_info(site: int) -> bytes:
    """What binds a report to the site (its number) that made it."""
    return b"watchword/report/1|" + site.to_bytes(4, "big")


def letter_info(site: int) -> bytes:
    """What binds a letter to the site (its number) that it is for."""
    return b"watchword/letter/1|" + site.to_bytes(4, "big")


def dummy_token(station_key: bytes) -> bytes:
    """A token that says nothing, fresh each time: as long as any other, and as opaque."""
    return seal(station_key, TOKEN_INFO, bytes(TOKEN_PLAIN_BYTES))
