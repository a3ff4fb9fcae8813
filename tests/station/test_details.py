"""Where, who and when, as far as the site has said it."""

import pytest

from monitored import OFF_SITE, Station
from watchword.core.errors import NotFoundError
from watchword.core.words import Event, ReportClass
from watchword.station.details import SAID_BEFORE_MS_MAX, details


async def test_names_that_the_site_has_not_said(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token(), place=7))
    await station.hear(station.site.cell(Event.BUTTON, ReportClass.BUTTON, place=8))
    places = {i.kind: i.place for i in await station.desk.queue(OFF_SITE)}
    assert places == {"duress": "entry point 7", "hold-up": "button 8"}


async def test_a_whole_site_has_no_place(station: Station) -> None:
    await station.hear(station.fake_site(2).attempt(station.duress_token()))
    (item,) = await station.desk.queue(OFF_SITE)
    assert item.place == ""


@pytest.mark.parametrize(
    ("ahead_s", "believed"),
    [(-3600, True), (0, True), (5, False), (-SAID_BEFORE_MS_MAX // 1000 - 1, False)],
)
async def test_when_it_happened(station: Station, ahead_s: int, believed: bool) -> None:
    station.site.clock = type(station.clock)(station.clock.now() + ahead_s)
    await station.hear(station.site.attempt(station.duress_token()))
    row = station.only()
    found = station.store.read_now(lambda c: details(c, row.id))
    said_ms = int((station.clock.now() + ahead_s) * 1000)
    assert found.when_ms == (said_ms if believed else row.opened_ms)


def test_nothing(station: Station) -> None:
    with pytest.raises(NotFoundError):
        station.store.read_now(lambda c: details(c, "0" * 32))
