"""Runs the page's own modules outside a browser, in Node; Playwright brings one along."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright._impl._driver import compute_driver_executable

from watchword.web.enrol.routes import STATIC
from watchword.web.shared.assets import SHARED_STATIC

WAIT_S = 60


def lay_out(folder: Path) -> Path:
    """The static files as the station serves them: enrol/ and shared/ side by side."""
    shutil.copytree(STATIC, folder / "enrol")
    shutil.copytree(SHARED_STATIC / "vendor" / "hpke", folder / "shared" / "vendor" / "hpke")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return folder


def run(folder: Path, script: str, given: Any = None) -> Any:
    """Run a module whose `given` is this value; what it passes to `answer` comes back.

    The script imports from "./enrol/..." and "./shared/...".
    """
    start = (
        "import { readFileSync, writeSync } from 'node:fs';\n"
        "const given = JSON.parse(readFileSync(0, 'utf8'));\n"
        "const answer = (value) => writeSync(1, JSON.stringify(value));\n"
    )
    path = folder / "script.mjs"
    path.write_text(start + script, encoding="utf-8")
    node = shutil.which("node") or str(compute_driver_executable()[0])
    done = subprocess.run(
        [node, path.name],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
