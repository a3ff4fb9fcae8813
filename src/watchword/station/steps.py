"""A response plan at work: which step begins, which waits, and the hand-offs that come of it.

This file owns the order: what starts by itself starts in the transaction of its cause, and a
kind that was raised begins its own plan behind what was done for the lesser one.
"""

import hashlib
from dataclasses import replace
from typing import Any

from watchword.core.incident import (
    Accepted,
    DispatchStarted,
    Fact,
    HandoffChanged,
    HandoffState,
    Incident,
    step,
)
from watchword.core.plan import Act, OnFailure, Plan, Step
from watchword.station.record import SYSTEM, Entry, Record, ms
from watchword.storage.station import queries
from watchword.storage.station.queries import HandoffRow, SiteRow, StepRow

SHEET = "sheet"
WEBHOOK = "webhook"
WAITING, RUNNING, DONE, PASSED = "waiting", "running", "done", "passed"
_RANK = [HandoffState.FAILED, HandoffState.QUEUED, HandoffState.SENT, HandoffState.DELIVERED]


def begin(record: Record, site: SiteRow, state: Incident, plan: Plan) -> None:
    """Write a plan's steps behind those that are there, and start what starts by itself."""
    before = queries.steps(record.c, state.id)
    for old in before:
        if old.state in {WAITING, RUNNING}:
            _set(record, old, PASSED)
    for place, one in enumerate(plan.steps):
        row = StepRow(
            incident=state.id,
            number=len(before) + place + 1,
            action=one.act.value,
            state=WAITING,
            due_ms=None,
            updated_ms=record.at_ms,
            params=_params(one, plan, first=place == 0),
        )
        queries.step_save(record.c, row)
    advance(record, site, state.id)


def advance(record: Record, site: SiteRow, incident: str) -> None:
    """Go on to the first step that waits for somebody or for something."""
    _, state = record.load(incident)
    if state.closure is not None:
        return
    for row in queries.steps(record.c, incident):
        hands_off = row.action == Act.HAND_OFF
        if row.state in {DONE, PASSED} or (row.state == RUNNING and hands_off):
            continue
        if row.state == RUNNING:
            if not _settled(record, state, row):
                return
        elif not row.params["auto"]:
            return
        elif hands_off:
            start(record, site, incident, row)
        else:
            due = ms(record.at + row.params["deadline_s"])
            _set(record, row, RUNNING, due_ms=due)
            return


def start(record: Record, site: SiteRow, incident: str, row: StepRow) -> None:
    """Queue a step's hand-offs: the sheet, and every machine that this site is passed on to."""
    _set(record, row, RUNNING)
    held, state = record.load(incident)
    add(record, state, row.number, SHEET, SHEET)
    for hook in record.rules.of_site(site):
        add(record, state, row.number, WEBHOOK, hook.name)
    state, _ = step(state, DispatchStarted(SYSTEM), record.at)
    state, _ = step(state, HandoffChanged(HandoffState.QUEUED), record.at)
    record.save(held, state)
    record.note(state, Entry("dispatch-started"))


def add(
    record: Record, state: Incident, number: int, target_kind: str, target: str, *, again: int = 0
) -> int:
    """Queue one hand-off and return its id; the same incident, step and target give the same.

    What a machine receives is due at once; the sheet waits for whoever reads it aloud.
    """
    named = hashlib.sha256(f"{target_kind}|{target}|{again}".encode()).hexdigest()[:12]
    handoff = HandoffRow(
        incident=state.id,
        step=number,
        target_kind=target_kind,
        target=target,
        idempotency_key=f"{state.id}-{number}-{named}",
        exercise=False,
        state=HandoffState.QUEUED.value,
        attempts=0,
        next_ms=record.at_ms if target_kind == WEBHOOK else None,
        created_ms=record.at_ms,
        updated_ms=record.at_ms,
    )
    return queries.handoff_add(record.c, handoff)


def present(record: Record, incident: str) -> tuple[HandoffRow, ...]:
    """The hand-offs of the plan that counts now: a kind that was raised started anew."""
    start_at = first_number(record, incident)
    return tuple(h for h in queries.handoffs(record.c, incident) if h.step >= start_at)


def first_number(record: Record, incident: str) -> int:
    """The number of the first step of the plan that counts now."""
    firsts = [s.number for s in queries.steps(record.c, incident) if s.params.get("first")]
    return max(firsts, default=0)


def follow(record: Record, incident: str) -> Incident:
    """Let an incident follow its hand-offs: an acceptance, or the one that has come furthest."""
    held, state = record.load(incident)
    if state.closure is not None:
        return state
    rows = present(record, incident)
    accepted = next((h for h in rows if h.state == HandoffState.ACCEPTED), None)
    if accepted is None:
        reached = [HandoffState(h.state) for h in rows]
        furthest = max(reached, key=_RANK.index, default=HandoffState.QUEUED)
        fact: Fact = HandoffChanged(furthest)
    else:
        who = accepted.accepted_by or accepted.target
        fact = Accepted(SYSTEM, who, accepted.reference or "")
        for row in queries.steps(record.c, incident):
            if row.number == accepted.step and row.state != DONE:
                _set(record, row, DONE)
    state, _ = step(state, fact, record.at)
    record.save(held, state)
    return state


def _settled(record: Record, state: Incident, row: StepRow) -> bool:
    """Whether a step that waits for something has got it, or has waited long enough."""
    got = row.action == Act.SECOND_SIGNAL and state.signals > 1
    back = row.updated_ms > record.at_ms + queries.CLOCK_BACK_MS  # the clock was set back
    late = row.due_ms is not None and (back or record.at_ms >= row.due_ms)
    if not got and late and row.params["on_failure"] != OnFailure.NEXT:
        _set(record, row, RUNNING)  # said once; from here on the incident's own clock escalates
        record.note(state, Entry("step-late", {"label": row.params["label"]}))
        return False
    if not got and not late:
        return False
    ended = DONE if got else PASSED
    _set(record, row, ended)
    record.note(state, Entry(f"step-{ended}", {"label": row.params["label"]}))
    return True


def _set(record: Record, row: StepRow, state: str, *, due_ms: int | None = None) -> None:
    changed = replace(row, state=state, due_ms=due_ms, updated_ms=record.at_ms)
    queries.step_save(record.c, changed)


def _params(one: Step, plan: Plan, *, first: bool) -> dict[str, Any]:
    return {
        "label": one.label,
        "target": one.target,
        "auto": one.auto,
        "deadline_s": one.deadline_s,
        "on_failure": one.on_failure.value,
        "audience": one.audience.value,
        "plan": f"{plan.name} v{plan.version}",
        "first": first,
    }
