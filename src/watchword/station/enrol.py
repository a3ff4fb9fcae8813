"""Enrolment at the station: it hands on what it cannot open, and keeps whose slots are whose.

This file owns four rules (decision record 1): a one-time link needs its one-time code, with
bounded tries; slots wait as pending until the site says which pair it took; the same batch
twice changes nothing; nothing here holds a code or a meaning.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from sqlalchemy import Connection

from watchword.core.codes import Policy, max_people
from watchword.core.errors import InputError, NotFoundError, RefusedError
from watchword.core.timing import Clock
from watchword.station.enrol_views import (
    PAIRS,
    LinkUnusableError,
    Offer,
    Outcome,
    Refused,
    Taken,
    Waiting,
)
from watchword.station.letters import Downlink, queue_letter
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import (
    EnrolmentRow,
    EnrolmentState,
    PersonRow,
    SiteRow,
    SlotRow,
    SlotState,
)
from watchword.wire.batch import BATCH_BYTES
from watchword.wire.letter import REF_BYTES, Enrol, LetterKind, pack_enrol

LINK_LIFE_S = 24 * 3600.0  # long enough to hand over link and code by two ways
TRIES_MAX = 5  # wrong one-time codes; 40 bits against five guesses
CODE_CHARS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, no 1/I: it is read aloud
CODE_LENGTH = 8
NAME_CHARS_MAX = 80
USUAL_CHECK_S = 4.0  # 300 derivations of about 10 ms; only a scale for the progress bar

REFUSAL = "The site could not take these codes. Ask for a new link and try again."


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invited person needs; shown once. The code travels another way than the link."""

    link: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StationKey:
    """The public half that tokens are sealed to, and its id."""

    public: bytes
    key_id: bytes


class Enrolments:
    """The enrolments that are under way."""

    def __init__(self, *, store: Store, clock: Clock, key: StationKey, downlink: Downlink) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._downlink = downlink
        self._sent_at: dict[str, float] = {}

    async def invite(self, site: str, name: str, *, by: str) -> Invited:
        """Let a person enrol: a one-time link part and its one-time code.

        Raises:
            NotFoundError: there is no such site.
            RefusedError: the site has no room for one more person.
            InputError: the name is empty or too long.
        """
        invited = Invited(secrets.token_urlsafe(24), _one_time_code())
        await self._store.write(
            lambda c: self._begin(c, site, name, EnrolmentState.INVITED, by=by, invited=invited)
        )
        return invited

    async def begin(self, site: str, name: str, *, by: str) -> Offer:
        """Start an enrolment for a local command, which draws the codes itself."""
        invited = Invited(secrets.token_urlsafe(24), _one_time_code())

        def store(c: Connection) -> Offer:
            row = self._begin(c, site, name, EnrolmentState.OPEN, by=by, invited=invited)
            return self._offer(c, row)

        return await self._store.write(store)

    async def open(self, link: str, code: str) -> Offer:
        """Exchange a link and its one-time code for an offer, once."""

        def store(c: Connection) -> Offer | None:
            row = queries.enrolment_by_link(c, _hashed(link))
            good = hmac.compare_digest(
                row.code_hash if row else bytes(32), _code_hash(link, _as_drawn(code))
            )
            if row is None or row.attempts >= TRIES_MAX or row.expires_ms <= self._now_ms():
                return None
            if not good:
                queries.enrolment_attempt(c, row.id)
                return None
            if not queries.enrolment_move(
                c, row.id, to=EnrolmentState.OPEN, expected=(EnrolmentState.INVITED,)
            ):
                return None
            return self._offer(c, row)

        offer = await self._store.write(store)
        if offer is None:
            raise LinkUnusableError
        return offer

    async def submit(
        self,
        link: str,
        enrolment: bytes,
        sealed: bytes,
        slots: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        """Register the slots of a browser's batch and pass it to the site."""
        await self._of_link(link, enrolment)
        await self.send(enrolment, sealed, slots)

    async def send(
        self, enrolment: bytes, sealed: bytes, slots: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        """Register slots as pending and queue the sealed batch, in one transaction.

        Raises:
            InputError: the batch or the slots have the wrong form.
            RefusedError: this enrolment already sent another batch, or is over.
        """
        _check_batch(sealed, slots)
        id_ = enrolment.hex()

        def store(c: Connection) -> str:
            row = queries.enrolment_get(c, id_)
            if row is None:
                raise NotFoundError("There is no such enrolment.")
            if not queries.enrolment_move(
                c, id_, to=EnrolmentState.SENT, expected=(EnrolmentState.OPEN,)
            ):
                return self._again(c, row, slots)
            queries.slots_add(c, _pending(row, slots, self._key.key_id))
            site, person = _site(c, row.site), _person(c, row.person)
            body = pack_enrol(Enrol(enrolment, bytes.fromhex(person.id), person.name, sealed))
            queue_letter(c, site, LetterKind.ENROL, body, at_ms=self._now_ms())
            return site.id

        site = await self._store.write(store)
        self._sent_at.setdefault(id_, self._clock.monotonic())
        self._downlink.wake(site)

    async def result(self, link: str, enrolment: bytes) -> Outcome:
        """How far it is; may be asked again and again until it is settled."""
        await self._of_link(link, enrolment)
        return await self.outcome(enrolment)

    async def outcome(self, enrolment: bytes) -> Outcome:
        """How far an enrolment is."""
        row = await self._store.read(lambda c: queries.enrolment_get(c, enrolment.hex()))
        if row is None:
            raise NotFoundError("There is no such enrolment.")
        if row.state == EnrolmentState.TAKEN and row.pair is not None:
            self._sent_at.pop(row.id, None)
            return Taken(row.pair)
        if row.state in {EnrolmentState.REFUSED, EnrolmentState.EXPIRED}:
            self._sent_at.pop(row.id, None)
            return Refused(REFUSAL)
        waited = self._clock.monotonic() - self._sent_at.get(row.id, self._clock.monotonic())
        return Waiting(waited / (waited + USUAL_CHECK_S))

    async def _of_link(self, link: str, enrolment: bytes) -> EnrolmentRow:
        row = await self._store.read(lambda c: queries.enrolment_by_link(c, _hashed(link)))
        open_states = {EnrolmentState.INVITED, EnrolmentState.EXPIRED}
        if row is None or row.id != enrolment.hex() or row.state in open_states:
            raise LinkUnusableError
        return row

    def _begin(
        self,
        c: Connection,
        site: str,
        name: str,
        state: EnrolmentState,
        *,
        by: str,
        invited: Invited,
    ) -> EnrolmentRow:
        plain = _checked_name(name)
        row = _site(c, site)
        known = {p.name: p for p in queries.people(c, site)}
        if plain not in known and len(known) >= max_people(row.digits):
            raise RefusedError(
                f"{row.name} already has as many people as its codes allow.",
                hint="Remove somebody, or use longer codes: more would be easy to guess.",
            )
        person = known.get(plain) or PersonRow(secrets.token_hex(16), site, plain)
        queries.person_add(c, person)
        enrolment = EnrolmentRow(
            id=secrets.token_hex(16),
            site=site,
            person=person.id,
            link_hash=_hashed(invited.link),
            code_hash=_code_hash(invited.link, invited.code),
            attempts=0,
            state=state,
            expires_ms=self._now_ms() + int(LINK_LIFE_S * 1000),
        )
        queries.enrolment_add(c, enrolment)
        said = {"person": plain}
        queries.journal_append(c, self._now_ms(), by, "person-invited", said, site=site)
        return enrolment

    def _offer(self, c: Connection, row: EnrolmentRow) -> Offer:
        site, person = _site(c, row.site), _person(c, row.person)
        if site.hpke_public is None:
            raise RefusedError(f"{site.name} was never paired.", hint="Pair it first.")
        return Offer(
            enrolment=bytes.fromhex(row.id),
            name=person.name,
            site=site.name,
            digits=site.digits,
            policy=Policy(site.policy),
            station_key=self._key.public,
            station_key_id=self._key.key_id,
            site_key=site.hpke_public,
        )

    def _again(
        self, c: Connection, row: EnrolmentRow, slots: tuple[tuple[bytes, bytes], ...]
    ) -> str:
        known = {s.ref for s in queries.slots_of_enrolment(c, row.id)}
        if known != {ref.hex() for pair in slots for ref in pair}:
            raise RefusedError(
                "This enrolment already sent other codes.", hint="Ask for a new link."
            )
        return row.site

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def settle_taken(c: Connection, site: str, enrolment: str, pair: int) -> bool:
    """The site took this pair: put it into use and retire the rest; False when not ours."""
    row = queries.enrolment_get(c, enrolment)
    if row is None or row.site != site or not 0 <= pair < PAIRS:
        return False
    moved = queries.enrolment_move(
        c, enrolment, to=EnrolmentState.TAKEN, expected=(EnrolmentState.SENT,), pair=pair
    )
    if moved:
        queries.slots_activate(c, enrolment, pair)
    return moved


def settle_refused(c: Connection, site: str, enrolment: str) -> bool:
    """The site took none of the pairs: retire them; False when the enrolment is not ours."""
    row = queries.enrolment_get(c, enrolment)
    if row is None or row.site != site:
        return False
    moved = queries.enrolment_move(
        c, enrolment, to=EnrolmentState.REFUSED, expected=(EnrolmentState.SENT,)
    )
    if moved:
        queries.slots_retire(c, enrolment=enrolment)
    return moved


def _pending(
    row: EnrolmentRow, slots: tuple[tuple[bytes, bytes], ...], key_id: bytes
) -> list[SlotRow]:
    return [
        SlotRow(ref.hex(), row.site, row.person, row.id, SlotState.PENDING, index, key_id)
        for index, pair in enumerate(slots)
        for ref in pair
    ]


def _check_batch(sealed: bytes, slots: tuple[tuple[bytes, bytes], ...]) -> None:
    refs = [ref for pair in slots for ref in pair]
    shaped = len(slots) == PAIRS and all(len(ref) == REF_BYTES for ref in refs)
    if len(sealed) != BATCH_BYTES or not shaped or len(set(refs)) != 2 * PAIRS:
        raise InputError("The batch has the wrong form.", hint="Reload the page and try again.")


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > NAME_CHARS_MAX or not plain.isprintable():
        raise InputError(
            f"A name has 1 to {NAME_CHARS_MAX} printable characters.", hint="Give a shorter name."
        )
    return plain


def _site(c: Connection, site: str) -> SiteRow:
    row = queries.site_get(c, site)
    if row is None:
        raise NotFoundError("There is no such site.")
    return row


def _person(c: Connection, person: str) -> PersonRow:
    row = queries.person_get(c, person)
    if row is None:
        raise NotFoundError("There is no such person.")
    return row


def _one_time_code() -> str:
    return "".join(secrets.choice(CODE_CHARS) for _ in range(CODE_LENGTH))


def _as_drawn(code: str) -> str:
    return "".join(ch for ch in code.upper() if ch.isalnum())


def _hashed(link: str) -> bytes:
    return hashlib.sha256(b"watchword/link/1|" + link.encode()).digest()


def _code_hash(link: str, code: str) -> bytes:
    """Keyed by the link (192 random bits), so that a stolen table has no 40-bit search."""
    return hmac.digest(link.encode(), code.encode(), "sha256")
