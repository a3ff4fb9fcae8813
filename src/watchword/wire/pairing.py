"""Pairing: the one-time string that joins a site to a station, and what the two then say.

    ww1-XXXXXX-XXXXXX-...   base 32 of  secret 16 | fingerprint 32 | expires 5 | address | check 4

The string is read with or without dashes and spaces, in either case, and its check tells a
typing error before anything is sent. Messages are small JSON objects with a `kind`, read
strictly: whoever connects here is not known yet.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from watchword.core.codes import DEFAULT_DIGITS, MAX_DIGITS, MIN_DIGITS, Policy
from watchword.core.errors import InputError
from watchword.wire.faults import MalformedError

MESSAGE_BYTES_MAX = 8 * 1024  # a certificate and a handful of short fields
SECRET_BYTES = 16
FINGERPRINT_BYTES = 32
ADDRESS_BYTES_MAX = 260  # the longest DNS name, and a port
NAME_CHARS_MAX = 100
OFFER_LIFE_S = 15 * 60

_PREFIX = "ww1"
_GROUP = 6
_EXPIRES_BYTES = 5
_CHECK_BYTES = 4
_FIXED_BYTES = SECRET_BYTES + FINGERPRINT_BYTES + _EXPIRES_BYTES
_SLIPS = str.maketrans("018", "OIB", " -\t\r\n")
_OFFER_CHARS_MAX = 1024
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_PORT_MAX = 65535


@dataclass(frozen=True, slots=True)
class Offer:
    """What a station hands out once: where it is, how to know it, and the right to join.

    `fingerprint` is the SHA-256 of the station's TLS certificate, `expires_at` UTC seconds.
    """

    address: str
    fingerprint: bytes
    secret: bytes = field(repr=False)
    expires_at: int

    def __post_init__(self) -> None:
        if (len(self.fingerprint), len(self.secret)) != (FINGERPRINT_BYTES, SECRET_BYTES):
            raise ValueError("an offer has a fingerprint of 32 bytes and a secret of 16")


def split_address(address: str) -> tuple[str, int]:
    """Read `host:port`; an IPv6 address stands in brackets.

    Raises:
        InputError: there is no host or no port from 1 to 65535.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) <= _PORT_MAX:
        raise InputError(
            f"The address {address[:ADDRESS_BYTES_MAX]!r} is not a host and a port.",
            hint="Write it as station.example:8082, or [2001:db8::1]:8082.",
        )
    return match["host"].strip("[]"), int(match["port"])


def show_offer(offer: Offer) -> str:
    """The string that a person carries to the site.

    Raises:
        InputError: the address is none, or longer than 260 bytes.
    """
    split_address(offer.address)
    if len(offer.address) > ADDRESS_BYTES_MAX:
        raise InputError("The station's address is too long.", hint="Use a shorter name.")
    expires = offer.expires_at.to_bytes(_EXPIRES_BYTES, "big")
    plain = offer.secret + offer.fingerprint + expires + offer.address.encode()
    text = base64.b32encode(plain + _check(plain)).decode().rstrip("=")
    groups = [text[at : at + _GROUP] for at in range(0, len(text), _GROUP)]
    return "-".join((_PREFIX, *groups))


def read_offer(text: str) -> Offer:
    """Read the string that a person typed or pasted; its secret is in no error.

    Raises:
        InputError: it is no pairing string, or has a typing error.
    """
    folded = text.upper().translate(_SLIPS) if len(text) <= _OFFER_CHARS_MAX else ""
    prefix = _PREFIX.upper().translate(_SLIPS)
    if not folded.startswith(prefix):
        raise InputError(
            "This is not a pairing string.",
            hint=f"It starts with {_PREFIX}- and comes from `watchword pair site` at the station.",
        )
    body = folded[len(prefix) :]
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
        plain, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
        if len(plain) <= _FIXED_BYTES or check != _check(plain):
            raise _typing_error()
        address = plain[_FIXED_BYTES:].decode()
    except (binascii.Error, ValueError):
        raise _typing_error() from None
    split_address(address)
    expires_from = SECRET_BYTES + FINGERPRINT_BYTES
    return Offer(
        address=address,
        fingerprint=plain[SECRET_BYTES:expires_from],
        secret=plain[:SECRET_BYTES],
        expires_at=int.from_bytes(plain[expires_from:_FIXED_BYTES], "big"),
    )


def _check(plain: bytes) -> bytes:
    return hashlib.sha256(_PREFIX.encode() + plain).digest()[:_CHECK_BYTES]


def _typing_error() -> InputError:
    return InputError(
        "This pairing string has a typing error.", hint="Copy it whole, from its first ww1 on."
    )


class Reason(StrEnum):
    """Why a station refuses to pair."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    MALFORMED = "malformed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PairRequest:
    """What a site sends: the right to join, its name, its keys, and what its codes are like.

    `csr` is a PEM certificate request for its TLS key, `hpke_public` 32 bytes in hex;
    `digits` and `policy` are what its settings say, and what enrolments are drawn by.
    """

    secret: str = field(repr=False)
    name: str
    csr: str
    hpke_public: str
    digits: int = DEFAULT_DIGITS
    policy: str = Policy.PRIVATE.value


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """What a station answers; keys and ids in hex, `certificate` PEM, `tick_ms` milliseconds."""

    site_id: str
    number: int
    certificate: str
    station_key: str
    station_key_id: str
    tick_ms: int
    category: str


@dataclass(frozen=True, slots=True)
class PairRefusal:
    """Why a station does not pair, and a sentence for the person."""

    reason: str
    message: str


Message = PairRequest | PairAnswer | PairRefusal

_KINDS: Final[dict[str, type[Message]]] = {
    "request": PairRequest,
    "answer": PairAnswer,
    "refusal": PairRefusal,
}
_HEX: Final = {
    "secret": SECRET_BYTES,
    "hpke_public": 32,
    "site_id": 16,
    "station_key": 32,
    "station_key_id": 4,
}
_NUMBERS: Final = {
    "number": range(1, 2**32),
    "tick_ms": range(10, 60_001),
    "digits": range(MIN_DIGITS, MAX_DIGITS + 1),
}


def encode(message: Message) -> bytes:
    """The JSON bytes of a message."""
    kind = next(name for name, known in _KINDS.items() if isinstance(message, known))
    return json.dumps({"kind": kind, **asdict(message)}, separators=(",", ":")).encode()


def decode(data: bytes | str) -> Message:
    """Read one message.

    Raises:
        MalformedError: longer than 8 KiB, not JSON, or a field is missing, unknown or wrong.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise MalformedError(f"A pairing message of more than {MESSAGE_BYTES_MAX} bytes.")
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        raise MalformedError("A pairing message that is not JSON.") from None
    if not isinstance(plain, dict):
        raise MalformedError("A pairing message that is not an object.")
    kind = plain.pop("kind", None)
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is None or plain.keys() != set(known.__dataclass_fields__):
        raise MalformedError("A pairing message of an unknown kind or with other fields.")
    for name, value in plain.items():
        if not _good(name, value):
            raise MalformedError(f"A pairing message whose {name} cannot be used.")
    return known(**plain)


def _good(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        return type(value) is int and value in _NUMBERS[name]
    if not isinstance(value, str) or not value:
        return False
    if name in _HEX:
        return re.fullmatch(f"[0-9a-f]{{{2 * _HEX[name]}}}", value) is not None
    if name == "policy":
        return value in tuple(Policy)
    if name == "name":
        return len(value) <= NAME_CHARS_MAX and value.isprintable()
    return True
