"""Ages and times, and that the page's script says them in the same words."""

import json
import shutil
import subprocess
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright._impl._driver import compute_driver_executable

from watchword.web.console import times
from watchword.web.console.times import When, age_short, age_words

AT = 1_790_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")
CASES = {
    0: ("0 s", "0:00"),
    7: ("7 s", "0:07"),
    59: ("59 s", "0:59"),
    60: ("1 min 00 s", "1:00"),
    130: ("2 min 10 s", "2:10"),
    3599: ("59 min 59 s", "59:59"),
    3600: ("1 h 00 min", "1 h 00"),
    3900: ("1 h 05 min", "1 h 05"),
    86399: ("23 h 59 min", "23 h 59"),
    86400: ("1 d 0 h", "1 d"),
    273600: ("3 d 4 h", "3 d"),
}


@pytest.mark.parametrize("seconds", CASES)
def test_ages(seconds: int) -> None:
    assert (age_words(seconds), age_short(seconds)) == CASES[seconds]


def test_the_script_says_them_alike(tmp_path: Path) -> None:
    source = Path(times.__file__).parent / "static" / "ages.js"
    (tmp_path / "ages.mjs").write_text(source.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "say.mjs").write_text(
        "globalThis.document = { body: { dataset: { now: '0' } } };\n"
        "const { ageWords, ageShort } = await import('./ages.mjs');\n"
        f"const seconds = {json.dumps(list(CASES))};\n"
        "console.log(JSON.stringify(seconds.map((s) => [ageWords(s), ageShort(s)])));\n",
        encoding="utf-8",
    )
    node = shutil.which("node") or str(compute_driver_executable()[0])
    done = subprocess.run(
        [node, "say.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert [tuple(pair) for pair in json.loads(done.stdout)] == list(CASES.values())


def test_a_moment_in_the_zone_of_the_station() -> None:
    when = When(AT, BERLIN)
    assert when.exact(AT) == "16:13:20 CEST"
    assert when.exact(AT - 86_400_000) == "20 Sep 16:13:20 CEST"
    assert when.full(AT) == "21 September 2026, 16:13:20 CEST"
    assert when.iso(AT) == "2026-09-21T14:13:20+00:00"
    assert (when.zone_name, when.offset_s) == ("CEST", 7200)
    assert (When(AT, UTC).zone_name, When(AT).offset_s) == ("UTC", 0)


def test_what_is_in_the_future_is_now() -> None:
    when = When(AT)
    assert (when.age(AT + 5000), when.short(AT + 5000)) == ("0 s", "0:00")
    assert (when.age(AT - 7999), when.short(AT - 130_000)) == ("7 s", "2:10")
