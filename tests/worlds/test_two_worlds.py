"""The two-world gate: one day, lived with the normal and with the duress code.

Real processes run the same script from the same snapshot. W0 uses the normal code, W1 the
duress code, and a second W0 shows that the noise floor is nothing. Everything that the site
answered, showed, stored, logged, sent and touched must be the same; the station must know
exactly one duress in W1. That it would be noticed if it were not: `test_planted_leaks.py`.
"""

import pytest

from living import CHANNELS, live, may_trace, take_snapshot

pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return take_snapshot(tmp_path_factory.mktemp("worlds"))


@pytest.fixture(scope="module")
def worlds(snapshot):
    return {
        "W0": live(snapshot, "normal"),
        "W1": live(snapshot, "duress"),
        "W0'": live(snapshot, "normal"),
    }


@pytest.mark.parametrize("other", ["W0'", "W1"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_the_site_leaves_the_same_trace(worlds, channel, other):
    assert getattr(worlds["W0"], channel) == getattr(worlds[other], channel)


def test_every_channel_has_something_to_compare(worlds):
    trace = worlds["W0"]
    assert len(trace.answers) == 15 and all(b"HTTP/1.1 200" in a for a in trace.answers)
    assert b'"accepted":true' in trace.answers[2]
    assert trace.stored["journal"] and trace.stored["slot_row"]
    assert len(trace.written["outbox insert"]) == len(trace.written["outbox delete"]) >= 11
    assert trace.files and trace.logged and trace.printed
    assert any("Armed" in line or "exiting" in line for line in trace.streamed)
    assert trace.sent["connections"] == 1
    assert trace.sent["more than ticks"] == {"up": 0, "down": 0}
    assert not may_trace() or any("site.db" in call for call in trace.touched)


def test_a_crash_would_leave_no_memory_behind(worlds):
    assert {trace.core_dumps for trace in worlds.values()} == {"0 0"}


def test_every_frame_on_the_line_has_one_size(worlds):
    for trace in worlds.values():
        assert {way for way, _, _ in trace.sent["sizes"]} == {"up", "down"}
        assert len(trace.sent["sizes"]) == 2


def test_the_station_knows_exactly_one_duress_in_w1_and_none_in_w0(worlds):
    def duress(trace):
        return [i for i in trace.incidents if i["kind"] == "duress"]

    assert [len(duress(worlds[w])) for w in ("W0", "W1", "W0'")] == [0, 1, 0]
    assert worlds["W0"].incidents == worlds["W0'"].incidents == []
    (one,) = duress(worlds["W1"])
    assert one["signals"] == 4


def test_the_word_is_nowhere_at_the_site(worlds, snapshot):
    for path in (snapshot.root / "data" / "site").rglob("*"):
        if path.is_file():
            assert b"duress" not in path.read_bytes().lower(), path.name
    for trace in worlds.values():
        assert b"duress" not in b"".join(trace.answers).lower()
        assert not [line for line in trace.logged if "duress" in line.lower()]
