"""What operators do, what each session may see, and that nobody at the site can do either."""

import secrets
from dataclasses import replace

import pytest

from monitored import AT_SITE, NOWHERE, OFF_SITE, READER, SECOND, Station
from watchword.core.errors import InputError, NotAllowedError, NotFoundError, RefusedError
from watchword.core.words import Event, ReportClass
from watchword.station.views import SessionView
from watchword.storage.station import queries
from watchword.storage.station.queries import OperatorRow


async def duress(station: Station) -> str:
    await station.hear(station.site.attempt(station.duress_token()))
    return next(r.id for r in station.incidents() if r.kind == "duress")


async def alarm(station: Station) -> str:
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    return next(r.id for r in station.incidents() if r.kind == "burglary")


async def test_the_queue_is_by_priority_then_age(station: Station) -> None:
    await alarm(station)
    station.clock.forward(5)
    await duress(station)
    items = await station.desk.queue(OFF_SITE)
    assert [(i.kind, i.kind_label, i.site, i.place) for i in items] == [
        ("duress", "Duress", "Hotel 1", "Lobby keypad"),
        ("burglary", "Burglary", "Hotel 1", "Lobby"),
    ]


@pytest.mark.parametrize("session", [AT_SITE, NOWHERE])
async def test_a_covert_incident_does_not_exist_on_the_premises(
    station: Station, session: SessionView
) -> None:
    hidden = await duress(station)
    await station.hear(station.site.attempt(secrets.token_bytes(80), place=9))
    shown = await alarm(station)
    assert [i.id for i in await station.desk.queue(session)] == [shown]
    desk = station.desk
    for asked in (
        lambda i: desk.incident(i, session),
        lambda i: desk.sheet(i, session),
        lambda i: desk.claim(i, session),
        lambda i: desk.note(i, session, "x"),
        lambda i: desk.dispatch(i, session),
        lambda i: desk.close(i, session, cause="mistake", note="x"),
    ):
        with pytest.raises(NotFoundError) as covert:
            await asked(hidden)
        with pytest.raises(NotFoundError) as nothing:
            await asked("0" * 32)
        assert str(covert.value) == str(nothing.value)
    assert [r.claimed_by for r in station.incidents()] == [None] * 3


async def test_the_premises_see_the_same_alarm_in_both_worlds(station: Station) -> None:
    await alarm(station)
    calm = await station.desk.queue(AT_SITE)
    view = await station.desk.incident(calm[0].id, AT_SITE)
    await duress(station)
    assert await station.desk.queue(AT_SITE) == calm
    assert await station.desk.incident(calm[0].id, AT_SITE) == view


async def test_release_shows_it_without_our_history(station: Station) -> None:
    incident = await duress(station)
    with pytest.raises(RefusedError, match="needs"):
        await station.desk.release(incident, OFF_SITE, reason="", reference="R", to_whom="M")
    await station.desk.note(incident, OFF_SITE, "Called the sister")
    station.clock.forward(3600)
    said = {"reason": "over", "reference": "R-17", "to_whom": "Maria Lopez, by phone"}
    await station.desk.release(incident, OFF_SITE, **said)
    assert [i.id for i in await station.desk.queue(AT_SITE)] == [incident]
    view = await station.desk.incident(incident, AT_SITE)
    assert view.steps == view.handoffs == ()
    assert view.site_notes == ""
    assert "sister" not in str(view.timeline)
    assert view.release is not None
    assert (view.release.by, view.release.reference) == ("ann", "R-17")
    whole = await station.desk.incident(incident, OFF_SITE)
    assert "Both codes" in whole.timeline[-1].text or "Both codes" in whole.timeline[-2].text


async def test_nobody_on_the_premises_releases(station: Station) -> None:
    incident = await duress(station)
    with pytest.raises(NotAllowedError):
        await station.desk.release(incident, AT_SITE, reason="a", reference="b", to_whom="c")


async def test_three_keys_to_dispatch_and_no_call(station: Station) -> None:
    incident = await duress(station)
    view = await station.desk.incident(incident, OFF_SITE)
    assert [(s.label, s.state, s.action) for s in view.steps[:2]] == [
        ("Dispatch police", "now", "dispatch"),
        ("Tell an off-site key-holder", "later", None),
    ]
    never = view.steps[-1]
    assert (never.label, never.state, never.action) == ("Call premises", "unavailable", None)
    assert never.reason
    await station.desk.claim(incident, OFF_SITE)
    await station.desk.dispatch(incident, OFF_SITE)
    view = await station.desk.incident(incident, OFF_SITE)
    assert (view.claimed_by, view.state) == ("ann", "dispatching")
    assert (view.steps[0].state, view.steps[0].action) == ("running", "accept")
    assert [h.state for h in view.handoffs] == ["sent"]
    await station.desk.dispatch(incident, OFF_SITE)
    assert len((await station.desk.incident(incident, OFF_SITE)).handoffs) == 1


async def test_accepting_then_by_hand_then_closing(station: Station) -> None:
    incident = await duress(station)
    await station.desk.claim(incident, OFF_SITE)
    await station.desk.dispatch(incident, OFF_SITE)
    (handoff,) = (await station.desk.incident(incident, OFF_SITE)).handoffs
    with pytest.raises(InputError):
        await station.desk.accept(incident, OFF_SITE, handoff.id, who=" ", reference="")
    await station.desk.accept(incident, OFF_SITE, handoff.id, who="Sgt Lee", reference="CAD 7")
    view = await station.desk.incident(incident, OFF_SITE)
    assert (view.state, view.handoffs[0].accepted_by) == ("accepted", "Sgt Lee")
    assert [s.state for s in view.steps] == ["done", "now", "later", "unavailable"]
    with pytest.raises(RefusedError, match="already"):
        await station.desk.accept(incident, OFF_SITE, handoff.id, who="X", reference="")
    await station.desk.note(incident, OFF_SITE, "Key-holder told")
    await station.desk.note(incident, OFF_SITE, "Done")
    await station.desk.note(incident, OFF_SITE, "One more")
    view = await station.desk.incident(incident, OFF_SITE)
    assert [s.state for s in view.steps] == ["done", "done", "done", "unavailable"]
    await station.desk.close(incident, OFF_SITE, cause="genuine", note="")
    view = await station.desk.incident(incident, OFF_SITE)
    assert (view.state, view.cause) == ("second-look", "genuine")
    assert [i.state for i in await station.desk.queue(OFF_SITE)] == ["second-look"]


async def test_the_second_look_is_anothers(station: Station) -> None:
    incident = await duress(station)
    with pytest.raises(RefusedError, match="reason"):
        await station.desk.close(incident, OFF_SITE, cause="mistake", note=" ")
    with pytest.raises(InputError, match="cause"):
        await station.desk.close(incident, OFF_SITE, cause="bored", note="x")
    await station.desk.close(incident, OFF_SITE, cause="mistake", note="In person, with password")
    with pytest.raises(RefusedError, match="Another"):
        await station.desk.second_look(incident, OFF_SITE, agrees=True)
    later = int(station.clock.now() * 1000) + 3_600_000
    await station.desk.defer_second_look(incident, SECOND, until_ms=later)
    await station.desk.second_look(incident, SECOND, agrees=False)
    assert (await station.desk.incident(incident, OFF_SITE)).state == "dispatching"
    await station.desk.close(incident, OFF_SITE, cause="mistake", note="Again")
    await station.desk.second_look(incident, SECOND, agrees=True)
    assert await station.desk.queue(OFF_SITE) == ()
    assert station.only().closed_ms is not None


async def test_a_failed_hand_off_is_dispatched_again(station: Station) -> None:
    incident = await duress(station)
    await station.desk.dispatch(incident, OFF_SITE)
    (first,) = (await station.desk.incident(incident, OFF_SITE)).handoffs
    await station.desk.fail(incident, OFF_SITE, first.id, reason="Line busy")
    view = await station.desk.incident(incident, OFF_SITE)
    assert (view.handoffs[0].state, view.steps[0].action) == ("failed", "dispatch")
    await station.desk.dispatch(incident, OFF_SITE)
    view = await station.desk.incident(incident, OFF_SITE)
    assert [h.state for h in view.handoffs] == ["failed", "sent"]
    await station.desk.accept(incident, OFF_SITE, view.handoffs[1].id, who="Sgt Lee", reference="")
    assert (await station.desk.incident(incident, OFF_SITE)).state == "accepted"


async def test_what_was_accepted_for_less_does_not_count_for_more(station: Station) -> None:
    await station.hear(station.site.cell(Event.BUTTON, ReportClass.BUTTON, place=2))
    (row,) = station.incidents()
    (old,) = (await station.desk.incident(row.id, OFF_SITE)).handoffs
    await station.desk.accept(row.id, OFF_SITE, old.id, who="Lee", reference="")
    # The same place under both names, so that the duress joins.
    place = replace(row, plain={**station.only().plain, "subjects": ["button:2", "entry:2"]})
    station.store.write_now(lambda c: queries.incident_save(c, place))
    await station.hear(station.site.attempt(station.duress_token()))
    view = await station.desk.incident(row.id, OFF_SITE)
    assert (view.kind, view.state) == ("duress", "dispatching")
    assert (view.steps[0].state, view.steps[0].action) == ("now", "dispatch")
    await station.desk.dispatch(row.id, OFF_SITE)
    view = await station.desk.incident(row.id, OFF_SITE)
    assert (view.state, view.steps[0].action) == ("dispatching", "accept")
    with pytest.raises(RefusedError):
        await station.desk.accept(row.id, OFF_SITE, old.id, who="Lee", reference="")
    new = view.handoffs[-1]
    await station.desk.accept(row.id, OFF_SITE, new.id, who="Lee", reference="R2")
    assert (await station.desk.incident(row.id, OFF_SITE)).state == "accepted"


async def test_claims_and_handing_over(station: Station) -> None:
    def people(c) -> None:
        for name, may in (("ann", {"work"}), ("bob", {"work"}), ("ray", set())):
            queries.operator_set(c, OperatorRow(name, name, "x", frozenset(may)))

    station.store.write_now(people)
    incident = await duress(station)
    await station.desk.claim(incident, OFF_SITE)
    with pytest.raises(RefusedError, match="ann has"):
        await station.desk.claim(incident, SECOND)
    assert await station.desk.colleagues(OFF_SITE) == ("bob",)
    with pytest.raises(InputError):
        await station.desk.hand_over(incident, OFF_SITE, "ray")
    await station.desk.hand_over(incident, OFF_SITE, "bob")
    assert station.only().claimed_by == "bob"


async def test_who_may_only_look(station: Station) -> None:
    incident = await duress(station)
    assert (await station.desk.incident(incident, READER)).kind == "duress"
    with pytest.raises(NotAllowedError):
        await station.desk.claim(incident, READER)


async def test_every_act_is_journaled_with_who(station: Station) -> None:
    incident = await duress(station)
    await station.desk.claim(incident, OFF_SITE)
    await station.desk.note(incident, SECOND, "Seen")
    tail = station.store.read_now(lambda c: queries.journal_tail(c, 10))
    assert [(e.who, e.key) for e in tail] == [
        ("bob", "noted"),
        ("ann", "claimed"),
        ("system", "incident-opened"),
    ]
    assert station.store.read_now(queries.journal_verify) is None


async def test_a_refused_act_leaves_nothing(station: Station) -> None:
    incident = await duress(station)
    before = station.causes(incident)
    with pytest.raises(RefusedError):
        await station.desk.second_look(incident, SECOND, agrees=True)
    assert station.causes(incident) == before


async def test_the_sheet(station: Station) -> None:
    incident = await duress(station)
    sheet = await station.desk.sheet(incident, OFF_SITE)
    assert (sheet.who, sheet.where) == ("Maria Lopez", "Hotel 1, Lobby keypad")
    assert sheet.call_back == "+1 555 0100"
    assert "Do not call the premises" in sheet.approach[0]
    assert "By the east door." in sheet.approach
    assert len(sheet.approach) == 5
    assert sheet.when_ms == int(station.clock.now() * 1000)


async def test_changes_wake_who_waits(station: Station) -> None:
    seen = station.changes.version
    assert await station.desk.changes(seen, 0.01) == seen
    await duress(station)
    assert await station.desk.changes(seen, 10) > seen


async def test_plain_listings(station: Station) -> None:
    incident = await duress(station)
    (item,) = await station.desk.listing()
    assert item["id"] == incident
    assert (item["kind"], item["site"], item["person"]) == ("duress", "Hotel 1", "Maria Lopez")
    assert (item["entry_point"], item["state"]) == ("Lobby keypad", "dispatching")
    (signal,) = await station.desk.signals()
    assert (signal["kind"], signal["user"], signal["raw"]) == ("duress", "Maria Lopez", None)


async def test_a_hand_off_of_another_incident(station: Station) -> None:
    first = await duress(station)
    second = await alarm(station)
    handoff = (await station.desk.incident(first, OFF_SITE)).handoffs[0].id
    with pytest.raises(NotFoundError):
        await station.desk.accept(second, OFF_SITE, handoff, who="Lee", reference="")
