"""Whether a site is heard at all: silence is an incident within the time its category allows.

This file owns the table of categories (reference: EN 50136-1, to be verified against the text
of the standard before conformity is claimed). Silence is measured by the monotonic clock of
this process: a station that was stopped does not blame its sites for it.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Final

from sqlalchemy import Connection

from watchword.core.errors import LocalFaultError
from watchword.core.incident import Kind, ReportId, Signal
from watchword.core.timing import Clock
from watchword.station import facts
from watchword.station.changes import Changes
from watchword.station.record import Entry, Record, Rules, ms
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import SignalRow, SiteRow

TICK_S = 1.0
MARGIN_S = 2.0  # for our own tick and commit, so that it is told within the time
STATION_CLASS = 0xFF  # a report that the station makes itself; no site uses this class
LINK = "link"
ALLOWED_S: Final[Mapping[str, float]] = {
    "SP1": 32 * 86_400.0,
    "SP2": 25 * 3600.0,
    "DP1": 25 * 3600.0,
    "SP3": 1800.0,
    "DP2": 1800.0,
    "SP4": 180.0,
    "DP3": 180.0,
    "SP5": 90.0,
    "DP4": 90.0,
    "SP6": 20.0,
}
STRICTEST_S = min(ALLOWED_S.values())  # for a category that nobody knows
_log = logging.getLogger("watchword.station")


class Watch:
    """Hears sites and says when one is silent for too long, and when it is heard again."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._changes = changes
        self._started = clock.monotonic()
        self._heard: dict[str, float] = {}
        self._seen_ms: dict[str, int] = {}
        self._last_ms: dict[str, int] = {}
        self._lost: set[str] | None = None

    def heard(self, site: str) -> None:
        """A frame of this site was taken; cheap, called for each."""
        self._heard[site] = self._clock.monotonic()
        self._seen_ms[site] = self._last_ms[site] = ms(self._clock.now())

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.process()
            except LocalFaultError as error:
                _log.error("watching cannot work: %s", error.message)
            await asyncio.sleep(TICK_S)

    async def process(self) -> int:
        """Look once at every site; returns how many were lost or found."""
        if self._lost is None:
            self._lost = await self._store.read(_known_lost)
        seen, self._seen_ms = self._seen_ms, {}
        if seen:
            await self._store.write(lambda c: queries.sites_seen(c, seen))
        moved = 0
        for site in await self._store.read(queries.sites):
            silent_s = self._silent_s(site.id)
            lost = silent_s >= allowed_s(site.category) - MARGIN_S
            if site.last_seen_ms is None or lost == (site.id in self._lost):
                continue
            tell = partial(self._tell, site=site, silent_s=silent_s, lost=lost)
            await self._store.write(tell)
            (self._lost.add if lost else self._lost.discard)(site.id)
            moved += 1
        if moved:
            self._changes.bump()
        return moved

    def live(self, site: SiteRow) -> bool:
        """Whether a site is heard as its category demands."""
        return site.id in self._heard and self._silent_s(site.id) < allowed_s(site.category)

    def _silent_s(self, site: str) -> float:
        return self._clock.monotonic() - self._heard.get(site, self._started)

    def _tell(self, c: Connection, *, site: SiteRow, silent_s: float, lost: bool) -> None:
        record = Record(c, self._rules, self._clock.now())
        qualifier, incident = "3", None
        if lost:
            allowed = allowed_s(site.category)
            params = {"silent_s": int(silent_s), "allowed_s": int(allowed)}
            # Named by when it was last heard: the same silence found twice is one incident.
            # What is stored never goes back, so after a clock that did two would have one name.
            heard_ms = self._last_ms.get(site.id, site.last_seen_ms or 0)
            named = ReportId(site.number, heard_ms, STATION_CLASS, 0)
            signal = Signal(named, Kind.PATH_LOSS, (LINK,))
            incident = facts.receive(record, site, signal, Entry("path-lost", params))
            qualifier = "1"
        else:
            for state in record.open_at(site):
                if LINK in state.subjects:
                    record.note(state, Entry("path-restored"))
                    incident = state.id
        queries.signal_add(
            c,
            SignalRow(
                account=str(site.number),
                received_ms=record.at_ms,
                kind="path-loss",
                site=site.id,
                code="350",
                qualifier=qualifier,
                incident=incident,
            ),
        )


def allowed_s(category: str) -> float:
    """How long a site of this category may be silent; the strictest for one that is not known."""
    return ALLOWED_S.get(category.strip().upper(), STRICTEST_S)


def _known_lost(c: Connection) -> set[str]:
    """Sites whose loss was told before this process started."""
    return {row.site for row in queries.incidents_open(c) if row.kind == Kind.PATH_LOSS}
