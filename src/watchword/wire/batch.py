"""The enrolment batch: eight pairs of codes and tokens, sealed by a browser to the site.

    version 1 | digits 1 | pairs 1 | zero 1 | enrolment 16
    | 8 by 2 of (code 8, ASCII digits and zeros behind | token 80)  | zeros   = 2,048, sealed 2,096

Fixed size and unlabelled: neither length nor order tells which code of a pair is which.
Codes hide themselves in `repr`, and no error repeats one.
"""

import struct
from dataclasses import dataclass, field

from watchword.wire.faults import MalformedError, exactly, version, zeros
from watchword.wire.seal import OVERHEAD_BYTES, TOKEN_BYTES

BATCH_VERSION = 1
BATCH_PLAIN_BYTES = 2048
BATCH_BYTES = BATCH_PLAIN_BYTES + OVERHEAD_BYTES
PAIRS_MAX = 8
ENROLMENT_BYTES = 16
DIGITS_MIN, DIGITS_MAX = 4, 8

_HEAD = struct.Struct(">BBBB16s")
_CODE_BYTES = 8
_ROW_BYTES = _CODE_BYTES + TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class Row:
    """One code and its token, opaque to whoever holds the batch."""

    code: str = field(repr=False)
    token: bytes = field(repr=False)


Pair = tuple[Row, Row]


@dataclass(frozen=True, slots=True)
class Batch:
    """The pairs of one enrolment, in the order in which the station registered their slots."""

    enrolment: bytes
    digits: int
    pairs: tuple[Pair, ...] = field(repr=False)


def pack_batch(batch: Batch) -> bytes:
    """The 2,048 bytes that are sealed to a site.

    Raises:
        ValueError: lengths or digits that do not fit the layout (the message tells none).
    """
    rows = [row for pair in batch.pairs for row in pair]
    if not 1 <= len(batch.pairs) <= PAIRS_MAX or len(batch.enrolment) != ENROLMENT_BYTES:
        raise ValueError("a batch has 1 to 8 pairs and an enrolment of 16 bytes")
    if not DIGITS_MIN <= batch.digits <= DIGITS_MAX:
        raise ValueError("a code has 4 to 8 digits")
    if not all(_fits(row.code.encode(), batch.digits) for row in rows):
        raise ValueError("a code of the batch has another length or no digits")
    if any(len(row.token) != TOKEN_BYTES for row in rows):
        raise ValueError(f"a token has {TOKEN_BYTES} bytes")
    body = b"".join(row.code.encode().ljust(_CODE_BYTES, b"\0") + row.token for row in rows)
    head = _HEAD.pack(BATCH_VERSION, batch.digits, len(batch.pairs), 0, batch.enrolment)
    return (head + body).ljust(BATCH_PLAIN_BYTES, b"\0")


def unpack_batch(plain: bytes) -> Batch:
    """Read the 2,048 bytes of an opened batch.

    Raises:
        WrongVersionError: a version that this release does not speak.
        MalformedError: another length, wrong counts, codes that are not digits, padding.
    """
    exactly(plain, BATCH_PLAIN_BYTES, "An enrolment batch")
    number, digits, pairs, spare, enrolment = _HEAD.unpack_from(plain)
    version(number, BATCH_VERSION, "An enrolment batch")
    if spare or not 1 <= pairs <= PAIRS_MAX or not DIGITS_MIN <= digits <= DIGITS_MAX:
        raise MalformedError("An enrolment batch with impossible counts.")
    end = _HEAD.size + 2 * pairs * _ROW_BYTES
    zeros(plain[end:], "The padding of an enrolment batch")
    rows = [_row(plain[at : at + _ROW_BYTES], digits) for at in range(_HEAD.size, end, _ROW_BYTES)]
    return Batch(enrolment, digits, tuple(zip(rows[::2], rows[1::2], strict=True)))


def _row(data: bytes, digits: int) -> Row:
    code, rest = data[:digits], data[digits:_CODE_BYTES]
    zeros(rest, "The padding of a code")
    if not _fits(code, digits):
        raise MalformedError("An enrolment batch with a code that is not digits.")
    return Row(code.decode("ascii"), data[_CODE_BYTES:])


def _fits(code: bytes, digits: int) -> bool:
    return len(code) == digits and code.isdigit()
