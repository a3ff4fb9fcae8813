"""A response plan at work: order, keys of hand-offs, and starting anew."""

from monitored import OFF_SITE, SITE, Station
from watchword.core.incident import HandoffState
from watchword.station import steps
from watchword.station.record import Record
from watchword.storage.station import queries


async def test_the_same_step_and_target_is_one_hand_off(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    incident = station.only().id

    def again(c) -> None:
        record = Record(c, station.rules, station.clock.now())
        _, state = record.load(incident)
        for _ in range(3):
            steps.add(record, state, 1, steps.SHEET, steps.SHEET)
        site = queries.site_get(c, SITE)
        assert site is not None
        steps.advance(record, site, incident)

    station.store.write_now(again)
    (row,) = station.store.read_now(lambda c: queries.handoffs(c, incident))
    assert row.idempotency_key.startswith(f"{incident}-1-")
    assert len(row.idempotency_key) <= 64
    assert row.exercise is False


async def test_a_closed_incident_goes_nowhere(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    incident = station.only().id
    await station.desk.close(incident, OFF_SITE, cause="mistake", note="In person")
    before = station.only()

    def later(c) -> None:
        record = Record(c, station.rules, station.clock.now())
        site = queries.site_get(c, SITE)
        assert site is not None
        steps.advance(record, site, incident)
        steps.follow(record, incident)

    station.store.write_now(later)
    assert station.only() == before


async def test_the_furthest_hand_off_counts(station: Station) -> None:
    station.with_webhook()
    await station.hear(station.site.attempt(station.duress_token()))
    await station.handoffs.process()
    assert station.only().plain["handoff"] == HandoffState.DELIVERED
    await station.desk.dispatch(station.only().id, OFF_SITE)
    assert station.only().plain["handoff"] == HandoffState.DELIVERED
