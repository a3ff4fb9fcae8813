"""What a site does with a letter from its station: take codes, or take them away.

This file owns three rules (decision record 10): the first acceptable pair of a batch is
taken; every row of the table is written anew at each change; the same letter twice gives
the same answer. The site learns two codes of a person and nothing that sets them apart.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from sqlalchemy import Connection

from watchword.core.codes import Policy, Refusal, check_pair, max_people
from watchword.core.errors import RemoteFaultError
from watchword.core.timing import Clock
from watchword.core.words import Event, ReportClass
from watchword.site.reports import Fact, Reports
from watchword.site.slots import OWNER_BYTES, Slots, make_row, padded
from watchword.storage.shared.faults import StorageFaultError
from watchword.storage.shared.store import Store
from watchword.storage.site import queries
from watchword.storage.site.queries import OutboxCell, PersonRow, SlotRow
from watchword.wire.batch import Batch, Pair
from watchword.wire.letter import Enrol, Letter, LetterKind, open_batch, open_letter, unpack_enrol
from watchword.wire.report import Reference, pack_reference
from watchword.wire.seal import letter_info

log = structlog.get_logger("enrol")

REFUSED_FULL = 1
REFUSED_ALL = 2
REFUSED_UNREADABLE = 3


class Outbox(Protocol):
    """Where a committed report is handed on to the uplink."""

    def send(self, cell: OutboxCell) -> None:
        """Queue it for the next ticks."""
        ...


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens letters: the site's own HPKE secret and its number."""

    secret: bytes = field(repr=False)
    number: int


class Enrolments:
    """Takes letters one after the other; derivations run in a thread, one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        slots: Slots,
        reports: Reports,
        outbox: Outbox,
        clock: Clock,
        keys: Keys,
        policy: Policy,
        digits: int,
    ) -> None:
        self._store = store
        self._slots = slots
        self._reports = reports
        self._outbox = outbox
        self._clock = clock
        self._keys = keys
        self._policy = policy
        self._digits = digits
        self._one = asyncio.Lock()

    async def take(self, sealed: bytes) -> None:
        """Act on one sealed letter; returns when what it changed is durable.

        A letter that cannot be used is answered with a refusal where it can be, and
        dropped with a log line where it cannot: the station's own timer tells of it.
        """
        async with self._one:
            try:
                letter = open_letter(self._keys.secret, letter_info(self._keys.number), sealed)
                await self._act(letter)
            except RemoteFaultError as e:
                log.warning("letter.unusable", error=type(e).__name__)

    async def _act(self, letter: Letter) -> None:
        match letter.known_kind:
            case LetterKind.ENROL:
                await self._enrol(unpack_enrol(letter.body))
            case LetterKind.REMOVE:
                await self._remove(letter.body[:16])
            case _:
                log.warning("letter.unknown", kind=letter.kind)

    async def _enrol(self, enrol: Enrol) -> None:
        known = await self._store.read(lambda c: queries.enrolment_answer(c, enrol.enrolment.hex()))
        if known is not None:
            await self._send(self._answer(enrol.enrolment, known))
            return
        try:
            batch = open_batch(self._keys.secret, enrol.sealed_batch)
        except RemoteFaultError:
            await self._refuse(enrol, REFUSED_UNREADABLE)
            return
        people = await self._store.read(queries.people)
        others = [p for p in people if p.id != enrol.person.hex()]
        if batch.enrolment != enrol.enrolment or batch.digits != self._digits:
            await self._refuse(enrol, REFUSED_UNREADABLE)
        elif len(others) >= max_people(self._digits):
            await self._refuse(enrol, REFUSED_FULL)
        else:
            await self._choose(enrol, batch)

    async def _choose(self, enrol: Enrol, batch: Batch) -> None:
        chosen = await asyncio.to_thread(self._first_acceptable, batch)
        if chosen is None:
            await self._refuse(enrol, REFUSED_ALL)
            return
        rows = await asyncio.to_thread(self._rows_of, enrol.person, batch.pairs[chosen])
        person = PersonRow(id=enrol.person.hex(), name=enrol.name, owner=rows[0].owner)
        answer = {"event": int(Event.ENROLLED), "number": chosen}
        cell = self._answer(enrol.enrolment, answer)

        def store(c: Connection) -> list[SlotRow]:
            kept = _rows_without(c, person.id)
            table = padded([*kept, *rows])
            queries.rows_replace(c, table)
            queries.person_add(c, person)
            queries.enrolment_record(c, enrol.enrolment.hex(), answer, cell.created_ms)
            said = {"person": person.name}
            queries.journal_append(c, cell.created_ms, "", "codes-issued", said)
            queries.outbox_add(c, cell)
            return table

        self._slots.load(await self._store.write(store))
        self._outbox.send(cell)
        await self._let_go()

    def _first_acceptable(self, batch: Batch) -> int | None:
        """The index of the first pair that is not weak and not a slip away from anyone's code."""
        for index, pair in enumerate(batch.pairs):
            codes = (pair[0].code, pair[1].code)
            refusal: Refusal | None = check_pair(self._policy, codes, self._taken)
            if refusal is None:
                return index
        return None

    def _taken(self, code: str) -> bool:
        return self._slots.has(self._slots.derive(code).tag)

    def _rows_of(self, person: bytes, pair: Pair) -> list[SlotRow]:
        owner = secrets.token_bytes(OWNER_BYTES)
        return [
            make_row(owner=owner, derived=self._slots.derive(r.code), person=person, token=r.token)
            for r in pair
        ]

    async def _remove(self, person: bytes) -> None:
        cell = self._answer(person, {"event": int(Event.REMOVED), "number": 0})

        def store(c: Connection) -> list[SlotRow]:
            table = padded(_rows_without(c, person.hex()))
            found = queries.person_get(c, person.hex())
            if found is not None:
                queries.person_remove(c, person.hex())
                said = {"person": found.name}
                queries.journal_append(c, cell.created_ms, "", "codes-withdrawn", said)
            queries.rows_replace(c, table)
            queries.outbox_add(c, cell)
            return table

        self._slots.load(await self._store.write(store))
        self._outbox.send(cell)
        await self._let_go()

    async def _let_go(self) -> None:
        """Empty the write-ahead log: the rows that were there before are gone with it."""
        with suppress(StorageFaultError):  # the change stands, and the next fold takes them
            await self._store.fold()

    async def _refuse(self, enrol: Enrol, reason: int) -> None:
        answer = {"event": int(Event.REFUSED), "number": reason}
        cell = self._answer(enrol.enrolment, answer)

        def store(c: Connection) -> None:
            queries.enrolment_record(c, enrol.enrolment.hex(), answer, cell.created_ms)

        await self._store.write(store)
        await self._send(cell)

    async def _send(self, cell: OutboxCell) -> None:
        await self._store.write(lambda c: queries.outbox_add(c, cell))
        self._outbox.send(cell)

    def _answer(self, ref: bytes, answer: dict[str, int]) -> OutboxCell:
        fact = Fact(Event(answer["event"]), ReportClass.SERVICE, detail=answer["number"])
        payload = pack_reference(Reference(ref, number=answer["number"]))
        return self._reports.make(fact, payload=payload, at_ms=self._now_ms())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def _rows_without(c: Connection, person: str) -> list[SlotRow]:
    """The real rows of everybody else; decoys are drawn anew with every table."""
    owners = {p.owner for p in queries.people(c) if p.id != person}
    return [row for row in queries.rows_load(c) if row.owner in owners]
