"""The clock of open incidents: what is late is said aloud, and a plan's waits end.

This file owns one rule: deadlines live in the stored state, so a restart forgets none.
"""

import asyncio
import logging

from sqlalchemy import Connection

from watchword.core.errors import LocalFaultError
from watchword.core.escalation import due, next_deadline
from watchword.core.timing import Clock
from watchword.station import steps
from watchword.station.changes import Changes
from watchword.station.record import Entry, Record, Rules, ms, readable
from watchword.storage.shared.store import Store
from watchword.storage.station import queries

TICK_S = 1.0
_log = logging.getLogger("watchword.station")


class Escalations:
    """Looks at every open incident once a second."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._changes = changes

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.process()
            except LocalFaultError as error:
                _log.error("escalation cannot work: %s", error.message)
            await asyncio.sleep(TICK_S)

    async def process(self) -> int:
        """Say everything that is late now; returns how much that was."""
        now = self._clock.now()
        late = await self._store.read(lambda c: _late(c, now))
        if not late:
            return 0
        said = await self._store.write(lambda c: self._say(Record(c, self._rules, now), late))
        if said:
            self._changes.bump()
        return said

    def _say(self, record: Record, late: tuple[str, ...]) -> int:
        said = 0
        for incident in late:
            held, state = record.load(incident)
            after, effects = due(state, record.at)
            if after != state:
                record.save(held, after)
            for effect in effects:
                record.note(after, Entry(f"escalated.{effect.unmet.value}", {"rung": effect.rung}))
                said += 1
        for step in queries.steps_due(record.c, record.at_ms):
            row = queries.incident_get(record.c, step.incident)
            site = None if row is None else queries.site_get(record.c, row.site)
            if site is not None:
                steps.advance(record, site, step.incident)
                said += 1
        return said


def _late(c: Connection, now: float) -> tuple[str, ...]:
    """What may be late: its deadline has come, or the clock went back behind its own times."""
    late = []
    for row in queries.incidents_open(c):
        state = readable(row)
        if state is None:
            continue  # told aloud, and in the queue; the clocks of all others go on
        deadline = next_deadline(state)
        latest = max(state.clock_from, state.escalated_at or 0.0)
        if (deadline is not None and deadline <= now) or now < latest:
            late.append(row.id)
    if not late:
        # A plan's own wait may have ended although nothing is late for anybody.
        late = [step.incident for step in queries.steps_due(c, ms(now))]
    return tuple(dict.fromkeys(late))
