"""Clocks that jump by an hour or a year, on either side, in either direction, lose no alarm."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotel import ANN, WRONG, Hotel, hotels, template
from monitored import MARIA, OFF_SITE, SITE, Station
from watchword.core.errors import RemoteFaultError
from watchword.core.incident import Kind
from watchword.core.plan import Act, OnFailure, Plan, Step
from watchword.core.words import Event
from watchword.station.record import Rules
from watchword.storage.station import queries

HOUR_S, YEAR_S = 3600.0, 365 * 86_400.0
BACK = [-HOUR_S, -YEAR_S]
ANY = [HOUR_S, YEAR_S, *BACK]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def hotel(tmp_path: Path, empty: Path) -> Iterator[Hotel]:
    yield from hotels(tmp_path, empty)


def machine(station: Station, incident: str) -> queries.HandoffRow:
    rows = station.store.read_now(lambda c: queries.handoffs(c, incident))
    return next(row for row in rows if row.target_kind == "webhook")


# The station's clock


@pytest.mark.parametrize("jump_s", ANY)
async def test_a_failed_hand_off_is_tried_again_soon(station: Station, jump_s: float) -> None:
    station.with_webhook()
    station.sender.answers = [RemoteFaultError("no route")]
    await station.hear(station.site.attempt(station.duress_token()))
    await station.handoffs.process()
    station.clock.utc += jump_s
    station.clock.forward(30.0)
    await station.handoffs.process()
    assert machine(station, station.only().id).state == "delivered"


@pytest.mark.parametrize("jump_s", ANY)
async def test_a_hand_off_that_was_cut_off_is_tried_again_soon(
    station: Station, jump_s: float
) -> None:
    station.with_webhook()
    await station.hear(station.site.attempt(station.duress_token()))
    await station.store.write(station.handoffs._claim)
    station.restart()
    station.clock.utc += jump_s
    station.clock.forward(30.0)
    await station.handoffs.process()
    assert machine(station, station.only().id).state == "delivered"


async def test_a_clock_that_is_moved_a_little_repeats_no_attempt(station: Station) -> None:
    station.with_webhook()
    await station.hear(station.site.attempt(station.duress_token()))
    await station.store.write(station.handoffs._claim)
    station.clock.utc -= 0.5
    assert await station.handoffs.process() == 0


@pytest.mark.parametrize("jump_s", BACK)
async def test_what_a_plan_waits_for_ends_in_time(station: Station, jump_s: float) -> None:
    waits = Step(Act.SECOND_SIGNAL, "Wait", auto=True, on_failure=OnFailure.NEXT)
    sends = Step(Act.HAND_OFF, "Dispatch police", "sheet", auto=True)
    plans = {**Rules().plans, Kind.BURGLARY: Plan(Kind.BURGLARY, "own", 1, (waits, sends))}
    station.rules = Rules(plans=plans)
    station.wire()
    await station.hear(station.site.cell(Event.ALARM))
    station.clock.utc += jump_s
    station.clock.forward(31.0)
    await station.escalations.process()
    incident = station.only().id
    rows = station.store.read_now(lambda c: queries.handoffs(c, incident))
    assert [row.target_kind for row in rows] == ["sheet"]


@pytest.mark.parametrize("jump_s", BACK)
async def test_what_was_long_ago_is_not_joined_because_the_clock_went_back(
    station: Station, jump_s: float
) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    first = station.only().id
    sheet = station.store.read_now(lambda c: queries.handoffs(c, first))[0]
    await station.desk.accept(first, OFF_SITE, sheet.id, who="Sgt Lee", reference="CAD 9")
    station.clock.forward(HOUR_S / 2)
    station.clock.utc += jump_s
    await station.hear(station.site.attempt(station.duress_token()))
    assert len(station.incidents()) == 2
    assert {row.state for row in station.incidents()} == {"accepted", "dispatching"}


@pytest.mark.parametrize("jump_s", BACK)
async def test_a_site_that_falls_silent_twice_is_told_twice(
    station: Station, jump_s: float
) -> None:
    station.watch.heard(SITE)
    await station.watch.process()
    station.clock.utc += jump_s
    opened = []
    for _ in range(2):
        station.clock.forward(5.0)
        station.watch.heard(SITE)
        await station.watch.process()
        station.clock.forward(200.0)
        await station.watch.process()
        lost = [row for row in station.incidents() if row.closed_ms is None]
        opened.append(lost[0].id)
        await station.desk.close(lost[0].id, OFF_SITE, cause="technical", note="line")
    assert opened[0] != opened[1]


@pytest.mark.parametrize("jump_s", ANY)
async def test_escalation_goes_on(station: Station, jump_s: float) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    station.clock.utc += jump_s
    await station.escalations.process()
    for _ in range(3):
        station.clock.forward(61.0)
        assert await station.escalations.process() >= 1


@pytest.mark.parametrize("jump_s", ANY)
async def test_a_duress_after_a_jump_is_an_incident(station: Station, jump_s: float) -> None:
    station.clock.utc += jump_s
    await station.hear(station.site.attempt(station.duress_token()))
    assert station.only().person == MARIA
    assert station.only().state == "dispatching"


# The site's clock


@pytest.mark.parametrize("jump_s", ANY)
async def test_the_keypad_takes_codes_after_a_jump_and_after_the_next_boot(
    hotel: Hotel, jump_s: float
) -> None:
    await hotel.open()
    assert (await hotel.code(ANN)).accepted
    hotel.clock.utc += jump_s
    assert (await hotel.code(ANN)).accepted
    again = await hotel.again()
    again.clock.utc += jump_s
    try:
        assert (await again.code(ANN)).accepted
        assert Event.ATTEMPT_ACCEPTED in again.kept.events()
    finally:
        again.store.close()


@pytest.mark.parametrize("jump_s", ANY)
async def test_a_lock_ends_whatever_the_clock_does(hotel: Hotel, jump_s: float) -> None:
    await hotel.open()
    for _ in range(10):
        await hotel.code(WRONG)
    assert not (await hotel.code(ANN)).accepted
    hotel.clock.utc += jump_s
    again = await hotel.again()
    try:
        await again.after(95.0)
        assert (await again.code(ANN)).accepted
    finally:
        again.store.close()
