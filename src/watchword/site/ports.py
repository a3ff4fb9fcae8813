"""What the site asks of its uplink, and what the uplink asks of the site.

The use cases implement `UplinkDuties`; the adapter implements `Uplink`. Both speak of
sealed cells and public facts only.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from watchword.wire.uplink import Cell, CellId, Chain


class LinkState(StrEnum):
    """How the link to one station address stands: a public fact."""

    UP = "up"
    DOWN = "down"  # nobody answers, or it was cut
    REFUSED = "refused"  # the station does not know this site
    STRANGER = "stranger"  # what answers is not the station that this site was paired with


class Uplink(Protocol):
    """Where a committed report is handed on; never waits, never fails."""

    def offer(self, cell: Cell) -> None:
        """Send this cell on the next ticks, on every address, until acknowledged."""
        ...

    def public_fact(self) -> None:
        """A button, an alarm: the fast shape lasts ten seconds from now."""
        ...


class UplinkDuties(Protocol):
    """What the uplink needs from the site."""

    async def waiting(self) -> Sequence[Cell]:
        """Every cell of the outbox that is not acknowledged, oldest first; asked once."""
        ...

    async def acknowledged(self, cells: Sequence[CellId]) -> None:
        """These are durable at the station: the outbox may let go of them."""
        ...

    def shed(self, cells: Sequence[CellId]) -> None:
        """The uplink had no room for these: trouble, to be told aloud."""
        ...

    async def letter(self, sealed: bytes) -> None:
        """Act on one sealed letter; returns when what it changed is durable.

        It may come again: acting on a letter is idempotent.
        """
        ...

    def chain(self) -> Chain:
        """The journal's head now, for the station to witness."""
        ...

    def heard(self, address: str, station_time_s: float) -> None:
        """A frame came: the station's UTC, in seconds."""
        ...

    def link_changed(self, address: str, state: LinkState, detail: str) -> None:
        """The link to one address changed; `detail` is a sentence for a person."""
        ...

    def certificates_expired(self, address: str, whose: Sequence[str]) -> None:
        """Whose certificates are past their date ("site", "station"); empty: none is.

        The link goes on all the same.
        """
        ...
