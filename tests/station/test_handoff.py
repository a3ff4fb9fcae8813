"""Hand-offs: at least once, signed, bounded, never accepted by a machine, never given up."""

import asyncio
import hashlib
import hmac
import json

import pytest

from monitored import OFF_SITE, Station
from watchword.core.errors import RemoteFaultError
from watchword.core.escalation import ATTEMPTS_MAX
from watchword.core.words import Event, ReportClass
from watchword.station import handoff
from watchword.station.config import WebhookSettings
from watchword.station.handoff import CLAIMED_S, signed
from watchword.station.record import Rules
from watchword.storage.station import queries
from watchword.storage.station.queries import HandoffRow


async def duress(station: Station) -> str:
    station.with_webhook()
    await station.hear(station.site.attempt(station.duress_token()))
    return station.only().id


def machine(station: Station, incident: str) -> HandoffRow:
    rows = station.store.read_now(lambda c: queries.handoffs(c, incident))
    return next(row for row in rows if row.target_kind == "webhook")


async def test_delivered_is_not_accepted(station: Station) -> None:
    incident = await duress(station)
    assert await station.handoffs.process() == 1
    row = machine(station, incident)
    assert (row.state, row.attempts, row.next_ms) == ("delivered", 1, None)
    assert station.only().state == "dispatching"
    assert station.only().plain["accepted_by"] is None
    assert await station.handoffs.process() == 0
    await station.desk.accept(incident, OFF_SITE, row.id, who="Sgt Lee", reference="CAD 9")
    assert station.only().state == "accepted"


async def test_what_is_sent(station: Station) -> None:
    incident = await duress(station)
    await station.handoffs.process()
    ((url, body, headers),) = station.sender.got
    assert url == "https://police.example/in"
    stamp = headers["Watchword-Timestamp"]
    proof = hmac.new(b"k" * 32, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Watchword-Signature"] == f"hmac-sha256={proof}"
    plain = json.loads(body)
    assert headers["Idempotency-Key"] == plain["idempotency_key"]
    assert plain["idempotency_key"].startswith(f"{incident}-1-")
    assert (plain["kind"], plain["category"], plain["status"]) == ("duress", "Holdup", "actual")
    assert (plain["people"], plain["place"]) == (["Maria Lopez"], "Lobby keypad")
    said = " ".join(plain["instructions"])
    assert "Do not call the premises. Call us." in said
    assert "silently" in said
    assert "no all-clear at the door" in said
    assert plain["call_back"] == "+1 555 0100"


async def test_failures_are_tried_again_under_the_same_key(station: Station) -> None:
    incident = await duress(station)
    station.sender.answers = [500, 302, RemoteFaultError("No route."), 204]
    keys = set()
    for wait_s in (1, 2, 4):
        assert await station.handoffs.process() == 1
        row = machine(station, incident)
        assert (row.state, row.next_ms) == ("queued", int((station.clock.now() + wait_s) * 1000))
        assert await station.handoffs.process() == 0
        keys.add(row.idempotency_key)
        station.clock.forward(wait_s)
    await station.handoffs.process()
    assert machine(station, incident).state == "delivered"
    assert len(keys) == 1
    assert len({body for _, body, _ in station.sender.got}) == 1
    assert station.causes(incident).count("handoff-failed") == 1


async def test_a_life_is_never_given_up(station: Station) -> None:
    incident = await duress(station)
    station.sender.answers = [RemoteFaultError("No route.")] * (ATTEMPTS_MAX + 5)
    for _ in range(ATTEMPTS_MAX + 5):
        assert await station.handoffs.process() == 1
        station.clock.forward(30)
    assert machine(station, incident).state == "queued"


async def test_killed_while_sending_is_sent_again(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await duress(station)

    async def cut(*_: object) -> int:
        raise asyncio.CancelledError

    monkeypatch.setattr(station.sender, "send", cut)
    with pytest.raises(asyncio.CancelledError):
        await station.handoffs.process()
    assert machine(station, incident).state == "sent"
    monkeypatch.undo()
    station.restart()
    assert await station.handoffs.process() == 0
    station.clock.forward(CLAIMED_S)
    assert await station.handoffs.process() == 1
    assert machine(station, incident).state == "delivered"


async def test_an_answer_that_never_ends(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await duress(station)

    async def hang(*_: object) -> int:
        await asyncio.Event().wait()
        return 200

    monkeypatch.setattr(handoff, "ATTEMPT_S_MAX", 0.01)
    monkeypatch.setattr(station.sender, "send", hang)
    await station.handoffs.process()
    assert "no answer" in (machine(station, incident).error or "")


async def test_a_human_was_faster_than_the_machine(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await duress(station)

    async def accepted_meanwhile(*_: object) -> int:
        row = machine(station, incident)
        await station.desk.accept(incident, OFF_SITE, row.id, who="Lee", reference="")
        return 200

    monkeypatch.setattr(station.sender, "send", accepted_meanwhile)
    await station.handoffs.process()
    assert machine(station, incident).state == "accepted"


async def test_a_closed_incident_sends_nothing(station: Station) -> None:
    incident = await duress(station)
    station.sender.answers = [500]
    await station.handoffs.process()
    await station.desk.close(incident, OFF_SITE, cause="mistake", note="In person")
    station.clock.forward(3600)
    assert await station.handoffs.process() == 0


async def test_a_receiver_that_was_removed_is_told(station: Station) -> None:
    incident = await duress(station)
    station.rules = Rules()
    station.wire()
    assert await station.handoffs.process() == 0
    row = machine(station, incident)
    assert "no receiver" in (row.error or "")
    assert "handoff-failed" in station.causes(incident)


async def test_receivers_of_other_sites_get_nothing(station: Station) -> None:
    hooks = (
        WebhookSettings("mine", "https://a.example", b"k", ("Hotel 1",)),
        WebhookSettings("other", "https://b.example", b"k", ("Hotel 2",)),
    )
    station.rules = Rules(webhooks=hooks)
    station.wire()
    await station.hear(station.site.attempt(station.duress_token()))
    await station.handoffs.process()
    assert [url for url, _, _ in station.sender.got] == ["https://a.example"]


async def test_no_life_at_stake_is_given_up_in_the_end(station: Station) -> None:
    station.with_webhook()
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    station.clock.forward(31)
    await station.escalations.process()
    incident = station.only().id
    await station.desk.note(incident, OFF_SITE, "Key-holder told")
    await station.desk.dispatch(incident, OFF_SITE)
    station.sender.answers = [500] * (ATTEMPTS_MAX + 1)
    for _ in range(ATTEMPTS_MAX):
        assert await station.handoffs.process() == 1
        station.clock.forward(300)
    assert await station.handoffs.process() == 0
    assert machine(station, incident).state == "failed"


def test_the_signature_covers_time_and_body() -> None:
    one = signed(b"k", "100", b"{}")["Watchword-Signature"]
    assert one != signed(b"k", "101", b"{}")["Watchword-Signature"]
    assert one != signed(b"k", "100", b"{ }")["Watchword-Signature"]
    assert one != signed(b"l", "100", b"{}")["Watchword-Signature"]
