"""The sites of a station and the people there: who may be invited, removed, and what is proven."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from watchword.core.errors import InputError, NotAllowedError, NotFoundError
from watchword.core.timing import Clock
from watchword.core.watched import INTERVAL_S, Proven
from watchword.station.enrol import Enrolments
from watchword.station.letters import Downlink, queue_letter
from watchword.station.views import SessionView
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import PersonRow, ProofRow, SiteRow
from watchword.wire.letter import LetterKind

REFERENCE_CHARS_MAX = 200
PROOF_INTERVAL_S = {proof.value: int(INTERVAL_S[proof]) for proof in Proven}


@dataclass(frozen=True, slots=True)
class Invitation:
    """The full link and the one-time code of an invited person."""

    link: str = field(repr=False)
    code: str = field(repr=False)


class People:
    """Invites, removes and proves; every act is journaled with who did it."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        enrolments: Enrolments,
        downlink: Downlink,
        base_url: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._enrolments = enrolments
        self._downlink = downlink
        self._base_url = base_url.rstrip("/")

    async def invite(self, site: str, session: SessionView, name: str) -> Invitation:
        """Let a person enrol.

        Raises:
            NotAllowedError: this session may not manage people.
        """
        _allowed(session, "people")
        return await self.invite_as(site, name, by=session.user)

    async def invite_as(self, site: str, name: str, *, by: str) -> Invitation:
        """Invite for a local command or a permitted session."""
        made = await self._enrolments.invite(site, name, by=by)
        shown = f"{made.code[:4]}-{made.code[4:]}"
        return Invitation(f"{self._base_url}/enrol/{made.link}", shown)

    async def remove(self, site: str, session: SessionView, person: str) -> None:
        """Take a person's codes away at once; `person` is the name as `SiteView.people` has it."""
        _allowed(session, "people")
        await self.remove_as(site, person, by=session.user)

    async def remove_as(self, site: str, name: str, *, by: str) -> None:
        """Remove for a local command or a permitted session; never delayed, never undone.

        Raises:
            NotFoundError: nobody of this name is at this site.
        """
        at_ms = int(self._clock.now() * 1000)

        def store(c: Connection) -> None:
            row = _site(c, site)
            person = _person(c, site, name)
            queries.person_remove(c, person.id, at_ms)
            queries.journal_append(c, at_ms, by, "person-removed", {"person": name}, site=site)
            if row.hpke_public is not None:
                queue_letter(c, row, LetterKind.REMOVE, bytes.fromhex(person.id), at_ms=at_ms)

        await self._store.write(store)
        self._downlink.wake(site)

    async def prove(self, site: str, session: SessionView, *, kind: str, reference: str) -> None:
        """Record that somebody answered a test; the newest proof of a kind counts."""
        _allowed(session, "prove")
        if kind not in PROOF_INTERVAL_S:
            raise InputError(f"There is no proof of this kind: {', '.join(PROOF_INTERVAL_S)}.")
        said = " ".join(reference.split())
        if not said or len(said) > REFERENCE_CHARS_MAX:
            raise InputError(
                "Say who answered and their reference, in 1 to 200 characters.",
                hint="A proof without a reference proves nothing.",
            )
        at_ms = int(self._clock.now() * 1000)

        def store(c: Connection) -> None:
            row = _site(c, site)
            proof = ProofRow(row.id, kind, at_ms, PROOF_INTERVAL_S[kind], session.user, said)
            queries.proof_add(c, proof)
            params = {"kind": kind, "reference": said}
            queries.journal_append(c, at_ms, session.user, "hand-off-proven", params, site=site)

        await self._store.write(store)

    async def find_site(self, name: str | None) -> SiteRow:
        """The site of this name, or the only one when none is named."""
        rows = await self._store.read(queries.sites)
        if name is None and len(rows) == 1:
            return rows[0]
        found = [r for r in rows if name is not None and name in {r.name, r.id}]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(r.id for r in found)
            raise InputError(f"Several sites are called {name!r}.", hint=f"Use an id: {ids}.")
        known = ", ".join(r.name for r in rows) or "none yet"
        if name is None:
            raise InputError("There are several sites.", hint=f"Use --site with one of: {known}.")
        raise NotFoundError(f"There is no site {name!r}.", hint=f"Sites: {known}.")


def _allowed(session: SessionView, what: str) -> None:
    if what not in session.may:
        raise NotAllowedError("You may not do this.", hint="Ask who manages this station.")


def _site(c: Connection, site: str) -> SiteRow:
    row = queries.site_get(c, site)
    if row is None:
        raise NotFoundError("There is no such site.")
    return row


def _person(c: Connection, site: str, name: str) -> PersonRow:
    for row in queries.people(c, site):
        if name in {row.name, row.id}:
            return row
    raise NotFoundError(f"Nobody called {name!r} holds codes there.", hint="See: person list")
