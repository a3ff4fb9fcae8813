"""The page's pure modules, run by the JavaScript engine that Playwright brings along."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import watchword.web.keypad

STATIC = Path(watchword.web.keypad.__path__[0]) / "static"
BASE = {
    "phase": "disarmed",
    "mode": None,
    "countdown_s": None,
    "countdown_of_s": None,
    "locked_s": None,
    "open_zones": [],
    "actions": ["disarm"],
}


def node() -> str:
    found = shutil.which("node")
    if found:
        return found
    driver = pytest.importorskip("playwright._impl._driver").compute_driver_executable()
    return str(driver[0] if isinstance(driver, tuple) else driver)


def run(script: str) -> Any:
    """The JSON that `script` prints; it may import the modules by `./name.js`."""
    text = script.replace('"./', f'"{STATIC.as_uri()}/')
    command = [node(), "--input-type=module", "--no-warnings", "-e", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def call(expressions: list[str]) -> list[Any]:
    body = ",".join(expressions)
    result: list[Any] = run(
        f'import * as s from "./state.js"; const base = {json.dumps(BASE)};'
        f"process.stdout.write(JSON.stringify([{body}]));"
    )
    return result


def test_the_countdown_is_a_function_of_the_state_and_the_time_since() -> None:
    left = "s.remaining({...base, countdown_s: 42}, %s)"
    assert call([left % ago for ago in (0, 0.4, 1, 41.5, 42, 99)]) == [42, 42, 41, 1, 0, 0]
    assert call(["s.remaining(base, 0)"]) == [None]
    part = "s.fraction({...base, countdown_s: 30, countdown_of_s: %s}, 0)"
    assert call([part % of for of in (60, 30, 10, 0, "null")]) == [0.5, 1, 1, 0, 0]


def test_a_lock_out_ends_by_itself() -> None:
    wait = "s.locked({...base, locked_s: 87}, %s)"
    assert call([wait % ago for ago in (0, 1.5, 87, 200)]) == [87, 86, None, None]


def test_a_code_is_shown_in_two_groups_as_on_paper() -> None:
    groups = call([f"s.groups({n})" for n in range(4, 9)])
    assert groups == [[2, 2], [3, 2], [3, 3], [4, 3], [4, 4]]


def test_beeps_quicken_and_end() -> None:
    for sound, seconds in (("exit", 60), ("entry", 30)):
        gaps = call([f"s.beepGap('{sound}', {left})" for left in range(seconds, 0, -1)])
        assert gaps == sorted(gaps, reverse=True)
        assert gaps[0] == 1
        assert gaps[-1] == 0.25
        assert call([f"s.beepGap('{sound}', 0)", f"s.beepGap('{sound}', null)"]) == [None, None]
    assert call(["s.beepGap('none', 9)", "s.beepGap('alarm', null)"]) == [None, 0.5]


def test_the_look_follows_the_public_phase() -> None:
    phases = ("disarmed", "exiting", "armed", "entering", "alarm", "unknown")
    tones = call([f"s.tone({{...base, phase: '{p}'}})" for p in phases])
    assert tones == ["green", "blue", "ink", "amber", "red", "grey"]
    assert call(["s.tone({...base, open_zones: [{}]})"]) == ["amber"]


def test_digits_are_kept_in_order_bounded_and_forgotten_when_handed_over() -> None:
    told = run(
        'import { makePad } from "./pad.js"; const seen = [];'
        "const pad = makePad({ length: 6, onChange: (n) => seen.push(n), held: () => false });"
        'for (const d of "1234567") pad.push(d);'
        'pad.remove(); pad.push("9"); const full = pad.full; const code = pad.take();'
        'pad.push("1"); pad.length = 4; const cleared = pad.count;'
        "pad.clear();"
        "const told = { seen, full, code, cleared, keys: Object.keys(pad) };"
        "process.stdout.write(JSON.stringify(told));"
    )
    assert told["code"] == "123459"
    assert told["full"]
    assert told["cleared"] == 0
    assert told["seen"][:8] == [1, 2, 3, 4, 5, 6, 5, 6]
    assert not any("digit" in key or "code" in key for key in told["keys"])
