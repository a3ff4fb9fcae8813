"""`person`: two codes that both work and mean two things, shown once and to nobody else."""

import json
import re

import pytest

from running import Stack, until, watchword
from telling import one_line

pytestmark = [pytest.mark.slow, pytest.mark.process]

AT = ("--site", "Hotel Aurora")  # tests of `pair join` give the same station more sites


def forced(hotel: Stack) -> int:
    """How many forced codes the station knows of: those of one place join one incident."""
    return sum(one["signals"] for one in hotel.incidents() if one["kind"] == "duress")


def test_a_person_is_added_and_removed_again(hotel: Stack) -> None:
    mine = hotel.ask("person", "add", "Nina Berg", *AT)
    assert mine["name"] == "Nina Berg"
    assert re.fullmatch(r"\d{6}", mine["normal"]) and re.fullmatch(r"\d{6}", mine["duress"])
    assert mine["normal"] != mine["duress"]
    before = forced(hotel)
    assert hotel.attempt(mine["normal"])["accepted"]
    assert hotel.attempt(mine["duress"])["accepted"]
    assert until(lambda: forced(hotel) - before, within_s=20) == 1
    gone = hotel.ask("person", "remove", "Nina Berg", *AT)
    assert gone["name"] == "Nina Berg"
    assert not any(p["name"] == "Nina Berg" for p in hotel.ask("person", "list"))
    until(lambda: not hotel.attempt(mine["normal"])["accepted"], within_s=20)
    assert not hotel.attempt(mine["duress"])["accepted"]


def test_codes_are_shown_once_and_in_groups(hotel: Stack) -> None:
    done = watchword("person", "add", "Olaf Dahl", *AT, "--data", str(hotel.data))
    assert done.returncode == 0, done.stderr
    found = re.search(r"every day  (\d{3} \d{3})    if forced  (\d{3} \d{3})", done.stdout)
    assert found is not None
    listed = watchword("person", "list", "--data", str(hotel.data)).stdout
    assert "Olaf Dahl" in listed and "holds codes" in listed
    for shown in found.groups():
        code = shown.replace(" ", "")
        assert shown not in listed and code not in listed
        for path in hotel.data.rglob("*"):
            if path.is_file() and path.suffix in {".log", ".json", ".db", ".toml"}:
                assert code.encode() not in path.read_bytes(), path
        assert code not in (hotel.data.parent / f"{hotel.data.name}.log").read_text()


def test_an_invited_person_is_listed_and_holds_nothing_yet(hotel: Stack) -> None:
    made = hotel.ask("person", "add", "Pia Holm", "--invite", *AT)
    assert set(made) == {"link", "code"}
    (row,) = [p for p in hotel.ask("person", "list") if p["name"] == "Pia Holm"]
    assert row["state"] == "invited"
    text = watchword("person", "add", "Pia Holm", "--invite", *AT, "--data", str(hotel.data)).stdout
    assert re.search(r"^link  http\S+/enrol/\S+$", text, re.MULTILINE)
    assert re.search(r"^code  [2-9A-Z]{4}-[2-9A-Z]{4}$", text, re.MULTILINE)


def test_new_codes_for_the_same_person_end_the_old_ones(hotel: Stack) -> None:
    first, second = (hotel.ask("person", "add", "Rolf Lund", *AT) for _ in range(2))
    assert hotel.attempt(second["normal"])["accepted"]
    assert not hotel.attempt(first["normal"])["accepted"]
    assert [p["name"] for p in hotel.ask("person", "list")].count("Rolf Lund") == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("add", "   ", *AT), "printable characters"),
        (("add", "x" * 200, *AT), "printable characters"),
        (("add", "Nina Berg", "--site", "Nowhere"), "'Nowhere'"),
        (("remove", "Nobody At All", *AT), "'Nobody At All'"),
        (("add", "a\u202eb", *AT), "printable characters"),
    ],
)
def test_what_cannot_be_done_is_one_line(hotel: Stack, args: tuple[str, ...], says: str) -> None:
    done = watchword("person", *args, "--data", str(hotel.data))
    one_line(done, says)


def test_without_a_station_nobody_can_be_listed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = watchword("person", "list", "--data", str(tmp_path))
    one_line(done, "No running process")


def test_a_list_is_json_for_scripts(hotel: Stack) -> None:
    done = watchword("person", "list", "--json", "--data", str(hotel.data))
    rows = json.loads(done.stdout)
    assert {"site", "name", "state"} == set(rows[0])
