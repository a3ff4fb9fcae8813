"""The first transaction: what a site sent is durable before it is acknowledged.

This file owns one rule: the same work for every report, whatever it says. Nothing is opened
here; the same number with other bytes is kept as an anomaly and acknowledged like any other.
"""

from collections.abc import Callable, Sequence

from watchword.core.timing import Clock
from watchword.station.record import ms
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import Envelope, Intake
from watchword.wire.uplink.cell import Cell, CellId


class Receiver:
    """Keeps what sites send; `wake` is called after a commit that brought something new."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def take(self, site: str, cells: Sequence[Cell]) -> tuple[CellId, ...]:
        """Keep the cells of a site (its id, from its TLS identity); returns what to acknowledge.

        Raises:
            StorageFaultError: nothing of it is durable, and nothing may be acknowledged.
        """
        received_ms = ms(self._clock.now())
        envelopes = [
            Envelope(
                site=site,
                epoch=cell.epoch,
                report_class=cell.cls,
                counter=cell.counter,
                key_id=cell.key_id,
                body=cell.body,
                received_ms=received_ms,
            )
            for cell in cells
        ]
        if not envelopes:
            return ()
        taken = await self._store.write(lambda c: queries.envelopes_add(c, envelopes))
        if any(one is not Intake.DUPLICATE for one in taken):
            self._wake()
        return tuple(cell.id for cell in cells)
