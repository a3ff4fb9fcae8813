"""Whatever a site may send is read without an exception, and every line has its sentence."""

import ast
import inspect
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchword.station
from monitored import SITE, Station
from watchword.core.words import Event
from watchword.station.keys import StationKeys, new_key
from watchword.station.reading import open_envelope, read
from watchword.station.texts import TEXTS, text
from watchword.storage.station import queries
from watchword.storage.station.queries import Envelope
from watchword.wire.report import Report, pack_report
from watchword.wire.seal import report_info, seal

KEYS = StationKeys((new_key(0),))
RING = KEYS.ring()


def envelope(body: bytes, key_id: bytes = KEYS.newest.id) -> Envelope:
    return Envelope(SITE, 7, 2, 1, key_id, body, 0, id=1)


@given(st.binary(min_size=160, max_size=160), st.binary(min_size=4, max_size=4))
def test_no_bytes_break_it(body: bytes, key_id: bytes) -> None:
    assert open_envelope(RING, 1, envelope(body, key_id)).report is None
    assert open_envelope(RING, 1, envelope(body)).fault == "UnopenableError"


@given(st.binary(min_size=112, max_size=112))
def test_no_plain_text_breaks_it(plain: bytes) -> None:
    sealed = seal(KEYS.newest.pair.public, report_info(1), plain)
    opened = open_envelope(RING, 1, envelope(sealed))
    assert opened.report is None or opened.differs


@pytest.mark.parametrize("event", [*range(256)])
def test_every_event_is_read(event: int, shared: Station) -> None:
    report = Report(2, event, 1, 7, 1, 0, detail=event, payload=secrets.token_bytes(80))
    sealed = seal(KEYS.newest.pair.public, report_info(1), pack_report(report))
    one = envelope(sealed)
    opened = open_envelope(RING, 1, one)

    def look(c):
        site = queries.site_get(c, SITE)
        assert site is not None
        return read(c, site, one, opened)

    reading = shared.store.read_now(look)
    quiet = {Event.STARTED, Event.DIRECTORY, Event.ENROLLED, Event.REMOVED, Event.REFUSED}
    noted = {
        Event.ALARM_ABORTED,
        Event.ALARM_RESTORED,
        Event.EXIT_ERROR,
        Event.TROUBLE_RESTORED,
    }
    assert bool(reading.findings) == (event not in quiet | noted)
    assert (reading.followed is not None) == (event in noted)
    for finding in reading.findings:
        assert "…" not in text(finding.entry.key, finding.entry.params)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    made = Station(tmp_path_factory.mktemp("station"))
    yield made
    made.store.close()


def test_every_line_has_its_sentence() -> None:
    folder = Path(inspect.getfile(watchword.station)).parent
    keys = {
        node.args[0].value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Entry"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert keys - set(TEXTS) == {"incident-opened"}, "journal only"
