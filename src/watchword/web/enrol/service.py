"""What the enrolment pages ask of the station.

The values are the station's own (`station.enrol_views`); a fake that passes the same tests
stands in for the station in tests/web/enrol.
"""

from typing import Protocol

from watchword.station.enrol_views import (
    PAIRS,
    LinkUnusableError,
    Offer,
    Outcome,
    Refused,
    Taken,
    Waiting,
)

__all__ = [
    "PAIRS",
    "Enrolments",
    "LinkUnusableError",
    "Offer",
    "Outcome",
    "Refused",
    "Slots",
    "Taken",
    "Waiting",
]

Slots = tuple[tuple[bytes, bytes], ...]
"""For each pair its two slot references, in the order of the batch; 16 bytes each."""


class Enrolments(Protocol):
    """The enrolments that are under way; `link` is the one-time part of the address.

    Every method raises `LinkUnusableError`, and nothing else that tells links apart, for a
    link that is unknown, expired, used up, or not that enrolment's.
    """

    async def open(self, link: str, code: str) -> Offer:
        """Exchange a link and its one-time code for an offer, once.

        Tries are counted for each link and bounded: after the fifth wrong code the link is
        spent. `code` is as typed; case, spaces and hyphens do not count.
        """
        ...

    async def submit(self, link: str, enrolment: bytes, sealed: bytes, slots: Slots) -> None:
        """Register the slots as pending and pass the sealed batch (2,096 B) to the site.

        Idempotent by `enrolment`: the same batch again changes nothing. A different batch
        for the same enrolment raises RefusedError.
        """
        ...

    async def result(self, link: str, enrolment: bytes) -> Outcome:
        """How far it is; may be asked again and again until it is settled."""
        ...
