"""The panel: what happens when a code is entered, a zone opens, or time passes.

This file owns order and sameness (decision record 1). An attempt is paced, derived,
looked up, decided on, sealed, committed and answered on a tick; every attempt takes all of
these steps, valid or not, locked or not, and none of them depends on what a code meant,
because nothing here could say it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from watchword.core import arming, lockout
from watchword.core.area import (
    AreaState,
    CodeAccepted,
    Effect,
    Fact,
    Started,
    Ticked,
    ZoneClosed,
    ZoneOpened,
    from_plain,
    to_plain,
)
from watchword.core.codes import check_code
from watchword.core.errors import NotFoundError
from watchword.core.timing import Clock, SiteTime
from watchword.core.words import Action
from watchword.core.zones import AreaConfig
from watchword.site import strings as texts
from watchword.site.config import SiteSettings
from watchword.site.grid import AnswerGrid, Sleep
from watchword.site.ledger import Change, Ledger, Outbox
from watchword.site.pairing import Pairing, ensure
from watchword.site.reports import Reports
from watchword.site.shown import answer_text, keypad_state
from watchword.site.slots import Slots
from watchword.site.views import Answer, EntryPoint, KeypadState
from watchword.site.voice import TROUBLES, Outcome, Said, Voice, outcome_of
from watchword.storage.shared.faults import StorageFaultError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries

COMMAND_LINE = "Command line"  # the entry point of local commands, one in each area
DERIVATIONS_MAX = 2  # at once: each takes up to 64 MB, and an idle site has 120 MB in all
NOTE_S = 60.0  # how often the time is written down, so that a clock set back is noticed
OWED_S = 5.0  # how often a disk that took nothing is tried again
BUSY_S = 60.0  # how often the station is told that too many attempts come at once

log = structlog.get_logger("panel")


@dataclass(slots=True)
class _Now:
    """The states as they are in memory; what is stored follows them."""

    areas: dict[str, AreaState] = field(default_factory=dict)
    locks: lockout.Lockout = field(default_factory=lockout.Lockout)
    names: dict[str, str] = field(default_factory=dict)
    trouble: set[str] = field(default_factory=set)
    paces: dict[int, lockout.Pace] = field(default_factory=dict)
    busy_at: dict[int, float] = field(default_factory=dict)


class Panel:
    """One site's panel; call `start` once, then keep `run` running beside the pages.

    Args:
        settings: the site's settings.
        store: the site's database, started.
        slots: the table that codes are found in, loaded.
        reports: seals what is said to the station.
        outbox: where sealed reports go when they are durable.
        clock: the machine's clocks.
        sleep: waits; a test's waits move its clock instead.
    """

    def __init__(
        self,
        *,
        settings: SiteSettings,
        store: Store,
        slots: Slots,
        reports: Reports,
        outbox: Outbox,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._store = store
        self._slots = slots
        self._reports = reports
        self._clock = clock
        self._sleep = sleep
        self._strings = texts.load(settings.locale)
        self._configs = {area.name: area for area in settings.areas}
        self._now = _Now()
        self._voice = Voice(settings, reports, self._now.names)
        self._commands: dict[str, EntryPoint] = {}
        self._changed = {name: asyncio.Event() for name in self._configs}
        self._poked = asyncio.Event()
        self._deriving = asyncio.Semaphore(DERIVATIONS_MAX)
        self._grid = AnswerGrid(clock, tick_s=settings.answer_tick_ms / 1000, sleep=sleep)
        self._ledger = Ledger(store, outbox, self._current)
        self._pairing = Pairing(store, clock, sleep=sleep)
        self._time = SiteTime(clock.now(), clock.monotonic())
        self._noted_s = self._time.utc_s

    # Life

    async def start(self) -> None:
        """Take up the stored states where they were left, and say that the panel is up.

        Raises:
            LocalFaultError: what is stored cannot be read.
        """
        areas = await self._store.read(queries.areas_load)
        locked = await self._store.read(lambda c: queries.value_get(c, "lockout"))
        seen_s = await self._store.read(lambda c: queries.value_get(c, "seen_s"))
        self._time = SiteTime.at_boot(
            utc_s=self._clock.now(), monotonic_s=self._clock.monotonic(), last_seen_s=seen_s
        )
        if locked is not None:
            self._now.locks = lockout.from_plain(locked)
        for name in self._configs:
            self._now.areas[name] = from_plain(areas[name]) if name in areas else AreaState()
        await self._read_names()
        points = await self._entry_points()
        self._commands = {p.area: p for p in points if p.name == COMMAND_LINE}
        at = self.now()
        said = self._decide(dict.fromkeys(self._configs, Started()), at)
        await self._commit(at, said + self._voice.started(points, at), self._configs)

    async def run(self) -> None:
        """Let deadlines fall due, for ever; each state holds its own, this only looks in time."""
        while True:
            self._poked.clear()
            try:
                async with asyncio.timeout(max(0.0, self._next() - self.now())):
                    await self._poked.wait()
            except TimeoutError:
                await self.tick()

    async def close(self) -> None:
        """Return when everything that was decided is written or given up."""
        await self._ledger.close()

    def now(self) -> float:
        """The site's effective UTC in seconds: a wall clock that jumps does not move it."""
        return self._time.at(self._clock.monotonic())

    def heard_station(self, utc_s: float) -> None:
        """Follow the station's time as `SiteTime` bounds it: back only between deadlines."""
        self._time = self._time.corrected(
            station_utc_s=utc_s,
            monotonic_s=self._clock.monotonic(),
            running=bool(self._deadlines()),
        )
        now = self.now()
        if now < self._noted_s:
            self._noted_s = now  # what is kept as the last moment seen goes back as well
            self._now.busy_at.clear()
        self._poked.set()

    # Keypads

    async def pair(self, code: str) -> str:
        """Exchange a one-time code for a device secret; InputError when it is not good."""
        secret, entry = await self._pairing.pair(code)
        at = self.now()
        await self._commit(at, self._voice.entry_point(entry, at))
        return secret

    async def offer(self, name: str, area: str | None = None) -> str:
        """A one-time code that makes a browser the keypad of this name; lasts 15 minutes."""
        return await self._pairing.offer(name, self._config(area).name)

    async def device(self, secret: str) -> EntryPoint | None:
        """The entry point that this secret belongs to, or None."""
        entry = await self._pairing.device(secret)
        return entry if entry is not None and entry.area in self._configs else None

    def command_line(self, area: str | None = None) -> EntryPoint:
        """The entry point of local commands in this area, or in the first one."""
        return self._commands[self._config(area).name]

    def state(self, entry: EntryPoint) -> KeypadState:
        """What this keypad shows now."""
        config, at = self._config(entry.area), self.now()
        return keypad_state(
            self._strings,
            arming.view(config, self._now.areas[config.name], at),
            area=config.name,
            at=at,
            digits=self._settings.digits,
            locked_s=lockout.look(self._now.locks, str(entry.number), at).locked_s,
            trouble=self._now.trouble,
        )

    async def changed(self, entry: EntryPoint, *, within_s: float) -> None:
        """Return when this area changed, or after `within_s` at the latest."""
        event = self._changed[self._config(entry.area).name]
        try:
            async with asyncio.timeout(within_s):
                await event.wait()
        except TimeoutError:
            return

    async def attempt(
        self, entry: EntryPoint, code: str, action: Action, *, bypass: tuple[str, ...] = ()
    ) -> Answer:
        """Evaluate one attempt and answer on a tick.

        Raises:
            InputError: the code has not this site's number of digits.
            NotFoundError: the entry point's area is no longer there.
        """
        digits = check_code(code, self._settings.digits)
        self._config(entry.area)
        if not await self._turn(entry):
            arrived = self._clock.monotonic()
            await self._busy(entry)
            answer = Answer(False, self._strings("answer.busy"), self.state(entry))
        else:
            arrived = self._clock.monotonic()
            outcome = await self._evaluate(entry, digits, action, bypass)
            message = answer_text(self._strings, outcome.verdict, outcome.locked_s)
            done = outcome.verdict is not None and outcome.verdict.done
            answer = Answer(done, message, self.state(entry))
        await self._grid.release(arrived)
        self._tell(self._configs)
        return answer

    async def _turn(self, entry: EntryPoint) -> bool:
        """Wait until this entry point may try again; False when too many wait already."""
        now = self._clock.monotonic()
        pace = self._now.paces.get(entry.number, lockout.Pace())
        after, start = lockout.pace(pace, now, self._settings.attempt_interval_s)
        self._now.paces[entry.number] = after
        if start is not None and start > now:
            await self._sleep(start - now)
        return start is not None

    async def _busy(self, entry: EntryPoint) -> None:
        at = self.now()
        if at - self._now.busy_at.get(entry.number, 0.0) >= BUSY_S:
            self._now.busy_at[entry.number] = at
            await self._commit(at, self._voice.not_evaluated(entry, at, key="too-many"))

    async def _evaluate(
        self, entry: EntryPoint, code: str, action: Action, bypass: tuple[str, ...]
    ) -> Outcome:
        """The same work for every code: derive, scan, open, seal a dummy, seal, commit."""
        async with self._deriving:
            derived = await asyncio.to_thread(self._slots.derive, code)
        await self._read_names()
        found = self._slots.find(derived)
        nothing = self._reports.nothing_to_say()
        # From here to the commit nothing is awaited: two attempts never interleave.
        at, name = self.now(), str(entry.number)
        look = lockout.look(self._now.locks, name, at)
        typed = lockout.AttemptRefused if found.person is None else lockout.AttemptAccepted
        self._now.locks, locks = lockout.step(self._now.locks, typed(name), at)
        heeded = found.person is not None and look.locked_s is None
        person = (found.person or b"").hex()
        fact = CodeAccepted(person, action, bypass) if heeded else Ticked()
        effects = self._step(entry.area, fact, at)
        outcome = outcome_of(look, effects)
        token = found.token if look.evaluate and found.token is not None else nothing
        said = self._voice.attempt(outcome, entry, action, at, token=token)
        said += self._voice.area(entry.area, effects) + self._voice.lockout(entry, locks, at)
        await self._commit(at, said, (entry.area,), show=False)
        return outcome

    # Zones, time, trouble

    async def zone(self, name: str, is_open: bool) -> KeypadState:  # noqa: FBT001 - open or closed
        """Take what a sensor says, and return what the keypads of its area show then.

        Raises:
            NotFoundError: there is no zone of this name.
        """
        area = next((c for c in self._settings.areas if c.has(name)), None)
        if area is None:
            raise NotFoundError(
                f'There is no zone "{name}".', hint="Zones are named in the site's settings file."
            )
        fact = ZoneOpened(name) if is_open else ZoneClosed(name)
        await self._happen({area.name: fact})
        return self.state(self._commands[area.name])

    async def tick(self) -> None:
        """Let everything that is due happen."""
        self._now.locks, ended = lockout.step(self._now.locks, lockout.Ticked(), self.now())
        await self._happen(dict.fromkeys(self._configs, Ticked()))
        if ended:
            self._tell(self._configs)

    async def trouble(self, key: str, *, on: bool) -> None:
        """A trouble begins or ends: keypads show it, the journal and the station are told.

        KeyError when `key` is not one of `TROUBLES`.
        """
        if TROUBLES[key] and on == (key in self._now.trouble):
            return
        log.warning("panel.trouble", trouble=key, on=on)
        (self._now.trouble.add if on else self._now.trouble.discard)(key)
        at = self.now()
        await self._commit(at, self._voice.trouble(key, at, on=on), self._configs)

    async def _happen(self, facts: Mapping[str, Fact]) -> None:
        at, before = self.now(), dict(self._now.areas)
        said = self._decide(facts, at)
        moved = [name for name in facts if self._now.areas[name] != before[name]]
        noted = at - self._noted_s >= NOTE_S
        if moved or said != Said() or noted or self._ledger.owes:
            await self._commit(at, said, moved)

    def _decide(self, facts: Mapping[str, Fact], at: float) -> Said:
        said = Said()
        for name, fact in facts.items():
            said += self._voice.area(name, self._step(name, fact, at))
        return said

    def _step(self, area: str, fact: Fact, at: float) -> tuple[Effect, ...]:
        state, effects = arming.step(self._configs[area], self._now.areas[area], fact, at)
        self._now.areas[area] = state
        return effects

    def _next(self) -> float:
        """When to look again, UTC seconds."""
        moments = [*self._deadlines(), self._noted_s + NOTE_S]
        if self._ledger.owes:
            moments.append(self.now() + OWED_S)
        return min(moments)

    def _deadlines(self) -> list[float]:
        """Every stored moment that something waits for, UTC seconds."""
        moments = [arming.next_deadline(state) for state in self._now.areas.values()]
        moments.append(lockout.deadline(self._now.locks))
        return [moment for moment in moments if moment is not None]

    # Keeping and telling

    async def _commit(
        self, at: float, said: Said, areas: Iterable[str] = (), *, show: bool = True
    ) -> None:
        """One transaction with the states as they are now; keypads are told after it."""
        self._noted_s = at
        now, named = self._current(), tuple(areas)
        change = Change({n: now.areas[n] for n in named}, now.values, said.entries, said.cells)
        self._poked.set()
        await self._ledger.commit(change)
        if show:
            self._tell(named)
        await self.trouble("storage", on=self._ledger.owes)

    def _current(self) -> Change:
        values = {"lockout": lockout.to_plain(self._now.locks), "seen_s": self._noted_s}
        return Change({name: to_plain(state) for name, state in self._now.areas.items()}, values)

    def _tell(self, areas: Iterable[str]) -> None:
        """Wake whoever waits for these areas."""
        for name in areas:
            self._changed[name].set()
            self._changed[name] = asyncio.Event()

    def _config(self, area: str | None) -> AreaConfig:
        if area is None:
            return self._settings.areas[0]
        if area not in self._configs:
            known = ", ".join(self._configs)
            raise NotFoundError(f'There is no area "{area}".', hint=f"Areas: {known}.")
        return self._configs[area]

    async def _read_names(self) -> None:
        """Read people's names; what was read last serves when the disk does not answer."""
        try:
            people = await self._store.read(queries.people)
        except StorageFaultError:
            return
        self._now.names.clear()
        self._now.names.update((person.id, person.name) for person in people)

    async def _entry_points(self) -> tuple[EntryPoint, ...]:
        """Every entry point, those of the settings added; a full disk only stops additions."""
        wanted = [(COMMAND_LINE, area) for area in self._configs]
        wanted += [(point.name, point.area) for point in self._settings.entry_points]

        def add(c: Connection) -> None:
            for name, area in wanted:
                ensure(c, name, area)

        rows = await self._store.read(queries.entry_points)
        if not {(row.name, row.area) for row in rows}.issuperset(wanted):
            try:
                await self._store.write(add)
            except StorageFaultError as error:
                log.error("panel.entry-points", error=type(error).__name__)
            rows = await self._store.read(queries.entry_points)
        return tuple(EntryPoint(row.number, row.name, row.area) for row in rows)
