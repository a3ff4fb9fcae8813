"""The sites at a glance, and what `doctor` finds: would anybody hear, and would anybody come?

This file owns what the checks of `core.plan` are asked at run time: the configuration as it
really is now, not as it was when it was saved.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.core.plan import (
    SHEET,
    Configuration,
    Place,
    Problem,
    Shift,
    Target,
    check,
)
from watchword.core.timing import Clock
from watchword.core.watched import Proof, Proven, Watched, nobody_comes
from watchword.station.record import Rules
from watchword.station.views import SessionView, SiteView
from watchword.station.watch import Watch
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import SiteRow

NOT_YET_LIVE = "Not yet live."


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the station found; all empty is good."""

    problems: tuple[Problem, ...]
    nobody_comes: dict[str, str]
    unopened: int


class Overview:
    """Answers about the station as a whole."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, watch: Watch | None) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._watch = watch

    async def sites(self, session: SessionView) -> tuple[SiteView, ...]:  # noqa: ARG002
        """Every site, with how it is watched and whether anybody would come."""

        def look(c: Connection) -> tuple[SiteView, ...]:
            return tuple(self._site(c, site) for site in queries.sites(c))

        return await self._store.read(look)

    async def examine(self) -> Found:
        """Everything that could leave a forced person without help, as it is now."""

        def look(c: Connection) -> Found:
            configuration = self._configuration(c)
            why = {site.name: self._nobody(c, site) for site in queries.sites(c)}
            return Found(
                problems=check(self._rules.plans.values(), configuration),
                nobody_comes={name: reason for name, reason in why.items() if reason},
                unopened=queries.envelopes_count(c).get("failed", 0),
            )

        return await self._store.read(look)

    def _configuration(self, c: Connection) -> Configuration:
        workers = [o for o in queries.operators(c) if "work" in o.may]
        # A console's place is its session's; who may work can sign in off the site.
        shifts = tuple(Shift(o.name, Place.OFF_SITE, enabled=not o.disabled) for o in workers)
        hooks = tuple(Target(hook.name) for hook in self._rules.webhooks)
        return Configuration(shifts=shifts, targets=(Target(SHEET), *hooks))

    def _site(self, c: Connection, site: SiteRow) -> SiteView:
        heard = self._watch is not None and self._watch.live(site)
        silent = "never" if site.last_seen_ms is None else "down"
        return SiteView(
            id=site.id,
            number=site.number,
            name=site.name,
            address=site.address,
            watched=site.watched,
            link="up" if heard else silent,
            last_seen_ms=site.last_seen_ms,
            live=site.live_ms is not None,
            nobody_comes=self._nobody(c, site),
            people=tuple(person.name for person in queries.people(c, site.id)),
        )

    def _nobody(self, c: Connection, site: SiteRow) -> str:
        proofs = [
            Proof(Proven(row.kind), row.proven_ms / 1000, float(row.interval_s))
            for row in queries.proofs(c, site.id).values()
            if row.kind in set(Proven)
        ]
        known = site.watched in set(Watched)
        # What is not declared is the hardest case: nobody of ours answers.
        watched = Watched(site.watched) if known else Watched.UNSTAFFED
        return nobody_comes(watched, proofs, self._clock.now())
