"""The station as witness of a site's journal: it may only grow (promise 6).

A journal that is shorter than it was, or that has another head at the same length, was
rewritten or restored from a back-up. Which of the two, a person has to say.
"""

from sqlalchemy import Connection

from watchword.core.incident import Kind, ReportId, Signal
from watchword.core.timing import Clock
from watchword.station import facts
from watchword.station.changes import Changes
from watchword.station.record import Entry, Record, Rules
from watchword.storage.shared.chain import Head
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import WitnessBreak
from watchword.wire.uplink import NO_CHAIN, Chain

_BROKEN = 0x90  # incidents about a site's journal: no report has this class


class Witness:
    """Keeps the last head of each site's journal and tells of one that does not go on."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._changes = changes
        self._known: dict[str, Chain] = {}

    async def told(self, site: str, chain: Chain) -> None:
        """A site (its id) says how its journal stands."""
        if chain in (NO_CHAIN, self._known.get(site)):
            return
        if await self._store.write(lambda c: self._accept(c, site, chain)):
            self._changes.bump()
        self._known[site] = chain

    def _accept(self, c: Connection, site: str, chain: Chain) -> bool:
        """Move the witness on; True when the journal was found broken."""
        known, told = queries.witness_get(c, site), Head(chain.length, chain.head)
        queries.witness_set(c, site, told)
        same_length = told.length == known.length and told.hash != known.hash
        if told.length > known.length or (told.length == known.length and not same_length):
            return False
        at = self._clock.now()
        number = queries.witness_break_add(c, WitnessBreak(site, int(at * 1000), known, told))
        row = queries.site_get(c, site)
        if row is not None:
            named = ReportId(row.number, number, _BROKEN, 1)
            subjects = ("journal",)
            signal = Signal(named, Kind.TROUBLE, subjects, secret=True, attention=True)
            params = {"known": known.length, "told": told.length}
            facts.receive(Record(c, self._rules, at), row, signal, Entry("journal-broken", params))
        return True
