"""The report: 112 bytes that a site seals to its station, the same size whatever happened.

    version 1 | class 1 | event 1 | detail 1 | area 2 | place 2 | site 4
    | epoch 8 | counter 4 | at_ms 6 | count 2 | payload 80                  = 112, sealed 160

Integers are big endian. The payload of an attempt is its sealed token; other events
put small public facts there (the helpers below), padded with zeros.
Unknown event codes and classes are kept: an odd alarm is better than a lost one.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

from watchword.core.words import Event, ReportClass
from watchword.wire.faults import MalformedError, exactly, version, zeros
from watchword.wire.seal import OVERHEAD_BYTES, TOKEN_BYTES

REPORT_VERSION = 1
REPORT_PLAIN_BYTES = 112
REPORT_BYTES = REPORT_PLAIN_BYTES + OVERHEAD_BYTES
PAYLOAD_BYTES = TOKEN_BYTES
REFERENCE_BYTES = 16
NAME_BYTES_MAX = PAYLOAD_BYTES - 4

_LAYOUT = struct.Struct(">BBBBHHIQI6sH80s")
_LIMITS: Final = {
    "cls": 2**8,
    "event": 2**8,
    "detail": 2**8,
    "area": 2**16,
    "place": 2**16,
    "site": 2**32,
    "epoch": 2**64,
    "counter": 2**32,
    "at_ms": 2**48,
    "count": 2**16,
}


@dataclass(frozen=True, slots=True)
class Report:
    """One public fact of a site; `at_ms` is UTC milliseconds, `counter` starts at 1.

    `area` and `place` are the site's own numbers (place: entry point, zone or button);
    `count` is how many facts of the same kind were joined into this one.
    """

    cls: int
    event: int
    site: int
    epoch: int
    counter: int
    at_ms: int
    detail: int = 0
    area: int = 0
    place: int = 0
    count: int = 1
    payload: bytes = field(default=bytes(PAYLOAD_BYTES), repr=False)

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            if not 0 <= getattr(self, name) < limit:
                raise ValueError(f"{name} of a report must be from 0 to {limit - 1}")
        if self.cls == 0 or self.counter == 0:
            raise ValueError("class and counter of a report start at 1")
        if len(self.payload) != PAYLOAD_BYTES:
            raise ValueError(f"the payload of a report has {PAYLOAD_BYTES} bytes")

    @property
    def known_class(self) -> ReportClass | None:
        """The class by name, or None for one of a later release."""
        try:
            return ReportClass(self.cls)
        except ValueError:
            return None

    @property
    def known_event(self) -> Event | None:
        """The event by name, or None for one of a later release."""
        try:
            return Event(self.event)
        except ValueError:
            return None

    def differences(self, *, site: int, cls: int, epoch: int, counter: int) -> tuple[str, ...]:
        """Name what disagrees with the cell that carried it and the TLS identity of its sender.

        Anything but an empty answer is an incident.
        """
        outside = {"site": site, "cls": cls, "epoch": epoch, "counter": counter}
        return tuple(name for name, value in outside.items() if getattr(self, name) != value)


def pack_report(report: Report) -> bytes:
    """The 112 bytes that are sealed as a report."""
    return _LAYOUT.pack(
        REPORT_VERSION,
        report.cls,
        report.event,
        report.detail,
        report.area,
        report.place,
        report.site,
        report.epoch,
        report.counter,
        report.at_ms.to_bytes(6, "big"),
        report.count,
        report.payload,
    )


def unpack_report(plain: bytes) -> Report:
    """Read the 112 bytes of an opened report; unknown events and classes are kept.

    Raises:
        WrongVersionError: a version that this release does not speak.
        MalformedError: another length, or class or counter zero.
    """
    exactly(plain, REPORT_PLAIN_BYTES, "A report")
    number, cls, event, detail, area, place, site, epoch, counter, at_ms, count, payload = (
        _LAYOUT.unpack(plain)
    )
    version(number, REPORT_VERSION, "A report")
    if cls == 0 or counter == 0:
        raise MalformedError("A report without class or counter.")
    return Report(
        cls=cls,
        event=event,
        site=site,
        epoch=epoch,
        counter=counter,
        at_ms=int.from_bytes(at_ms, "big"),
        detail=detail,
        area=area,
        place=place,
        count=count,
        payload=payload,
    )


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """How a site names one of its numbers.

    `kind` says of what: 1 area, 2 entry point, 3 zone, 4 button; others are kept.
    """

    kind: int
    number: int
    name: str


def pack_directory(entry: DirectoryEntry) -> bytes:
    """The payload of a `DIRECTORY` report: kind 1 | number 2 | length 1 | UTF-8 name.

    A name over 76 bytes is cut at a whole character.
    """
    name = entry.name.encode()[:NAME_BYTES_MAX].decode(errors="ignore").encode()
    head = struct.pack(">BHB", entry.kind, entry.number, len(name))
    return (head + name).ljust(PAYLOAD_BYTES, b"\0")


def unpack_directory(payload: bytes) -> DirectoryEntry:
    """Read the payload of a `DIRECTORY` report.

    Raises:
        MalformedError: another length, no UTF-8, or bytes behind the name.
    """
    exactly(payload, PAYLOAD_BYTES, "A directory entry")
    kind, number, length = struct.unpack_from(">BHB", payload)
    if length > NAME_BYTES_MAX:
        raise MalformedError("A directory entry with a name longer than its room.")
    zeros(payload[4 + length :], "The padding of a directory entry")
    try:
        return DirectoryEntry(kind, number, payload[4 : 4 + length].decode())
    except UnicodeDecodeError:
        raise MalformedError("A directory entry whose name is not UTF-8.") from None


@dataclass(frozen=True, slots=True)
class Reference:
    """What an `ENROLLED`, `REMOVED` or `REFUSED` report is about.

    `ref` is 16 bytes: the enrolment, the person or the letter. `number` is the index of
    the pair that was taken, or the reason for a refusal; `done` and `of` tell progress.
    """

    ref: bytes
    number: int = 0
    done: int = 0
    of: int = 0


def pack_reference(reference: Reference) -> bytes:
    """The payload of a report about a letter: ref 16 | number 1 | done 1 | of 1 | zeros.

    Raises:
        ValueError: `ref` is not 16 bytes; a number does not fit a byte.
    """
    if len(reference.ref) != REFERENCE_BYTES:
        raise ValueError(f"a reference has {REFERENCE_BYTES} bytes")
    tail = bytes((reference.number, reference.done, reference.of))
    return (reference.ref + tail).ljust(PAYLOAD_BYTES, b"\0")


def unpack_reference(payload: bytes) -> Reference:
    """Read the payload of a report about a letter.

    Raises:
        MalformedError: another length, or padding that is not zero.
    """
    exactly(payload, PAYLOAD_BYTES, "A reference")
    zeros(payload[REFERENCE_BYTES + 3 :], "The padding of a reference")
    return Reference(payload[:REFERENCE_BYTES], *payload[REFERENCE_BYTES : REFERENCE_BYTES + 3])
