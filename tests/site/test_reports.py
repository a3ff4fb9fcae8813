import secrets

from watchword.core.words import Event, ReportClass
from watchword.site.reports import Fact, Reports, as_cell
from watchword.storage.site.queries import Identity
from watchword.wire.seal import KeyPair, key_id, report_info
from watchword.wire.unseal import Keyring

STATION = KeyPair.generate()
IDENTITY = Identity(
    site_id="5" * 32,
    number=7,
    name="Hotel Aurora",
    station_public=STATION.public,
    station_key_id=key_id(STATION.public),
    station_fingerprint="f" * 64,
    addresses=("127.0.0.1:8082",),
    tick_ms=250,
    category="SP4",
    paired_ms=0,
)
RING = Keyring({key_id(STATION.public): STATION.secret})


def test_a_report_opens_at_the_station_and_says_what_was_put_in():
    reports = Reports(IDENTITY)
    token = secrets.token_bytes(80)
    fact = Fact(Event.ATTEMPT_ACCEPTED, ReportClass.VALID, detail=2, area=1, place=3)
    kept = reports.make(fact, payload=token, at_ms=1_790_000_000_123)
    cell = as_cell(kept)
    opened = RING.open_report(cell.key_id, IDENTITY.number, cell.body)
    assert opened.differences(site=7, cls=2, epoch=reports.epoch, counter=1) == ()
    assert (opened.event, opened.detail, opened.area, opened.place) == (1, 2, 1, 3)
    assert opened.at_ms == 1_790_000_000_123
    assert opened.payload == token


def test_every_report_has_one_size_and_an_identity_of_its_own():
    reports = Reports(IDENTITY)
    made = [
        reports.make(Fact(event, cls), payload=reports.nothing_to_say(), at_ms=1)
        for event in Event
        for cls in ReportClass
    ]
    assert {len(m.cell) for m in made} == {180}
    assert len({(m.report_class, m.counter) for m in made}) == len(made)
    for cls in ReportClass:
        counters = [m.counter for m in made if m.report_class == cls]
        assert counters == list(range(1, len(counters) + 1))


def test_each_boot_has_an_epoch_of_its_own():
    assert len({Reports(IDENTITY).epoch for _ in range(50)}) == 50


def test_the_same_report_twice_is_never_the_same_bytes():
    reports = Reports(IDENTITY)
    fact = Fact(Event.TROUBLE, ReportClass.TROUBLE)
    one = reports.make(fact, payload=bytes(80), at_ms=1)
    other = reports.make(fact, payload=bytes(80), at_ms=1)
    assert one.cell[20:] != other.cell[20:]


def test_a_report_of_another_site_does_not_open_as_ours():
    assert report_info(7) != report_info(8)


def test_a_count_that_does_not_fit_is_cut_and_not_lost():
    reports = Reports(IDENTITY)
    fact = Fact(Event.ATTEMPT_REFUSED, ReportClass.INVALID, count=10**9)
    cell = as_cell(reports.make(fact, payload=bytes(80), at_ms=1))
    assert RING.open_report(cell.key_id, 7, cell.body).count == 0xFFFF
