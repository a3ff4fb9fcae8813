"""What the pages are given, part by part."""

from monitored import OFF_SITE, Station
from watchword.core.words import Event, ReportClass


async def test_an_alarm_at_an_area(station: Station) -> None:
    await station.hear(station.site.cell(Event.ALARM, ReportClass.ALARM))
    view = await station.desk.incident(station.only().id, OFF_SITE)
    assert (view.kind_label, view.area, view.entry_point) == ("Burglary", "Lobby", None)
    assert (view.person, view.covert, view.plan) == (None, False, "burglary (built in) v1")
    assert view.steps[-1].state == "unavailable"
    sheet = await station.desk.sheet(view.id, OFF_SITE)
    assert sheet.what == "Burglary"
    assert sheet.who == "somebody"
    assert sheet.approach[0] == "Do not call the premises. Call us."


async def test_trouble_has_one_thing_to_do_by_hand(station: Station) -> None:
    await station.hear(station.site.cell(Event.TROUBLE, ReportClass.TROUBLE))
    incident = station.only().id
    view = await station.desk.incident(incident, OFF_SITE)
    assert [(s.state, s.action) for s in view.steps] == [
        ("now", None),
        ("later", None),
        ("unavailable", None),
    ]
    await station.desk.note(incident, OFF_SITE, "Key-holder told")
    view = await station.desk.incident(incident, OFF_SITE)
    assert [s.state for s in view.steps] == ["done", "now", "unavailable"]


async def test_a_raised_incident_shows_the_plan_that_counts(station: Station) -> None:
    await station.hear(station.site.attempt(b"x" * 80))
    await station.hear(station.site.attempt(station.duress_token()))
    view = await station.desk.incident(station.only().id, OFF_SITE)
    assert view.plan == "duress (built in) v1"
    assert [s.number for s in view.steps] == [1, 2, 3, 4]
    assert view.steps[0].label == "Dispatch police"


async def test_a_trouble_of_the_site_itself_is_named(station: Station) -> None:
    """Also one of a later release, by its number."""
    for detail, words in ((1, "cannot save to its disk"), (5, "did not answer"), (77, "number 77")):
        await station.hear(
            station.site.cell(Event.TROUBLE, ReportClass.TROUBLE, detail=detail, place=0)
        )
        found = await station.desk.listing()
        texts = [
            item.text
            for one in found
            for item in (await station.desk.incident(one["id"], OFF_SITE)).timeline
        ]
        assert any(words in text for text in texts), texts
