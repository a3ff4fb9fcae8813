"""The main job, end to end, through real processes: `attempt` in, `incidents` out."""

import pytest

from running import Stack, until, wait_gone, watchword

pytestmark = [pytest.mark.slow, pytest.mark.process]


def person(stack, n=0):
    return stack.demo["people"][n]


def duress_of(stack):
    return [i for i in stack.incidents() if i["kind"] == "duress"]


def test_a_normal_day_opens_nothing_and_a_forced_code_opens_one_incident(stack):
    ann = person(stack)
    for action in ("arm-away", "disarm"):
        answer = stack.attempt(ann["normal"], action)
        assert answer["accepted"], answer
    assert stack.incidents() == []
    normal = stack.attempt(ann["normal"], "arm-away")
    forced = stack.attempt(ann["duress"], "disarm")
    assert normal["accepted"] and forced["accepted"]
    one = until(lambda: duress_of(stack))[0]
    assert one["person"] == ann["name"]
    assert one["site"] and one["entry_point"]
    assert one["dispatch"] in {"queued", "sent", "delivered"}
    acts = [(s["number"], s["act"]) for s in one["steps"] if s["state"] in {"running", "done"}]
    assert acts[0] == (1, "hand-off")
    assert not any("call" in s["act"] for s in one["steps"])
    assert len(stack.incidents()) == 1


def test_the_keypad_says_the_same_for_both_codes(stack):
    ann = person(stack)
    said = {}
    for which in ("normal", "duress"):
        armed = stack.attempt(ann[which], "arm-away")
        left = stack.attempt(ann[which], "disarm")
        for answer in (armed, left):
            answer["state"].pop("at_ms")
        said[which] = (armed, left)
    assert said["normal"] == said["duress"]


def test_a_forced_code_counts_while_disarmed_and_when_arming(stack):
    ben = person(stack, 1)
    stack.attempt(ben["duress"], "disarm")
    one = until(lambda: duress_of(stack))[0]
    stack.attempt(ben["duress"], "arm-home")
    until(lambda: duress_of(stack)[0]["signals"] == 2)
    assert [i["id"] for i in duress_of(stack)] == [one["id"]]


def test_a_door_leads_through_entry_delay_to_an_alarm_and_a_code_ends_it(stack):
    ann = person(stack)
    assert stack.attempt(ann["normal"], "arm-night")["accepted"]
    state = stack.ask("zone", "open", "Lobby motion")
    assert state["phase"] in {"exiting", "entering", "alarm", "armed"}
    assert stack.attempt(ann["normal"], "disarm")["state"]["phase"] == "disarmed"


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_the_station_killed_around_a_forced_code_still_opens_exactly_one(stack, moment):
    ann = person(stack)
    stack.attempt(ann["normal"], "arm-away")
    if moment == "before":
        stack.kill("station")
    answer = stack.attempt(ann["duress"], "disarm")
    assert answer["accepted"]
    if moment == "during":
        stack.kill("station")
    if moment == "after":
        until(lambda: duress_of(stack))
        stack.kill("station")
    until(lambda: _answers(stack) and duress_of(stack), within_s=40)
    assert len(duress_of(stack)) == 1


def test_the_site_killed_right_after_the_keypad_answered_loses_nothing(stack):
    ann = person(stack)
    stack.kill("station")
    assert stack.attempt(ann["duress"], "disarm")["accepted"]
    stack.kill("site")
    until(lambda: _answers(stack) and duress_of(stack), within_s=40)
    assert len(duress_of(stack)) == 1


def test_both_killed_at_once_and_started_again_open_exactly_one(tmp_path):
    stack = Stack(tmp_path / "data").start()
    try:
        ann = person(stack)
        stack.kill("station")
        assert stack.attempt(ann["duress"], "disarm")["accepted"]
        pids = stack.pids()
        stack.up.kill()
        stack.up.wait()
        stack.up.stdout.close()
        stack.log.close()

        for pid in pids:
            wait_gone(pid)
        stack.start()
        until(lambda: duress_of(stack), within_s=40)
        assert len(duress_of(stack)) == 1
    finally:
        stack.stop()


def test_up_leaves_no_process_behind(tmp_path):
    stack = Stack(tmp_path / "data").start()
    assert stack.stop() == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["attempt", "--code", "12", "--action", "disarm"], "digits"),
        (["attempt", "--code", "12345x", "--action", "disarm"], "digits"),
        (["attempt", "--code", "1" * 5000, "--action", "disarm"], "digits"),
        (["attempt", "--code", "١٢٣٤٥٦", "--action", "disarm"], "digits"),
        (["attempt", "--code", "123456", "--action", "open-sesame"], "arm-away"),
        (["attempt", "--code", "123456", "--action", "disarm", "--area", "Cellar"], "Cellar"),
        (["zone", "open", "Nowhere"], "Nowhere"),
    ],
)
def test_bad_input_is_told_in_one_line_with_status_2(stack, args, says):
    done = watchword(*args, "--data", str(stack.data))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_no_running_process_says_what_to_start(tmp_path):
    done = watchword("incidents", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "watchword up" in done.stderr


def _answers(stack):
    return watchword("incidents", "--data", str(stack.data), "--json").returncode == 0
