"""What an opened report means for the station: the one place where a code is told apart.

This file owns the judgement: a duress is a duress on every attempt, accepted or not; a token
that is unknown, retired, foreign, unreadable or missing needs a person, never silence.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from watchword.core.area import attempt_action
from watchword.core.incident import Kind, ReportId, Signal
from watchword.core.words import Event
from watchword.station.record import Entry
from watchword.station.texts import TEXTS
from watchword.storage.station import queries
from watchword.storage.station.queries import Envelope, SiteRow, SlotRow, SlotState
from watchword.wire.faults import MalformedError, UnknownKeyError, UnopenableError
from watchword.wire.report import Report, unpack_directory
from watchword.wire.slot import Meaning, Token
from watchword.wire.unseal import Keyring

ATTEMPTS: Final = frozenset({Event.ATTEMPT_ACCEPTED, Event.ATTEMPT_REFUSED, Event.ATTEMPT_LOCKED})
SERVICE: Final = frozenset(
    {Event.STARTED, Event.DIRECTORY, Event.ENROLLED, Event.REMOVED, Event.REFUSED}
)
DIRECTORY: Final = {1: "area", 2: "entry", 3: "zone", 4: "button"}
# Incidents about a report itself, and of a report that contradicts another: marked classes, so
# that their ids never meet those of the first report's content.
ABOUT_REPORT = 0x80
CONTRADICTS = 0x40
_BUTTON_ZONE = 5  # `core.arming.ZONE_DETAIL` of a zone that is a button
_CODES: Final = {
    Event.ATTEMPT_ACCEPTED: ("401", "1"),
    Event.ATTEMPT_LOCKED: ("461", "1"),
    Event.ALARM: ("130", "1"),
    Event.ALARM_ABORTED: ("406", "1"),
    Event.ALARM_RESTORED: ("130", "3"),
    Event.EXIT_ERROR: ("374", "1"),
    Event.BUTTON: ("122", "1"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope after the seals were tried; `fault` names why there is no report."""

    report: Report | None = None
    token: Token | None = None
    fault: str = ""
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell an operator: a signal for `core.incident` and its line."""

    signal: Signal
    entry: Entry


@dataclass(frozen=True, slots=True)
class Reading:
    """What a report came to: findings for operators, and how the list of signals names it."""

    kind: str
    findings: tuple[Finding, ...] = ()
    followed: Entry | None = None
    subjects: tuple[str, ...] = ()
    code: str | None = None
    qualifier: str | None = None
    person: str | None = None
    place: str | None = None
    area: str | None = None
    text: str | None = None
    event: Event | None = field(default=None)


def open_envelope(ring: Keyring, site: int, envelope: Envelope) -> Opened:
    """Try the seals of an envelope; never raises for what a peer may have sent."""
    try:
        report = ring.open_report(envelope.key_id, site, envelope.body)
    except (UnknownKeyError, UnopenableError, MalformedError) as error:
        return Opened(fault=type(error).__name__)
    differs = report.differences(
        site=site, cls=envelope.report_class, epoch=envelope.epoch, counter=envelope.counter
    )
    token = None
    if report.known_event in ATTEMPTS:
        try:
            token = ring.open_token(report.payload)
        except (UnopenableError, MalformedError):
            token = None
    return Opened(report, token, differs=differs)


def about_report(site: SiteRow, envelope: Envelope, entry: Entry) -> Finding:
    """Something is wrong with a report itself: a person must look, and the site is not told."""
    named = _report_id(site, envelope, ABOUT_REPORT)
    subjects = (f"envelope:{envelope.id}",)
    return Finding(Signal(named, Kind.TROUBLE, subjects, secret=True, attention=True), entry)


def read(c: Connection, site: SiteRow, envelope: Envelope, opened: Opened) -> Reading:
    """What an opened report means at this site; looks slots, people and names up."""
    report = opened.report
    if report is None:
        entry = Entry("report-unreadable", {"fault": opened.fault})
        return Reading("unreadable", (about_report(site, envelope, entry),))
    doubted = bool(opened.differs) or envelope.tries > 0
    reading = _Reader(c, site, envelope, report, doubted).read(opened.token)
    if not opened.differs:
        return reading
    entry = Entry("report-different", {"what": ", ".join(opened.differs)})
    # What is inside still counts: an exchanged header must not hide a duress.
    findings = (about_report(site, envelope, entry), *reading.findings)
    return Reading(reading.kind, findings, subjects=reading.subjects, event=None)


def _report_id(site: SiteRow, envelope: Envelope, mark: int) -> ReportId:
    """What an incident's id is derived from; an anomaly (negative id) counts by itself."""
    if envelope.id >= 0:
        return ReportId(site.number, envelope.epoch, envelope.report_class | mark, envelope.counter)
    marked = envelope.report_class | mark | CONTRADICTS
    return ReportId(site.number, envelope.epoch, marked, -envelope.id & 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class _Reader:
    c: Connection
    site: SiteRow
    envelope: Envelope
    report: Report
    doubted: bool

    def read(self, token: Token | None) -> Reading:
        event = self.report.known_event
        code, qualifier = _CODES.get(event, (None, None)) if event else (None, None)
        if event in ATTEMPTS:
            return self._attempt(event, token, code, qualifier)
        if event in SERVICE:
            return self._service(event)
        sort = self._sort(event)
        place = self._place(*sort)
        entry, kind, attention = self._public(event, place)
        subjects = self._subjects(event)
        findings: tuple[Finding, ...] = ()
        if kind is not None and entry is not None:
            findings = (self._found(kind, subjects, entry, attention=attention),)
        return Reading(
            kind=event.name.lower().replace("_", "-") if event else "unknown",
            findings=findings,
            followed=entry if kind is None else None,
            subjects=subjects,
            code=code,
            qualifier=qualifier,
            place=place if sort[0] != "area" else None,
            area=self._place("area") if self.report.area else None,
            event=event,
        )

    def _service(self, event: Event | None) -> Reading:
        """What a site says about itself: kept as a signal, nothing for an operator to work."""
        text = None
        if event is Event.DIRECTORY:
            with suppress(MalformedError):
                text = unpack_directory(self.report.payload).name
        named = "unknown" if event is None else event.name.lower()
        return Reading(kind=named, text=text, event=event)

    def _public(  # noqa: PLR0911 - one line for each event
        self, event: Event | None, place: str
    ) -> tuple[Entry | None, Kind | None, bool]:
        """The line, the kind of incident if any, and whether a person must look."""
        said = {"place": place, "count": self.report.count, **self._when()}
        match event:
            case Event.ATTEMPTS_NOT_EVALUATED:
                return Entry("not-evaluated", said), Kind.TROUBLE, True
            case Event.BUTTON:
                return Entry("button", said), Kind.HOLD_UP, False
            case Event.ALARM:
                held = self.report.detail == _BUTTON_ZONE
                return Entry("alarm", said), Kind.HOLD_UP if held else Kind.BURGLARY, False
            case Event.TROUBLE:
                return Entry("trouble", said | self._trouble()), Kind.TROUBLE, False
            case Event.ALARM_ABORTED | Event.ALARM_RESTORED | Event.EXIT_ERROR:
                return Entry(event.name.lower().replace("_", "-"), said), None, False
            case Event.TROUBLE_RESTORED:
                return Entry("trouble-restored", said | self._trouble()), None, False
            case None:
                said["event"] = self.report.event
                return Entry("report-unknown", said), Kind.TROUBLE, True
            case _:
                return None, None, False

    def _trouble(self) -> dict[str, str]:
        """Which trouble of its own a site tells; a number of a later release stays a number."""
        detail = self.report.detail
        unknown = TEXTS["trouble.other"].format(number=detail)
        return {"place": TEXTS.get(f"trouble.{detail}", unknown)}

    def _attempt(
        self, event: Event | None, token: Token | None, code: str | None, qualifier: str | None
    ) -> Reading:
        person: str | None = None
        slot = None if token is None else queries.slot_get(self.c, token.slot_ref.hex())
        if slot is not None and slot.site == self.site.id:
            known = queries.person_get(self.c, slot.person)
            person = None if known is None else known.name
        action, done = attempt_action(self.report.detail)
        place = self._place("entry")
        said = {
            "place": place,
            "person": person or TEXTS["person.unknown"],
            "action": "?" if action is None else action.value,
            **self._when(),
        }
        key, kind = self._judge(event, token, slot)
        subjects = self._attempt_subjects(slot if person else None)
        findings: tuple[Finding, ...] = ()
        if key and kind is not None:
            attention = kind is Kind.TROUBLE
            entry = Entry(key, said)
            findings = (self._found(kind, subjects, entry, secret=True, attention=attention),)
        if kind is Kind.DURESS:
            code, qualifier = "121", "1"
        elif not done and code == "401":
            code, qualifier = None, None  # a right code whose arming was refused moved nothing
        elif action is not None and action.mode is not None and code == "401":
            qualifier = "3"
        named = kind.value if kind is Kind.DURESS else (event or Event.STARTED).name.lower()
        return Reading(
            kind=named.replace("_", "-"),
            findings=findings,
            subjects=subjects,
            code=code,
            qualifier=qualifier,
            person=person,
            place=place,
            area=self._place("area") if self.report.area else None,
            event=event,
        )

    def _judge(  # noqa: PLR0911 - each way to be wrong has its own line
        self, event: Event | None, token: Token | None, slot: SlotRow | None
    ) -> tuple[str, Kind | None]:
        if token is None:
            return "token-unreadable", Kind.TROUBLE
        if token.dummy:
            missing = event is Event.ATTEMPT_ACCEPTED
            return ("token-missing", Kind.TROUBLE) if missing else ("", None)
        if slot is None:
            return "token-unknown", Kind.TROUBLE
        if slot.site != self.site.id:
            return "token-foreign", Kind.TROUBLE
        retired = slot.state == SlotState.RETIRED
        if token.meaning is Meaning.DURESS:
            # Also when retired: the site may not know yet, and somebody may be in need.
            locked = "duress-locked" if event is Event.ATTEMPT_LOCKED else "duress"
            return ("duress-retired" if retired else locked), Kind.DURESS
        if retired:
            return "token-retired", Kind.TROUBLE
        return ("", None) if token.meaning is Meaning.NORMAL else ("token-meaning", Kind.TROUBLE)

    def _found(
        self,
        kind: Kind,
        subjects: tuple[str, ...],
        entry: Entry,
        *,
        secret: bool = False,
        attention: bool = False,
    ) -> Finding:
        e = self.envelope
        named = _report_id(self.site, e, 0)
        # What it says joins the incident that tells of the doubt about it, and raises that.
        also = (f"envelope:{e.id}",) if self.doubted else ()
        signal = Signal(named, kind, subjects + also, secret=secret, attention=attention)
        return Finding(signal, entry)

    def _attempt_subjects(self, slot: SlotRow | None) -> tuple[str, ...]:
        who = () if slot is None else (f"person:{slot.person}",)
        return (*who, f"entry:{self.report.place}")

    def _subjects(self, event: Event | None) -> tuple[str, ...]:
        r = self.report
        match event:
            case Event.ATTEMPTS_NOT_EVALUATED:
                return (f"entry:{r.place}",)
            case Event.BUTTON:
                return (f"button:{r.place}",)
            case Event.TROUBLE | Event.TROUBLE_RESTORED:
                return (f"trouble:{r.place}:{r.detail}",)
            case None:
                return (f"event:{r.event}",)
            case _:
                return (f"area:{r.area}",)

    def _sort(self, event: Event | None) -> tuple[str, ...]:
        match event:
            case Event.ATTEMPTS_NOT_EVALUATED:
                return ("entry",)
            case Event.BUTTON:
                return ("button", "zone")
            case Event.ALARM_ABORTED:
                return ("area",)
            case _:
                return ("zone", "area")

    def _place(self, *sorts: str) -> str:
        for sort in sorts:
            number = self.report.area if sort == "area" else self.report.place
            name = queries.name_get(self.c, self.site.id, sort, number)
            if name is not None:
                return name
        number = self.report.area if sorts[0] == "area" else self.report.place
        return TEXTS[f"place.{sorts[0]}"].format(number=number)

    def _when(self) -> dict[str, int]:
        return {"said_ms": self.report.at_ms}
