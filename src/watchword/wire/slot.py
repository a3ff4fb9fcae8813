"""What a token says once the station has opened it: which slot, and what it means.

The one file of `wire` where a meaning has a name. The site imports neither this nor
`wire.unseal`: to it a token is 80 opaque bytes.

    slot_ref 16 | key_id 4 | meaning 1 | zero 11        = 32 bytes
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from watchword.wire.faults import exactly, zeros
from watchword.wire.seal import KEY_ID_BYTES, TOKEN_PLAIN_BYTES

SLOT_REF_BYTES = 16

_LAYOUT = struct.Struct(">16s4sB11s")


class Meaning(IntEnum):
    """What a code was issued for; a byte that is not here is kept as `Unknown`."""

    NONE = 0  # a dummy: there was no slot
    NORMAL = 1
    DURESS = 2
    EXERCISE = 3  # reserved: third codes of a drill


@dataclass(frozen=True, slots=True)
class Unknown:
    """A meaning of a later release: an operator decides."""

    value: int


@dataclass(frozen=True, slots=True)
class Token:
    """One opened token; `slot_ref` is 16 bytes and means something to the registry only."""

    slot_ref: bytes
    key_id: bytes
    meaning: Meaning | Unknown

    def __post_init__(self) -> None:
        if len(self.slot_ref) != SLOT_REF_BYTES or len(self.key_id) != KEY_ID_BYTES:
            raise ValueError("a token needs a slot_ref of 16 bytes and a key id of 4")

    @property
    def dummy(self) -> bool:
        """Whether this is the token of a report that has nothing to say about a slot."""
        return self == DUMMY


DUMMY = Token(bytes(SLOT_REF_BYTES), bytes(KEY_ID_BYTES), Meaning.NONE)


def pack_token(token: Token) -> bytes:
    """The 32 bytes that are sealed as a token."""
    return _LAYOUT.pack(token.slot_ref, token.key_id, token.meaning.value, b"")


def unpack_token(plain: bytes) -> Token:
    """Read the 32 bytes of an opened token; an unknown meaning is kept.

    Raises:
        MalformedError: another length, or padding that is not zero.
    """
    exactly(plain, TOKEN_PLAIN_BYTES, "A token")
    slot_ref, key_id, meaning, padding = _LAYOUT.unpack(plain)
    zeros(padding, "The padding of a token")
    try:
        return Token(slot_ref, key_id, Meaning(meaning))
    except ValueError:
        return Token(slot_ref, key_id, Unknown(meaning))
