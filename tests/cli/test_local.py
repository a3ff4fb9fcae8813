"""`attempt`, `zone`, `incidents`, `signals`: what a script and a person get to see."""

import pytest

from running import Stack, until, watchword
from telling import one_line

pytestmark = [pytest.mark.slow, pytest.mark.process]


def codes(hotel: Stack, number: int = 0) -> dict[str, str]:
    found: dict[str, str] = hotel.demo["people"][number]
    return found


def say(hotel: Stack, *args: str, typed: str | None = None) -> str:
    done = watchword(*args, "--data", str(hotel.data), typed=typed)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_an_attempt_prints_what_a_keypad_shows_and_never_the_code(hotel: Stack) -> None:
    code = codes(hotel)["normal"]
    lines = say(hotel, "attempt", "--code", "-", "--action", "disarm", typed=f" {code}\n")
    assert lines.splitlines()[-1] == "Lobby: Ready to arm"
    assert code not in lines


def test_both_codes_of_a_person_print_the_same(hotel: Stack) -> None:
    mine = codes(hotel, 1)
    printed = {
        which: say(hotel, "attempt", "--code", "-", "--action", "disarm", typed=mine[which] + "\n")
        for which in ("normal", "duress")
    }
    assert printed["normal"] == printed["duress"]


def test_an_area_may_be_named(hotel: Stack) -> None:
    command = ("attempt", "--code", "-", "--action", "disarm", "--area")
    said = say(hotel, *command, "Lobby", typed=codes(hotel)["normal"])
    assert said.splitlines()[-1].startswith("Lobby: ")
    done = watchword(*command, "Cellar", "--data", str(hotel.data), typed="123456\n")
    one_line(done, '"Cellar"', "Areas: Lobby")


@pytest.mark.parametrize("typed", ["", "\n", "   \n"])
def test_nothing_on_standard_input_is_told(hotel: Stack, typed: str) -> None:
    done = watchword(
        "attempt", "--code", "-", "--action", "disarm", "--data", str(hotel.data), typed=typed
    )
    one_line(done, "No code came")


def test_a_code_that_is_none_is_not_repeated(hotel: Stack) -> None:
    done = watchword(
        "attempt", "--code", "-", "--action", "disarm", "--data", str(hotel.data), typed="48a913\n"
    )
    assert "48a913" not in one_line(done, "digits")


def test_a_zone_is_opened_and_closed(hotel: Stack) -> None:
    assert say(hotel, "zone", "open", "Back door") == "Lobby: Back door open\n"
    assert say(hotel, "zone", "close", "Back door") == "Lobby: Ready to arm\n"


def test_incidents_and_signals_as_tables_and_as_json(hotel: Stack) -> None:
    mine = codes(hotel, 2)
    hotel.attempt(mine["duress"])
    one = until(lambda: [i for i in hotel.incidents() if i["kind"] == "duress"], within_s=20)[0]
    table = say(hotel, "incidents")
    head, *rows = table.splitlines()
    assert head.split()[:3] == ["opened", "kind", "site"]
    assert any("duress" in row for row in rows)
    assert one["kind"] == "duress" and one["entry_point"] == "Command line"
    signals = hotel.ask("signals")
    assert {"received_at", "account", "kind"} <= set(signals[0])
    assert len(say(hotel, "signals").splitlines()) > 1
    for shown in (table, str(signals), str(one)):
        assert mine["duress"] not in shown and mine["normal"] not in shown


def test_no_running_half_is_told_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for command, half in (
        (("zone", "open", "Front door"), "site"),
        (("attempt", "--code", "123456", "--action", "disarm"), "site"),
        (("incidents",), "station"),
        (("signals",), "station"),
    ):
        done = watchword(*command, "--data", str(tmp_path))
        one_line(done, f"{tmp_path}/{half}", "watchword up")
