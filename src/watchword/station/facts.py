"""Facts about incidents, applied whole: a signal that joins or opens, an act of an operator.

This file owns one rule: what `core.incident` decides, its timeline line, its journal entry,
its steps and its hand-offs are committed together or not at all.
"""

from watchword.core import incident as core
from watchword.core.incident import (
    Alert,
    AskSecondLook,
    Effect,
    Fact,
    Incident,
    RenewCodes,
    Signal,
    SignalReceived,
    StartPlan,
)
from watchword.station import steps
from watchword.station.record import SYSTEM, Entry, Record
from watchword.storage.station import queries
from watchword.storage.station.queries import SiteRow


def receive(record: Record, site: SiteRow, signal: Signal, entry: Entry) -> str:
    """Join a signal to what is open at its site, or open an incident; returns the incident's id.

    A signal whose incident is there already (the same report processed again) changes nothing.
    """
    chosen = core.choose(record.open_at(site), signal, record.at)
    if chosen is not None:
        held, state = record.load(chosen.id)
        if core.joins(state, signal, record.at):
            after, effects = core.step(state, SignalReceived(signal), record.at)
            record.save(held, after)
            record.note(after, entry)
            if after.priority < state.priority:
                record.note(after, Entry("raised", {"kind": after.kind.value}))
            _perform(record, site, after, effects)
            steps.advance(record, site, after.id)
            return after.id
    state, effects = core.step(None, SignalReceived(signal), record.at)
    if record.add(site, state):
        record.note(state, entry)
        opened = Entry("incident-opened", {"kind": state.kind.value, "cause": entry.key})
        record.journal(site.id, state, SYSTEM, opened)
        _perform(record, site, state, effects)
    return state.id


def act(record: Record, incident: str, fact: Fact, *, who: str, entry: Entry) -> Incident:
    """Apply what an operator did, and write down who.

    Raises:
        RefusedError: it is against a rule; nothing is left behind.
        NotFoundError: there is no such incident.
    """
    held, state = record.load(incident)
    after, effects = core.step(state, fact, record.at)
    record.save(held, after)
    record.note(after, entry, who=who)
    record.journal(held.site, after, who, entry)
    site = queries.site_get(record.c, held.site)
    if site is not None:
        _perform(record, site, after, effects)
    return after


def _perform(record: Record, site: SiteRow, state: Incident, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        match effect:
            case StartPlan(kind):
                steps.begin(record, site, state, record.rules.plans[kind])
            case RenewCodes():
                record.note(state, Entry("codes-renew"))
            case AskSecondLook():
                record.note(state, Entry("second-look-due"))
            case Alert():
                pass  # consoles are told after the commit: every change moves the version
