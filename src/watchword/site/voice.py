"""How the panel's decisions are put: as lines of the journal and as sealed reports.

This file owns two rules: which class a public fact goes by, and that every attempt makes
one line and one report, in the same form for every code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from watchword.core import lockout
from watchword.core.area import Effect, Journal, Report, Verdict, attempt_detail
from watchword.core.words import Action, Event, ReportClass
from watchword.core.zones import AreaConfig, ZoneType
from watchword.site.config import SiteSettings
from watchword.site.ledger import Entry
from watchword.site.reports import Fact, Reports
from watchword.site.views import EntryPoint
from watchword.storage.site.queries import OutboxCell
from watchword.wire.report import PAYLOAD_BYTES, DirectoryEntry, pack_directory

DIRECTORY_AREA, DIRECTORY_ENTRY, DIRECTORY_ZONE, DIRECTORY_BUTTON = 1, 2, 3, 4
TROUBLES: Mapping[str, int] = {
    "storage": 1,
    "uplink": 2,
    "clock": 3,
    "certificate": 4,
    "unanswered": 5,
}
"""Troubles by their key in the catalogue; the number is the detail of the report."""

_CLASSES = {
    Event.BUTTON: ReportClass.BUTTON,
    Event.ALARM: ReportClass.ALARM,
    Event.ALARM_ABORTED: ReportClass.ALARM,
    Event.ALARM_RESTORED: ReportClass.ALARM,
    Event.EXIT_ERROR: ReportClass.ALARM,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is public about one attempt; `locked_s` is set when the keypad is locked."""

    event: Event
    cls: ReportClass
    locked_s: int | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Said:
    """Journal entries and sealed reports that are committed together."""

    entries: tuple[Entry, ...] = ()
    cells: tuple[OutboxCell, ...] = field(default=(), repr=False)

    def __add__(self, other: "Said") -> "Said":
        return Said(self.entries + other.entries, self.cells + other.cells)


def outcome_of(look: lockout.Look, effects: tuple[Effect, ...]) -> Outcome:
    """What is public about an attempt. While locked it is the same for every code.

    The attempts of a lock-out that are evaluated go by the class that is never shed,
    whatever was typed: the class of a cell can be seen from outside.
    """
    if look.locked_s is not None:
        cls = ReportClass.VALID if look.evaluate else ReportClass.INVALID
        return Outcome(Event.ATTEMPT_LOCKED, cls, look.locked_s, None)
    verdict = next((effect for effect in effects if isinstance(effect, Verdict)), None)
    if verdict is None:
        return Outcome(Event.ATTEMPT_REFUSED, ReportClass.INVALID, None, None)
    return Outcome(Event.ATTEMPT_ACCEPTED, ReportClass.VALID, None, verdict)


class Voice:
    """Puts what happened at one site; `names` are people's names by id, kept by the panel."""

    def __init__(self, settings: SiteSettings, reports: Reports, names: Mapping[str, str]) -> None:
        self._settings = settings
        self._configs = {area.name: area for area in settings.areas}
        self._reports = reports
        self._names = names

    def attempt(
        self, outcome: Outcome, entry: EntryPoint, action: Action, at: float, *, token: bytes
    ) -> Said:
        """The report of an attempt, and its line when arming was not asked and wrote none."""
        fact = Fact(
            outcome.event,
            outcome.cls,
            detail=attempt_detail(action, done=outcome.verdict is None or outcome.verdict.done),
            area=self._configs[entry.area].number,
            place=entry.number,
        )
        cell = self._cell(fact, at, payload=token)
        if outcome.verdict is not None:
            return Said((), (cell,))
        key = "attempt-refused" if outcome.locked_s is None else "attempt-locked"
        return Said((_at_entry(key, entry, at),), (cell,))

    def not_evaluated(self, entry: EntryPoint, at: float, *, key: str) -> Said:
        """Attempts here are not looked at for now; told alike whatever is typed."""
        fact = Fact(
            Event.ATTEMPTS_NOT_EVALUATED,
            ReportClass.INVALID,
            area=self._configs[entry.area].number,
            place=entry.number,
        )
        cell = self._cell(fact, at, payload=self._reports.nothing_to_say())
        return Said((_at_entry(key, entry, at),), (cell,))

    def area(self, name: str, effects: tuple[Effect, ...]) -> Said:
        """What arming asks to be written and told."""
        config = self._configs[name]
        return Said(
            tuple(self._entry(name, e) for e in effects if isinstance(e, Journal)),
            tuple(self._area_cell(config, e) for e in effects if isinstance(e, Report)),
        )

    def lockout(self, entry: EntryPoint, effects: lockout.Effects, at: float) -> Said:
        """What a lock that begins asks to be written and told; one that ends is only shown."""
        said = Said()
        for effect in effects:
            match effect:
                case lockout.Locked(entry_point=None):
                    said += Said((Entry(_ms(at), "", "locked-site", {}),))
                case lockout.Locked():
                    said += Said((_at_entry("locked", entry, at),))
                case lockout.NotEvaluated():
                    said += self.not_evaluated(entry, at, key="not-evaluated")
                case lockout.Unlocked():
                    continue
                case _:
                    assert_never(effect)
        return said

    def trouble(self, key: str, at: float, *, on: bool) -> Said:
        """A trouble begins or ends."""
        event = Event.TROUBLE if on else Event.TROUBLE_RESTORED
        entry = Entry(_ms(at), "", "trouble" if on else "trouble-over", {"trouble": key})
        cell = self._cell(Fact(event, ReportClass.TROUBLE, detail=TROUBLES[key]), at)
        return Said((entry,), (cell,))

    def started(self, points: tuple[EntryPoint, ...], at: float) -> Said:
        """The panel is up, and this is how the site names its numbers."""
        cell = self._cell(Fact(Event.STARTED, ReportClass.SERVICE), at)
        return sum((self._named(each, at) for each in self._directory(points)), Said((), (cell,)))

    def entry_point(self, entry: EntryPoint, at: float) -> Said:
        """How the site names this entry point."""
        return self._named(DirectoryEntry(DIRECTORY_ENTRY, entry.number, entry.name), at)

    def _entry(self, area: str, effect: Journal) -> Entry:
        params: dict[str, Any] = {}
        if effect.person is not None:
            params["person"] = self._names.get(effect.person, "")
        if effect.zones:
            params["zones"] = list(effect.zones)
        return Entry(_ms(effect.at), area, effect.key, params)

    def _area_cell(self, config: AreaConfig, effect: Report) -> OutboxCell:
        zone = effect.zone
        place = config.zone(zone).number if zone is not None and config.has(zone) else 0
        cls = _CLASSES[effect.event]
        fact = Fact(effect.event, cls, detail=effect.detail, area=config.number, place=place)
        return self._cell(fact, effect.at)

    def _named(self, named: DirectoryEntry, at: float) -> Said:
        fact = Fact(Event.DIRECTORY, ReportClass.SERVICE, place=named.number)
        return Said((), (self._cell(fact, at, payload=pack_directory(named)),))

    def _directory(self, points: tuple[EntryPoint, ...]) -> list[DirectoryEntry]:
        named = [DirectoryEntry(DIRECTORY_ENTRY, p.number, p.name) for p in points]
        for area in self._settings.areas:
            named.append(DirectoryEntry(DIRECTORY_AREA, area.number, area.name))
            for zone in area.zones:
                button = zone.type is ZoneType.BUTTON
                kind = DIRECTORY_BUTTON if button else DIRECTORY_ZONE
                named.append(DirectoryEntry(kind, zone.number, zone.name))
        return named

    def _cell(self, fact: Fact, at: float, *, payload: bytes = bytes(PAYLOAD_BYTES)) -> OutboxCell:
        return self._reports.make(fact, payload=payload, at_ms=_ms(at))


def _at_entry(key: str, entry: EntryPoint, at: float) -> Entry:
    return Entry(_ms(at), entry.area, key, {"entry": entry.name})


def _ms(at: float) -> int:
    return int(at * 1000)
