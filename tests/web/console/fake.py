"""An honest in-memory station for the console's tests: it keeps its promises, it is no mock.

It holds incidents as records, decides what each session may see, refuses what the rules
refuse, and wakes who waits for changes.
"""

import asyncio
import secrets
from dataclasses import dataclass, field, replace

from watchword.core.errors import (
    LocalFaultError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
)
from watchword.core.plan import CALL_PREMISES, CALL_PREMISES_WHY
from watchword.station.views import (
    HandoffView,
    IncidentView,
    QueueItem,
    ReleaseView,
    SessionView,
    SheetView,
    SiteView,
    StepView,
    TimelineItem,
)
from watchword.web.console.service import Invitation, May, Place

START_MS = 1_790_000_000_000
LABELS = {
    "duress": ("Duress", 10, True, True),
    "hold-up": ("Hold-up", 20, True, True),
    "intruder": ("Intruder", 30, True, False),
    "medical": ("Medical", 40, True, False),
    "assistance": ("Assistance", 50, True, False),
    "fire": ("Fire", 60, True, False),
    "burglary": ("Burglary", 70, False, False),
    "path-loss": ("Path lost", 80, False, False),
    "trouble": ("Trouble", 90, False, False),
}
USERS = {
    "ann": ("Ann Berg", "a long passphrase", frozenset(May)),
    "ben": ("Ben Okafor", "another passphrase", frozenset({May.WORK})),
    "eve": ("Eve Lind", "reading passphrase", frozenset()),
}
TRIES_MAX = 5
COVERT_APPROACH = (
    "Do not call the premises. Call us.",
    "Approach silently: no siren, no lights near the site.",
    "Accept no all-clear at the door.",
)


@dataclass
class Record:
    """One incident; everything but steps, which follow from the rest."""

    id: str
    kind: str
    site: str
    place: str
    person: str | None
    entry_point: str | None
    opened_ms: int
    claimed_by: str | None = None
    attention: bool = False
    handoffs: list[HandoffView] = field(default_factory=list)
    timeline: list[TimelineItem] = field(default_factory=list)
    release: ReleaseView | None = None
    closed_ms: int | None = None
    cause: str | None = None
    look: bool = False
    signals: int = 1

    @property
    def covert(self) -> bool:
        return LABELS[self.kind][3]

    @property
    def state(self) -> str:
        if self.closed_ms is not None:
            return "second-look" if self.look else "closed"
        if any(h.state == "accepted" for h in self.handoffs):
            return "accepted"
        if self.handoffs:
            return "dispatching"
        return "new" if self.claimed_by is None else "claimed"


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at_ms: int = START_MS

    def __call__(self) -> int:
        return self.at_ms


class FakeStation:
    """Sessions, desk and sites over one set of records."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.now_ms = clock or Clock()
        self.records: dict[str, Record] = {}
        self.site_views: dict[str, SiteView] = {}
        self.opened: dict[str, SessionView] = {}
        self.tries: dict[str, int] = {}
        self.failing = False
        self.version = 0
        self._moved = asyncio.Event()
        self._handoff = 100

    # sessions

    async def sign_in(self, user: str, password: str, address: str) -> str:
        if self.tries.get(address, 0) >= TRIES_MAX:
            raise RefusedError("Too many tries.", hint="Try again in 60 s.")
        name, right, may = USERS.get(user, ("", None, frozenset()))
        if password != right:
            self.tries[address] = self.tries.get(address, 0) + 1
            raise NotAllowedError("Wrong user or password.")
        return self.open(user, name, may, place=None)

    def open(self, user: str, name: str, may: frozenset[str], place: str | None) -> str:
        secret = secrets.token_hex(16)
        self.opened[secret] = SessionView(user, name, place, secrets.token_hex(8), may)
        return secret

    async def session(self, secret: str) -> SessionView | None:
        return self.opened.get(secret)

    async def sign_out(self, secret: str) -> None:
        self.opened.pop(secret, None)

    async def set_place(self, secret: str, place: str) -> None:
        self.opened[secret] = replace(self.opened[secret], place=str(place))
        self.touch()

    # desk

    async def queue(self, session: SessionView) -> tuple[QueueItem, ...]:
        self._working()
        shown = [
            QueueItem(
                id=r.id,
                kind=r.kind,
                kind_label=LABELS[r.kind][0],
                life=LABELS[r.kind][2],
                priority=35 if r.attention else LABELS[r.kind][1],
                state=r.state,
                site=self._site(r.site).name,
                place=r.place,
                opened_ms=r.opened_ms,
                claimed_by=r.claimed_by,
                attention=r.attention,
            )
            for r in self.records.values()
            if self._sees(session, r) and r.state != "closed"
        ]
        return tuple(sorted(shown, key=lambda i: (i.priority, i.opened_ms, i.id)))

    async def incident(self, incident: str, session: SessionView) -> IncidentView:
        self._working()
        return self._view(self._record(incident, session))

    async def colleagues(self, session: SessionView) -> tuple[str, ...]:
        return tuple(u for u, (_, _, may) in USERS.items() if May.WORK in may and u != session.user)

    async def claim(self, incident: str, session: SessionView) -> None:
        record = self._open(incident, session)
        if record.claimed_by not in {None, session.user}:
            raise RefusedError(
                f"{record.claimed_by} has this incident.", hint="Ask for it to be handed over."
            )
        record.claimed_by = session.user
        self._say(record, session.user, "Taken.")

    async def hand_over(self, incident: str, session: SessionView, to: str) -> None:
        record = self._open(incident, session)
        if record.claimed_by != session.user:
            raise RefusedError("Only the operator who has this incident can hand it over.")
        if to not in await self.colleagues(session):
            raise RefusedError("There is no such operator.")
        record.claimed_by = to
        self._say(record, session.user, f"Handed over to {to}")

    async def note(self, incident: str, session: SessionView, text: str) -> None:
        self._say(self._record(incident, session), session.user, text)

    async def dispatch(self, incident: str, session: SessionView) -> None:
        record = self._open(incident, session)
        for target in ("Police, by dispatch sheet", "Webhook: city police"):
            self._handoff += 1
            state = "queued" if target.startswith("Webhook") else "sent"
            record.handoffs.append(HandoffView(self._handoff, target, state, 1, self.now_ms()))
        self._say(record, session.user, "Dispatch started")

    async def accept(
        self, incident: str, session: SessionView, handoff: int, *, who: str, reference: str
    ) -> None:
        record = self._open(incident, session)
        self._move(record, handoff, state="accepted", accepted_by=who, reference=reference or None)
        self._say(record, session.user, f"{who} accepted")

    async def fail(self, incident: str, session: SessionView, handoff: int, *, reason: str) -> None:
        record = self._open(incident, session)
        self._move(record, handoff, state="failed", error=reason)
        self._say(record, session.user, f"A hand-off failed: {reason}")

    async def release(
        self, incident: str, session: SessionView, *, reason: str, reference: str, to_whom: str
    ) -> None:
        record = self._record(incident, session)
        if not record.covert:
            raise RefusedError("Only what the premises may not see is released.")
        if record.release is not None:
            raise RefusedError("This incident is released.")
        record.release = ReleaseView(self.now_ms(), session.user, reason, reference, to_whom)
        self._say(record, session.user, f"Released to {to_whom}")

    async def close(self, incident: str, session: SessionView, *, cause: str, note: str) -> None:
        record = self._open(incident, session)
        if LABELS[record.kind][2] and record.state != "accepted" and not note:
            raise RefusedError("Nobody has accepted this yet. Give a reason to close it.")
        record.closed_ms, record.cause = self.now_ms(), cause
        record.look = record.kind == "duress"
        self._say(record, session.user, f"Closed: {cause}. {note}".strip())

    async def second_look(self, incident: str, session: SessionView, *, agrees: bool) -> None:
        record = self._record(incident, session)
        if not record.look:
            raise RefusedError("No second look is due.")
        record.look = False
        if not agrees:
            record.closed_ms = record.cause = record.claimed_by = None
        self._say(record, session.user, "Looked again")

    async def sheet(self, incident: str, session: SessionView) -> SheetView:
        record = self._record(incident, session)
        site = self._site(record.site)
        return SheetView(
            incident=record.id,
            what="A person is under threat" if record.covert else LABELS[record.kind][0],
            where=f"{site.name}, {record.place}",
            address=site.address,
            who=record.person or "Not known",
            when_ms=record.opened_ms,
            approach=(*(COVERT_APPROACH if record.covert else ()), "Staff entrance in Kiln Lane."),
            call_back="+44 20 7946 0100",
            reference=f"WW-{record.id[:6].upper()}",
        )

    async def changes(self, after: int, timeout_s: float) -> int:
        moved = self._moved
        if self.version == after:
            try:
                async with asyncio.timeout(timeout_s):
                    await moved.wait()
            except TimeoutError:
                pass
        return self.version

    # sites

    async def sites(self, session: SessionView) -> tuple[SiteView, ...]:
        return tuple(self.site_views.values())

    async def invite(self, site: str, session: SessionView, name: str) -> Invitation:
        view = self._site(site)
        if name in view.people:
            raise RefusedError("There is a person of this name here.", hint="Add a second name.")
        self._put(replace(view, people=(*view.people, name)))
        return Invitation(f"/enrol/{secrets.token_urlsafe(16)}", "ABCD-2345")

    async def remove(self, site: str, session: SessionView, person: str) -> None:
        view = self._site(site)
        if person not in view.people:
            raise NotFoundError("There is no such person here.")
        self._put(replace(view, people=tuple(p for p in view.people if p != person)))

    async def prove(self, site: str, session: SessionView, *, kind: str, reference: str) -> None:
        self._put(replace(self._site(site), nobody_comes=""))

    # what tests do to it

    def add_site(self, site: str = "aurora", **more: object) -> SiteView:
        known = {
            "id": site,
            "number": len(self.site_views) + 1,
            "name": "Hotel Aurora",
            "address": "12 Harbour Street, Rivermouth, RM1 4AB",
            "watched": "staffed",
            "link": "up",
            "last_seen_ms": self.now_ms(),
            "live": True,
            "nobody_comes": "",
            "people": ("Maria Lopez", "Jonas Weber"),
        }
        self.site_views[site] = SiteView(**(known | more))  # type: ignore[arg-type]
        return self.site_views[site]

    def add(
        self, kind: str = "duress", site: str = "aurora", age_s: int = 7, **more: object
    ) -> str:
        if site not in self.site_views:
            self.add_site(site)
        known = {
            "id": secrets.token_hex(16),
            "kind": kind,
            "site": site,
            "place": "Lobby keypad",
            "person": "Maria Lopez",
            "entry_point": "Lobby keypad",
            "opened_ms": self.now_ms() - age_s * 1000,
        }
        record = Record(**(known | more))  # type: ignore[arg-type]
        record.timeline.append(
            TimelineItem(record.opened_ms, "system", f"{LABELS[kind][0]} received from the site")
        )
        self.records[record.id] = record
        self.touch()
        return record.id

    def touch(self) -> None:
        self.version += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    # rules

    def _working(self) -> None:
        if self.failing:
            raise LocalFaultError("The database cannot be read.")

    def _sees(self, session: SessionView, record: Record) -> bool:
        covert = record.covert and record.release is None
        return session.place == Place.OFF_SITE or not covert

    def _record(self, incident: str, session: SessionView) -> Record:
        record = self.records.get(incident)
        if record is None:
            raise NotFoundError("There is no such incident.")
        if not self._sees(session, record):
            raise NotFoundError("Not for this console.")  # a slip that a page must not repeat
        return record

    def _open(self, incident: str, session: SessionView) -> Record:
        record = self._record(incident, session)
        if record.closed_ms is not None:
            raise RefusedError("This incident is closed.")
        return record

    def _site(self, site: str) -> SiteView:
        if site not in self.site_views:
            raise NotFoundError("There is no such site.")
        return self.site_views[site]

    def _put(self, view: SiteView) -> None:
        self.site_views[view.id] = view
        self.touch()

    def _say(self, record: Record, who: str, text: str) -> None:
        record.timeline.append(TimelineItem(self.now_ms(), who, text))
        self.touch()

    def _move(self, record: Record, handoff: int, **changes: object) -> None:
        for at, view in enumerate(record.handoffs):
            if view.id == handoff:
                moved = {"updated_ms": self.now_ms()} | changes
                record.handoffs[at] = replace(view, **moved)  # type: ignore[arg-type]
                return
        raise NotFoundError("There is no such hand-off.")

    def _view(self, r: Record) -> IncidentView:
        label, priority, life, covert = LABELS[r.kind]
        site = self._site(r.site)
        return IncidentView(
            id=r.id,
            kind=r.kind,
            kind_label=label,
            life=life,
            covert=covert,
            priority=priority,
            state=r.state,
            site_id=r.site,
            site=site.name,
            address=site.address,
            approach="Staff entrance in Kiln Lane.\nThe lobby is seen from the street.",
            site_notes="Night porter next door holds a key.\nDog in the yard until 06:00.",
            area=r.place,
            person=r.person,
            entry_point=r.entry_point,
            opened_ms=r.opened_ms,
            claimed_by=r.claimed_by,
            plan=f"{label} v4",
            steps=_steps(r),
            handoffs=tuple(r.handoffs),
            timeline=tuple(r.timeline),
            signals=r.signals,
            release=r.release,
            closed_ms=r.closed_ms,
            cause=r.cause,
        )


def _steps(r: Record) -> tuple[StepView, ...]:
    queued = not r.handoffs or {h.state for h in r.handoffs} == {"queued"}
    if r.state == "accepted":
        first = StepView(1, "Dispatch police", "", "done", None)
    elif queued:
        first = StepView(1, "Dispatch police", "", "now", "dispatch")
    else:
        first = StepView(1, "Dispatch police", "", "running", "accept")
    by_hand = "now" if r.state == "accepted" else "later"
    return (
        first,
        StepView(2, "Tell the key-holder off the site", "Petra Olsen", by_hand, None),
        StepView(3, CALL_PREMISES, "", "unavailable", None, reason=CALL_PREMISES_WHY),
    )
