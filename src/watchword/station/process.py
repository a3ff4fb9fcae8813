"""The second transaction: an envelope is opened and becomes what an operator must know.

This file owns two rules. It is idempotent: an envelope is worked once, however often a process
was killed between the two transactions. And a failure here is itself an incident: the
envelope is kept and tried again, and nothing of it shows at the site.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from watchword.core.errors import LocalFaultError
from watchword.core.incident import Incident
from watchword.core.timing import Clock
from watchword.core.words import Event
from watchword.station import facts
from watchword.station.changes import Changes
from watchword.station.enrol import settle_refused, settle_taken
from watchword.station.reading import (
    DIRECTORY,
    Opened,
    Reading,
    about_report,
    open_envelope,
    read,
)
from watchword.station.record import UNREADABLE, Entry, Record, Rules
from watchword.storage.shared.store import Store
from watchword.storage.station import queries, queries_process
from watchword.storage.station.queries import Anomaly, Envelope, SignalRow, SiteRow
from watchword.wire.faults import MalformedError
from watchword.wire.report import Report, unpack_directory, unpack_reference
from watchword.wire.unseal import Keyring

BATCH_MAX = 256  # read at once; each is a transaction of its own, committed in groups
TRIES_MAX = 5
RETRY_S = 30.0
LOOK_S = 5.0  # another node's process may have died holding work: look although nobody called
_SEEN_ANOMALY = "anomaly-seen"
_log = logging.getLogger("watchword.station")


class Processor:
    """Opens envelopes and hands what they say to `core.incident`."""

    def __init__(
        self, *, store: Store, clock: Clock, ring: Keyring, rules: Rules, changes: Changes
    ) -> None:
        self._store = store
        self._clock = clock
        self._ring = ring
        self._rules = rules
        self._changes = changes
        self._bell = asyncio.Event()
        self._not_before: dict[int, float] = {}

    def wake(self) -> None:
        """Something new was committed."""
        self._bell.set()

    async def run(self) -> None:
        """Work until cancelled; what was given up before this start is tried once more."""
        revived = False
        while True:
            self._bell.clear()
            try:
                if not revived:
                    await self._store.write(queries_process.envelopes_revive)
                    revived = True
                worked = await self.process()
            except LocalFaultError as error:
                _log.error("second step cannot work: %s", error.message)
                worked = 0
            if not worked:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._bell.wait()

    async def process(self) -> int:
        """Work what waits now, most urgent first; returns how much that was."""
        # What is put off must not fill the batch: a report behind it may be somebody's life.
        limit = BATCH_MAX + len(self._not_before)
        waiting, sites = await self._store.read(lambda c: _waiting(c, limit))
        now = self._clock.monotonic()
        self._not_before = {
            e.id: self._not_before[e.id] for e in waiting if e.id in self._not_before
        }
        due = [e for e in waiting if self._not_before.get(e.id, now) <= now]
        # Sent to the writer in order and together: they share commits.
        done = await asyncio.gather(*(self._one(e, sites[e.site]) for e in due))
        worked = len(done) + await self._anomalies()
        if worked:
            self._changes.bump()
        return worked

    async def _one(self, envelope: Envelope, site: SiteRow) -> None:
        try:
            opened = open_envelope(self._ring, site.number, envelope)
            await self._store.write(lambda c: self._apply(c, envelope.id, opened))
        except LocalFaultError:
            raise  # the store itself: nothing can be written down either
        except Exception as error:  # noqa: BLE001 - whatever it was, an operator must hear of it
            _log.error("envelope %d failed: %s", envelope.id, type(error).__name__)
            self._not_before[envelope.id] = self._clock.monotonic() + RETRY_S
            await self._tell_failure(envelope.id)
        else:
            self._not_before.pop(envelope.id, None)

    async def _tell_failure(self, envelope: int) -> None:
        """Open the incident about it; one envelope that cannot even have that stops no other."""
        try:
            await self._store.write(lambda c: self._failed(c, envelope))
        except LocalFaultError:
            raise
        except Exception as error:  # noqa: BLE001 - tried again with the envelope itself
            _log.critical("envelope %d: nobody could be told: %s", envelope, type(error).__name__)

    def _apply(self, c: Connection, envelope_id: int, opened: Opened) -> None:
        envelope = queries_process.envelope_hold(c, envelope_id)
        if envelope is None:
            return  # done already: by another node, or before this process was killed
        site = _site(c, envelope.site)
        reading = read(c, site, envelope, opened)
        incident = self._tell(c, site, reading)
        if opened.report is None:
            queries.envelope_tried(c, envelope.id)
            queries.envelope_failed(c, envelope.id)
            return
        if not opened.differs:
            _settle(c, site, opened.report)
        queries.signal_add(c, _signal_row(site, envelope, reading, incident))
        queries.envelope_done(c, envelope.id)

    def _tell(self, c: Connection, site: SiteRow, reading: Reading) -> str | None:
        record = Record(c, self._rules, self._clock.now())
        incident = None
        for finding in reading.findings:
            incident = facts.receive(record, site, finding.signal, finding.entry)
        if reading.followed is not None:
            for state in _concerned(record.open_at(site), reading.subjects):
                record.note(state, reading.followed)
                incident = state.id
        return incident

    def _failed(self, c: Connection, envelope_id: int) -> None:
        envelope = queries_process.envelope_hold(c, envelope_id)
        if envelope is None:
            return
        tries = queries.envelope_tried(c, envelope.id)
        if tries == 1:
            site = _site(c, envelope.site)
            finding = about_report(site, envelope, Entry("report-unprocessed"))
            record = Record(c, self._rules, self._clock.now())
            facts.receive(record, site, finding.signal, finding.entry)
        if tries >= TRIES_MAX:
            queries.envelope_failed(c, envelope.id)

    async def _anomalies(self) -> int:
        """The same number with other bytes: told to an operator, and read all the same."""
        found, sites = await self._store.read(_new_anomalies)
        for anomaly in found:
            opened = open_envelope(self._ring, sites[anomaly.site].number, _as_envelope(anomaly))
            try:
                await self._store.write(partial(self._anomaly, anomaly=anomaly, opened=opened))
            except LocalFaultError:
                raise
            except Exception as error:  # noqa: BLE001 - one that fails each time stops no other
                _log.critical("anomaly %d failed: %s", anomaly.id, type(error).__name__)
                await self._store.write(partial(self._anomaly_failed, anomaly=anomaly))
        return len(found)

    def _anomaly_failed(self, c: Connection, anomaly: Anomaly) -> None:
        """Tell of it what can be told without reading it, and go on to the next."""
        queries.value_set(c, _SEEN_ANOMALY, anomaly.id)
        finding = about_report(
            _site(c, anomaly.site), _as_envelope(anomaly), Entry("report-unprocessed")
        )
        with suppress(*UNREADABLE), c.begin_nested():
            record = Record(c, self._rules, self._clock.now())
            facts.receive(record, _site(c, anomaly.site), finding.signal, finding.entry)

    def _anomaly(self, c: Connection, anomaly: Anomaly, opened: Opened) -> None:
        if int(queries.value_get(c, _SEEN_ANOMALY) or 0) >= anomaly.id:
            return
        site, envelope = _site(c, anomaly.site), _as_envelope(anomaly)
        finding = about_report(site, envelope, Entry("report-replayed"))
        record = Record(c, self._rules, self._clock.now())
        facts.receive(record, site, finding.signal, finding.entry)
        if opened.report is not None:
            self._tell(c, site, read(c, site, envelope, opened))
        queries.value_set(c, _SEEN_ANOMALY, anomaly.id)


def _waiting(c: Connection, limit: int) -> tuple[tuple[Envelope, ...], dict[str, SiteRow]]:
    return queries.envelopes_new(c, limit), {site.id: site for site in queries.sites(c)}


def _new_anomalies(c: Connection) -> tuple[tuple[Anomaly, ...], dict[str, SiteRow]]:
    seen = int(queries.value_get(c, _SEEN_ANOMALY) or 0)
    found = queries_process.anomalies_after(c, seen)
    return found, {site.id: site for site in queries.sites(c)} if found else {}


def _site(c: Connection, site: str) -> SiteRow:
    row = queries.site_get(c, site)
    if row is None:
        raise LookupError("an envelope without its site")
    return row


def _as_envelope(anomaly: Anomaly) -> Envelope:
    """The anomaly as an envelope of its own; its number tells it from the one it contradicts."""
    return Envelope(
        site=anomaly.site,
        epoch=anomaly.epoch,
        report_class=anomaly.report_class,
        counter=anomaly.counter,
        key_id=anomaly.key_id,
        body=anomaly.body,
        received_ms=anomaly.received_ms,
        id=-anomaly.id,
        tries=1,
    )


def _concerned(states: Iterable[Incident], subjects: tuple[str, ...]) -> list[Incident]:
    """Overt incidents that a public fact of the site is about; it is only noted on them."""
    return [s for s in states if not s.covert and not set(s.subjects).isdisjoint(subjects)]


def _settle(c: Connection, site: SiteRow, report: Report) -> None:
    """Follow what a site says about itself: names, and what became of an enrolment."""
    try:
        match report.known_event:
            case Event.DIRECTORY:
                entry = unpack_directory(report.payload)
                sort = DIRECTORY.get(entry.kind, f"kind-{entry.kind}")
                queries.names_set(c, site.id, sort, {entry.number: entry.name})
            case Event.ENROLLED:
                taken = unpack_reference(report.payload)
                settle_taken(c, site.id, taken.ref.hex(), taken.number)
            case Event.REFUSED:
                settle_refused(c, site.id, unpack_reference(report.payload).ref.hex())
            case _:
                pass
    except MalformedError:
        # Nothing a person's safety depends on; the report itself is kept as it came.
        _log.error("a service report of %s cannot be read", site.id)


def _signal_row(
    site: SiteRow, envelope: Envelope, reading: Reading, incident: str | None
) -> SignalRow:
    return replace(
        SignalRow(account=str(site.number), received_ms=envelope.received_ms, kind=reading.kind),
        site=site.id,
        envelope=envelope.id,
        code=reading.code,
        qualifier=reading.qualifier,
        area=reading.area,
        user=reading.person,
        zone=reading.place,
        text=reading.text,
        incident=incident,
    )
