"""Passing an incident on: what is sent, how it is signed, how often, and what counts as accepted.

This file owns three rules. A machine's answer is at most *delivered*: only a human accepts.
Attempts are at-least-once under one idempotency key, bounded in wait, and without end where a
life is at stake. And every message says how to come: silently, and without calling the premises.
"""

import asyncio
import hashlib
import hmac
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from watchword.core.errors import LocalFaultError, WatchwordError
from watchword.core.escalation import ATTEMPT_S_MAX, retry_wait_s
from watchword.core.incident import HandoffState, Kind
from watchword.core.timing import Clock
from watchword.station import steps
from watchword.station.changes import Changes
from watchword.station.config import WebhookSettings
from watchword.station.details import Details, details
from watchword.station.record import UNREADABLE, Entry, Record, Rules, ms
from watchword.station.texts import TEXTS
from watchword.storage.shared.sql import canonical
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import HandoffRow

TICK_S = 1.0
ERROR_CHARS_MAX = 200
CLAIM_MAX = 32
# What a crashed attempt waits before it is made again: longer than any attempt lasts.
CLAIMED_S = ATTEMPT_S_MAX + 5.0
CATEGORY: Final = {  # reference: NIEM's event categories, as ASAP-to-PSAP uses them
    Kind.DURESS: "Holdup",
    Kind.HOLD_UP: "Holdup",
    Kind.INTRUDER: "BURG",
    Kind.MEDICAL: "Medical",
    Kind.FIRE: "FIRE",
    Kind.BURGLARY: "BURG",
}
COVERT_APPROACH: Final = (
    "approach.no-call",
    "approach.silent",
    "approach.no-all-clear",
    "approach.not-told",
)
_log = logging.getLogger("watchword.station")


class Sender(Protocol):
    """Makes one attempt, bounded in time and in what it reads."""

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post the body and return the status.

        Raises:
            WatchwordError: no answer, or none that can be read; the message says why.
        """
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hand-off that was claimed for one attempt, and what to send."""

    row: HandoffRow
    hook: WebhookSettings
    body: bytes


class Handoffs:
    """Works the outbox of machine hand-offs."""

    def __init__(
        self, *, store: Store, clock: Clock, rules: Rules, changes: Changes, sender: Sender
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._changes = changes
        self._sender = sender
        self._hooks = {hook.name: hook for hook in rules.webhooks}

    async def run(self) -> None:
        """Work until cancelled: at each change that an incident makes, and each second."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = self._changes.version
                # Not awaited: a receiver that does not answer keeps no other incident waiting.
                tasks.create_task(self._look(), name="handoffs-look")
                with suppress(TimeoutError):
                    await self._changes.wait(seen, TICK_S)

    async def _look(self) -> None:
        try:
            await self.process()
        except LocalFaultError as error:
            _log.error("hand-offs cannot work: %s", error.message)

    async def process(self) -> int:
        """Make every attempt that is due, side by side; returns how many."""
        claimed = await self._store.write(self._claim)
        if claimed:
            self._changes.bump()
            await asyncio.gather(*(self._attempt(one) for one in claimed))
            self._changes.bump()
        return len(claimed)

    def _claim(self, c: Connection) -> list[Attempt]:
        """Mark as sent before it is: what is cut off is made again under the same key."""
        record = Record(c, self._rules, self._clock.now())
        claimed = []
        for row in queries.handoffs_due(c, record.at_ms, limit=CLAIM_MAX):
            after = replace(
                row,
                state=HandoffState.SENT.value,
                attempts=row.attempts + 1,
                next_ms=ms(record.at + CLAIMED_S),
                updated_ms=record.at_ms,
            )
            try:
                with c.begin_nested():
                    attempt = self._claim_one(record, row, after)
            except UNREADABLE as error:
                # Tried again later: one bad incident must not hold up those of all others.
                name = type(error).__name__
                _log.critical("incident %s cannot be handed off: %s", row.incident, name)
                queries.handoff_save(c, after)
                continue
            if attempt is not None:
                claimed.append(attempt)
        return claimed

    def _claim_one(self, record: Record, row: HandoffRow, after: HandoffRow) -> Attempt | None:
        hook = self._hooks.get(row.target)
        if hook is None:
            _failed(record, after, "no receiver of this name is set up", life=False)
            return None
        queries.handoff_save(record.c, after)
        state = steps.follow(record, row.incident)
        if row.attempts == 0:
            record.note(state, Entry("handoff-sent", {"target": row.target}))
        found = details(record.c, row.incident)
        return Attempt(after, hook, message(found, after, self._rules.call_back))

    async def _attempt(self, one: Attempt) -> None:
        stamp = str(int(self._clock.now()))
        headers = signed(one.hook.key, stamp, one.body)
        headers["Idempotency-Key"] = one.row.idempotency_key
        reason = ""
        try:
            async with asyncio.timeout(ATTEMPT_S_MAX):
                status = await self._sender.send(one.hook.url, one.body, headers)
        except TimeoutError:
            reason = f"no answer within {ATTEMPT_S_MAX:.0f} s"
        except WatchwordError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001 - one receiver's oddity must not end the others
            _log.error("hand-off to %s failed: %s", one.row.target, type(error).__name__)
            reason = f"the attempt failed ({type(error).__name__})"
        else:
            if not 200 <= status < 300:  # noqa: PLR2004
                reason = f"the receiver answered {status}"
        await self._store.write(lambda c: self._ended(c, one.row, reason))

    def _ended(self, c: Connection, claimed: HandoffRow, reason: str) -> None:
        record = Record(c, self._rules, self._clock.now())
        row = queries.handoff_get(c, claimed.id)
        if row is None or row.state != HandoffState.SENT or row.attempts != claimed.attempts:
            return  # a human was faster
        if reason:
            incident = queries.incident_get(c, row.incident)
            _failed(record, row, reason, life=incident is not None and incident.life)
            return
        after = replace(
            row,
            state=HandoffState.DELIVERED.value,
            next_ms=None,
            updated_ms=record.at_ms,
            error=None,
        )
        queries.handoff_save(c, after)
        state = steps.follow(record, row.incident)
        record.note(state, Entry("handoff-delivered", {"target": row.target}))


def _failed(record: Record, row: HandoffRow, reason: str, *, life: bool) -> None:
    """Queue the next attempt, or give up where no life is at stake; the first failure is told."""
    wait_s = retry_wait_s(row.attempts, life=life)
    after = replace(
        row,
        state=(HandoffState.QUEUED if wait_s is not None else HandoffState.FAILED).value,
        next_ms=None if wait_s is None else ms(record.at + wait_s),
        updated_ms=record.at_ms,
        error=reason[:ERROR_CHARS_MAX],
    )
    queries.handoff_save(record.c, after)
    state = steps.follow(record, row.incident)
    if row.error is None or wait_s is None:
        params = {"target": row.target, "reason": reason[:ERROR_CHARS_MAX]}
        record.note(state, Entry("handoff-failed", params))


def signed(key: bytes, stamp: str, body: bytes) -> dict[str, str]:
    """The headers that prove who sent a body and when.

    `Watchword-Signature` is HMAC-SHA256, in hex, over the time stamp (UTC seconds), a full
    stop and the body. A receiver refuses stamps that are more than five minutes off.
    """
    proof = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "Watchword-Timestamp": stamp,
        "Watchword-Signature": f"hmac-sha256={proof}",
    }


def message(found: Details, row: HandoffRow, call_back: str) -> bytes:
    """The JSON that a machine receives; the same for every attempt of one hand-off."""
    state = found.state
    plain: dict[str, Any] = {
        "format": "watchword/incident/1",
        "incident": state.id,
        "step": row.step,
        "idempotency_key": row.idempotency_key,
        "status": "exercise" if row.exercise else "actual",
        "kind": state.kind.value,
        "category": CATEGORY.get(state.kind, "Other"),
        "silent": state.covert,
        "opened_at": iso(found.when_ms),
        "site": {
            "id": found.site.id,
            "name": found.site.name,
            "address": found.site.address,
            "approach": found.site.approach,
        },
        "place": found.place,
        "people": list(found.people),
        "instructions": [TEXTS[key] for key in approach(covert=state.covert)],
        "call_back": call_back,
    }
    return canonical(plain).encode("ascii")


def approach(*, covert: bool) -> tuple[str, ...]:
    """How to come, as keys of the catalogue; the premises are never to be called."""
    return COVERT_APPROACH if covert else COVERT_APPROACH[:1]


def iso(at_ms: int) -> str:
    """UTC milliseconds as ISO 8601."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
