"""Letters: what a station tells a site, sealed to the site and cut into downlink cells.

    kind 1 | letter id 16 | length 2 | body | zeros     = 2,400, sealed 2,448
    piece: tag 12 | index 2 | pieces 2 | part 144       = 160, one cell's body; 17 pieces

Every letter has the same size, so its length says nothing. The tag is the start of the
SHA-256 of the sealed letter: pieces of one letter find each other in any order, and a
letter that was put together wrongly is dropped. Only the site's own key is used here.
"""

import hashlib
import struct
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from watchword.wire.batch import BATCH_BYTES, Batch, unpack_batch
from watchword.wire.faults import MalformedError, UnopenableError, exactly, zeros
from watchword.wire.seal import BATCH_INFO, KEY_BYTES, OVERHEAD_BYTES, SUITE
from watchword.wire.uplink.cell import BODY_BYTES, Cell, CellId

LETTER_PLAIN_BYTES = 2400
LETTER_BYTES = LETTER_PLAIN_BYTES + OVERHEAD_BYTES
LETTER_ID_BYTES = 16
TAG_BYTES = 12
PART_BYTES = 144
PIECES = LETTER_BYTES // PART_BYTES
OPEN_LETTERS_MAX = 8  # a station sends letters one after the other; 20 KB in all
IDS_MAX = 16 * PIECES  # one letter sent anew after sixteen restarts of the station
REF_BYTES = 16
NAME_BYTES_MAX = 160

_HEAD = struct.Struct(">B16sH")
_PIECE = struct.Struct(">12sHH144s")
_ENROL = struct.Struct(f">16s16sB{NAME_BYTES_MAX}s{BATCH_BYTES}s")

BODY_BYTES_MAX = LETTER_PLAIN_BYTES - _HEAD.size


class LetterKind(IntEnum):
    """What a letter is about; other numbers are kept, and refused by who acts on them."""

    ENROL = 1
    REMOVE = 2
    INVITE = 3  # reserved
    SETTINGS = 4  # reserved


@dataclass(frozen=True, slots=True)
class Letter:
    """One opened letter; `letter_id` (16 bytes) makes acting on it idempotent."""

    kind: int
    letter_id: bytes
    body: bytes = field(repr=False)

    @property
    def known_kind(self) -> LetterKind | None:
        """The kind by name, or None for one of a later release."""
        try:
            return LetterKind(self.kind)
        except ValueError:
            return None


def pack_letter(letter: Letter) -> bytes:
    """The 2,400 bytes that are sealed to a site.

    Raises:
        ValueError: the id is not 16 bytes, or the body is too long.
    """
    if len(letter.letter_id) != LETTER_ID_BYTES or len(letter.body) > BODY_BYTES_MAX:
        raise ValueError(f"a letter has an id of 16 bytes and at most {BODY_BYTES_MAX} of body")
    head = _HEAD.pack(letter.kind, letter.letter_id, len(letter.body))
    return (head + letter.body).ljust(LETTER_PLAIN_BYTES, b"\0")


def unpack_letter(plain: bytes) -> Letter:
    """Read the 2,400 bytes of an opened letter.

    Raises:
        MalformedError: another length, or padding that is not zero.
    """
    exactly(plain, LETTER_PLAIN_BYTES, "A letter")
    kind, letter_id, length = _HEAD.unpack_from(plain)
    if length > BODY_BYTES_MAX:
        raise MalformedError("A letter with a body longer than its room.")
    end = _HEAD.size + length
    zeros(plain[end:], "The padding of a letter")
    return Letter(kind, letter_id, plain[_HEAD.size : end])


def open_letter(site_secret: bytes, info: bytes, sealed: bytes) -> Letter:
    """Open a letter with the site's own secret.

    Raises:
        UnopenableError: damaged, or sealed for another site.
        MalformedError: opened, and not a letter.
    """
    exactly(sealed, LETTER_BYTES, "A sealed letter")
    return unpack_letter(_open(site_secret, info, sealed))


def open_batch(site_secret: bytes, sealed: bytes) -> Batch:
    """Open an enrolment batch with the site's own secret.

    Raises:
        UnopenableError: damaged, or sealed for another site.
        MalformedError: opened, and not a batch.
    """
    exactly(sealed, BATCH_BYTES, "A sealed batch")
    return unpack_batch(_open(site_secret, BATCH_INFO, sealed))


def _open(secret: bytes, info: bytes, sealed: bytes) -> bytes:
    exactly(secret, KEY_BYTES, "A secret key")
    try:
        return SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(secret), info=info)
    except (InvalidTag, ValueError):
        raise UnopenableError("A seal that does not open: damaged, or for another site.") from None


@dataclass(frozen=True, slots=True)
class Enrol:
    """The body of an `ENROL` letter: whose batch this is, and the batch as the browser sealed it.

    The station adds person and name: the browser's batch names nobody.
    """

    enrolment: bytes
    person: bytes
    name: str
    sealed_batch: bytes = field(repr=False)


def pack_enrol(enrol: Enrol) -> bytes:
    """The body of an `ENROL` letter; a name over 160 bytes is cut at a whole character.

    Raises:
        ValueError: an id is not 16 bytes, or the batch not 2,096.
    """
    sizes = (len(enrol.enrolment), len(enrol.person), len(enrol.sealed_batch))
    if sizes != (REF_BYTES, REF_BYTES, BATCH_BYTES):
        raise ValueError("an enrolment letter has two ids of 16 bytes and a sealed batch")
    name = enrol.name.encode()[:NAME_BYTES_MAX].decode(errors="ignore").encode()
    return _ENROL.pack(enrol.enrolment, enrol.person, len(name), name, enrol.sealed_batch)


def unpack_enrol(body: bytes) -> Enrol:
    """Read the body of an `ENROL` letter.

    Raises:
        MalformedError: another length, or a name that is not UTF-8.
    """
    exactly(body, _ENROL.size, "An enrolment letter")
    enrolment, person, length, name, sealed = _ENROL.unpack(body)
    zeros(name[length:], "The padding of a name")
    if length > NAME_BYTES_MAX:
        raise MalformedError("An enrolment letter with a name longer than its room.")
    try:
        return Enrol(enrolment, person, name[:length].decode(), sealed)
    except UnicodeDecodeError:
        raise MalformedError("An enrolment letter whose name is not UTF-8.") from None


def cut(sealed: bytes) -> tuple[bytes, ...]:
    """Cut a sealed letter into the bodies of its 17 downlink cells.

    Raises:
        MalformedError: not the length of a sealed letter.
    """
    exactly(sealed, LETTER_BYTES, "A sealed letter")
    tag = _tag(sealed)
    return tuple(
        _PIECE.pack(tag, index, PIECES, sealed[index * PART_BYTES : (index + 1) * PART_BYTES])
        for index in range(PIECES)
    )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A sealed letter put together, and the cells to acknowledge once it is committed."""

    sealed: bytes = field(repr=False)
    ids: frozenset[CellId]


@dataclass(slots=True)
class _Open:
    parts: dict[int, bytes] = field(default_factory=dict)
    ids: set[CellId] = field(default_factory=set)


class Assembler:
    """Puts letters together from pieces in any order, with repetitions, within fixed room.

    A ninth open letter makes room by forgetting the one that was touched longest ago;
    its pieces were never acknowledged, so the station sends them again.
    """

    def __init__(self) -> None:
        self._letters: OrderedDict[bytes, _Open] = OrderedDict()

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, cell: Cell) -> Arrived | None:
        """Take one piece; answers with the letter that it completes.

        Raises:
            MalformedError: not a piece, or the completed letter does not match its tag
                (it is forgotten, to be sent again).
        """
        exactly(cell.body, BODY_BYTES, "A piece")
        tag, index, pieces, part = _PIECE.unpack(cell.body)
        if pieces != PIECES or index >= PIECES:
            raise MalformedError(f"Piece {index} of {pieces}; a letter has {PIECES}.")
        letter = self._letters.setdefault(tag, _Open())
        self._letters.move_to_end(tag)
        letter.parts[index] = part
        if len(letter.ids) < IDS_MAX:
            letter.ids.add(cell.id)
        if len(letter.parts) == PIECES:
            return self._whole(tag)
        if len(self._letters) > OPEN_LETTERS_MAX:
            self._letters.popitem(last=False)
        return None

    def _whole(self, tag: bytes) -> Arrived:
        letter = self._letters.pop(tag)
        sealed = b"".join(letter.parts[index] for index in range(PIECES))
        if _tag(sealed) != tag:
            raise MalformedError("A letter whose pieces do not belong together.")
        return Arrived(sealed, frozenset(letter.ids))


def _tag(sealed: bytes) -> bytes:
    return hashlib.sha256(sealed).digest()[:TAG_BYTES]
