"""`doctor`: what would fail today, for a person and for a script."""

import json
import shutil

import pytest

from running import Stack, watchword

pytestmark = [pytest.mark.slow, pytest.mark.process]


def examine(data) -> tuple[int, dict]:  # type: ignore[no-untyped-def,type-arg]
    done = watchword("doctor", "--json", "--data", str(data))
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_a_running_hotel_is_told_what_is_well_and_what_is_not(hotel: Stack) -> None:
    status, found = examine(hotel.data)
    assert status == 1, "nobody has proven that anybody comes"
    assert set(found) == {"checks", "limits"}
    for check in found["checks"]:
        assert set(check) == {"well", "what", "advice"}
    what = {check["what"]: check for check in found["checks"]}
    alarm = next(one for text, one in what.items() if "nobody will come" in text)
    assert (alarm["well"], alarm["advice"]) == (False, "Prove a hand-off in the console: Sites.")
    for name in ("site/site.key", "station/station.key", "demo.json"):
        assert what[f"{hotel.data / name} is private."]["well"]
    assert what["The site runs and has no trouble."]["well"]
    assert any("one machine" in limit for limit in found["limits"])
    assert len(found["limits"]) == 5


def test_for_a_person_it_says_what_to_do(hotel: Stack) -> None:
    done = watchword("doctor", "--data", str(hotel.data))
    assert done.returncode == 1
    assert "to do  " in done.stdout and "ok     " in done.stdout
    assert "What no setting can change:" in done.stdout


def test_halves_that_are_stopped_and_keys_for_all_to_read(hotel: Stack, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name in ("site/site.key", "station/station.key"):
        copy = tmp_path / name
        copy.parent.mkdir()
        shutil.copy(hotel.data / name, copy)
    (tmp_path / "site" / "site.key").chmod(0o644)
    status, found = examine(tmp_path)
    assert status == 1
    bad = [check for check in found["checks"] if not check["well"]]
    assert any("0644" in one["what"] and "chmod 600" in one["advice"] for one in bad)
    stopped = [one for one in bad if "No running process" in one["what"]]
    assert len(stopped) == 2 and all(one["advice"] for one in stopped)


def test_a_half_alone_is_not_asked_about_the_other(hotel: Stack, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "site").mkdir()
    shutil.copy(hotel.data / "site" / "site.key", tmp_path / "site" / "site.key")
    status, found = examine(tmp_path)
    assert status == 1
    assert not any("station" in check["what"] for check in found["checks"])
    assert len(found["limits"]) == 4


def test_an_empty_directory_is_not_well(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A mistyped --data must not be told that all is well."""
    status, found = examine(tmp_path / "mistyped")
    assert status == 1
    assert [check["well"] for check in found["checks"]] == [False]
    assert "--data" in found["checks"][0]["advice"]
