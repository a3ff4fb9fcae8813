"""How a site says something: sealed to the station in memory, before anything is written.

This file owns the identity of reports: a random epoch for each boot or restore, and a
counter for each class within it, so that no report is ever taken for another.
"""

import secrets
from collections import Counter
from dataclasses import dataclass

from watchword.core.words import Event, ReportClass
from watchword.storage.site.queries import Identity, OutboxCell
from watchword.wire.report import Report, pack_report
from watchword.wire.seal import dummy_token, report_info, seal
from watchword.wire.uplink import Cell
from watchword.wire.uplink.cell import pack_cell, unpack_cell

EPOCH_BITS = 64


@dataclass(frozen=True, slots=True)
class Fact:
    """One public fact to report; numbers as in the site's directory, 0 for none."""

    event: Event
    cls: ReportClass
    detail: int = 0
    area: int = 0
    place: int = 0
    count: int = 1


class Reports:
    """Makes the sealed cells of one boot.

    Args:
        identity: what pairing gave this site.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._info = report_info(identity.number)
        self._counters: Counter[ReportClass] = Counter()
        self.epoch = secrets.randbits(EPOCH_BITS)

    def nothing_to_say(self) -> bytes:
        """A fresh token that means nobody's slot: as long and as opaque as any other."""
        return dummy_token(self._identity.station_public)

    def make(self, fact: Fact, *, payload: bytes, at_ms: int) -> OutboxCell:
        """Seal one report; `payload` is the 80 bytes of a token or of a public detail."""
        self._counters[fact.cls] += 1
        counter = self._counters[fact.cls]
        plain = pack_report(
            Report(
                cls=fact.cls,
                event=fact.event,
                site=self._identity.number,
                epoch=self.epoch,
                counter=counter,
                at_ms=at_ms,
                detail=fact.detail,
                area=fact.area,
                place=fact.place,
                count=min(fact.count, 0xFFFF),
                payload=payload,
            )
        )
        cell = Cell(
            cls=fact.cls,
            epoch=self.epoch,
            counter=counter,
            body=seal(self._identity.station_public, self._info, plain),
            key_id=self._identity.station_key_id,
        )
        return OutboxCell(
            report_class=fact.cls,
            epoch=self.epoch,
            counter=counter,
            key_id=self._identity.station_key_id,
            cell=pack_cell(cell),
            created_ms=at_ms,
        )


def as_cell(kept: OutboxCell) -> Cell:
    """The cell of an outbox row, as the uplink sends it."""
    cell = unpack_cell(kept.cell)
    if cell is None:
        raise ValueError("an outbox row holds an empty cell")
    return cell
