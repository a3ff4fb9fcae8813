"""What is late is said, also after a restart, and a plan's waits end."""

from monitored import OFF_SITE, Station
from watchword.core.incident import Kind
from watchword.core.plan import Act, OnFailure, Plan, Step
from watchword.core.words import Event, ReportClass
from watchword.station.record import Rules


async def said(station: Station, *seconds: float) -> list[str]:
    for wait_s in seconds:
        station.clock.forward(wait_s)
        await station.escalations.process()
    return [key for key in station.causes(station.only().id) if key.startswith("escalated")]


async def test_unclaimed_then_not_dispatched_for_ever(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    assert await said(station, 14) == []
    assert await said(station, 1, 15) == ["escalated.unclaimed"] * 2
    await station.desk.claim(station.only().id, OFF_SITE)
    assert await said(station, 30, 60, 60) == [
        "escalated.unclaimed",
        "escalated.unclaimed",
        "escalated.not-dispatched",
        "escalated.not-dispatched",
        "escalated.not-dispatched",
    ]
    (item,) = await station.desk.queue(OFF_SITE)
    assert item.attention


async def test_a_restart_forgets_no_deadline(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    station.restart()
    assert await said(station, 15) == ["escalated.unclaimed"]


async def test_a_clock_that_goes_back_silences_nothing(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    await said(station, 15, 15)
    station.clock.utc -= 7200
    assert len(await said(station, 0, 60)) == 3


async def test_accepted_is_quiet(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    incident = station.only().id
    await station.desk.claim(incident, OFF_SITE)
    (handoff,) = (await station.desk.incident(incident, OFF_SITE)).handoffs
    await station.desk.accept(incident, OFF_SITE, handoff.id, who="Lee", reference="")
    assert await said(station, 60, 600) == []
    assert await station.escalations.process() == 0


async def test_a_burglary_waits_for_a_second_signal_then_goes_on(station: Station) -> None:
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    view = await station.desk.incident(station.only().id, OFF_SITE)
    assert [s.state for s in view.steps[:3]] == ["running", "later", "later"]
    await said(station, 31)
    view = await station.desk.incident(station.only().id, OFF_SITE)
    assert [s.state for s in view.steps[:3]] == ["done", "now", "later"]
    assert "step-passed" in station.causes(station.only().id)


async def test_the_second_signal_ends_the_wait(station: Station) -> None:
    for _ in range(2):
        await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    assert "step-done" in station.causes(station.only().id)


async def test_a_wait_that_must_succeed_is_said_once(station: Station) -> None:
    wait = Step(Act.SECOND_SIGNAL, "Wait", auto=True, on_failure=OnFailure.ESCALATE)
    plans = {**station.rules.plans, Kind.BURGLARY: Plan(Kind.BURGLARY, "own", 2, (wait,))}
    station.rules = Rules(plans=plans)
    station.wire()
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    await station.desk.claim(station.only().id, OFF_SITE)
    await said(station, 31, 31, 31)
    assert station.causes(station.only().id).count("step-late") == 1


async def test_a_second_look_is_asked_for(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    await station.desk.close(station.only().id, OFF_SITE, cause="mistake", note="In person")
    assert await said(station, 86_400) == ["escalated.second-look"]
