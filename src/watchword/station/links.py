"""What the station does for each link: who a site is, intake, letters, witness, last word.

Implements `ports.UplinkDuties` by joining the parts. It owns one rule: when a site may be told
that a report is durable depends on when the report came, not on what the station does meanwhile.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import structlog

from watchword.station.downlink import Letters
from watchword.station.intake import Receiver
from watchword.station.ports import PairedSite
from watchword.station.witness import Witness
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.wire.uplink import Cell, CellId, Chain, Stream

# Working an incident holds the writer some 2 ms longer (up to 35 ms at the 99th percentile), and
# so the commit of whatever comes next. Waited out, the site's next tick cannot tell.
ACKNOWLEDGE_AFTER_S = 0.1

log = structlog.get_logger("links")


class Watch(Protocol):
    """Whoever notices that a site falls silent."""

    def heard(self, site: str) -> None:
        """A frame of this site (its id) came now."""
        ...


class Links:
    """The duties of the station towards its sites' links."""

    def __init__(
        self,
        *,
        store: Store,
        receiver: Receiver,
        letters: Letters,
        witness: Witness,
        watch: Watch,
        tick_s: float,
        acknowledge_after_s: float = ACKNOWLEDGE_AFTER_S,
    ) -> None:
        self._store = store
        self._receiver = receiver
        self._letters = letters
        self._witness = witness
        self._watch = watch
        self._tick_s = tick_s
        self._acknowledge_after_s = acknowledge_after_s

    async def site_of(self, fingerprint: str) -> PairedSite | None:
        """The site whose TLS certificate has this SHA-256 (hex), or None."""
        row = await self._store.read(lambda c: queries.site_by_fingerprint(c, fingerprint))
        if row is None:
            return None
        return PairedSite(row.id, row.number, row.name, self._tick_s)

    async def committed(self, site: PairedSite) -> Mapping[Stream, int]:  # noqa: ARG002
        """Nothing from memory: what comes again is known by `intake` and acknowledged again."""
        return {}

    async def intake(
        self, site: PairedSite, cells: Sequence[Cell], chain: Chain
    ) -> Collection[CellId]:
        """Make these envelopes durable, look at the journal's head, and return at a fixed delay.

        Only the acknowledgement waits: what is durable is being worked on already.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + self._acknowledge_after_s
        kept = await self._receiver.take(site.id, cells)
        try:
            await self._witness.told(site.id, chain)
        except Exception as error:  # noqa: BLE001 - what is durable is acknowledged all the same
            log.error("links.witness-failed", site=site.id, error=type(error).__name__)
        await asyncio.sleep(due - loop.time())
        return kept

    async def letters(self, site: PairedSite) -> Sequence[Cell]:
        """The cells of every letter that waits for this site."""
        return await self._letters.cells(site.id)

    async def delivered(self, site: PairedSite, cells: Sequence[CellId]) -> None:  # noqa: ARG002
        """The site has committed what these cells carried."""
        await self._letters.delivered(cells)

    def seen(self, site: PairedSite, at: float) -> None:  # noqa: ARG002 - it has its own clock
        """A frame of this site came."""
        self._watch.heard(site.id)

    def certificate_expired(self, site: PairedSite) -> None:
        """Told in the log and by `doctor`; the link goes on."""
        log.warning("links.certificate-expired", site=site.id)
