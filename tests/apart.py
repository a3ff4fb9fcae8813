"""One half as its own process, started as a service manager would, and what it had loaded."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halves import HOST, quiet_ports
from running import until, watchword

ROOT = Path(__file__).resolve().parents[1]
WAIT_S = 30.0

# Python runs a `sitecustomize` that it finds before anything else: it sees the whole life.
HOOK = """
import atexit, json, os, sys
def tell():
    with open(os.environ["MODULES_TO"], "w") as out:
        json.dump(sorted(sys.modules), out)
atexit.register(tell)
"""


@dataclass
class Process:
    """A running half of a data directory."""

    data: Path
    half: str
    ports: list[int] = field(default_factory=lambda: quiet_ports(2))
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        """Start it and wait for its word that it is ready."""
        hook = self.data.parent / f"{self.half}-hook"
        hook.mkdir(exist_ok=True)
        (hook / "sitecustomize.py").write_text(HOOK)
        path = os.pathsep.join([str(hook), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "watchword", self.half, "--data", str(self.data)]
        command += ["--host", HOST, "--port", str(self.ports[0]), "--ready-fd", str(writing)]
        if self.half == "station":
            command += ["--uplink-port", str(self.ports[1])]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                command,
                pass_fds=(writing,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path, "MODULES_TO": str(self._modules)},
            )
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            assert pipe.read() == b"ready\n", self.log.read_text()
        return self

    def stop(self) -> int:
        """End it as a service manager does; returns the exit status."""
        if self.running is None:
            return 0
        self.running.send_signal(signal.SIGTERM)
        try:
            return self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            raise
        finally:
            self.running = None

    def modules(self) -> set[str]:
        """Everything that it had imported when it ended."""
        return set(json.loads(self._modules.read_text()))

    def ask(self, *args: str, typed: str | None = None) -> Any:
        """Run one command on its directory; what it printed, as JSON."""
        done = watchword(*args, "--data", str(self.data), "--json", typed=typed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def attempt(self, code: str) -> dict[str, Any]:
        """Enter a code."""
        answer: dict[str, Any] = self.ask(
            "attempt", "--code", "-", "--action", "disarm", typed=code + "\n"
        )
        return answer

    def logged(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def until_linked(self, state: str) -> dict[str, Any]:
        """Wait until it says that its uplink is in this state; returns the line."""
        found: dict[str, Any] = until(
            lambda: next((line for line in self.logged() if line.get("state") == state), None),
            within_s=WAIT_S,
        )
        return found

    @property
    def log(self) -> Path:
        """Where it logs."""
        return self.data.parent / f"{self.half}.log"

    @property
    def _modules(self) -> Path:
        return self.data.parent / f"{self.half}-modules.json"


def forbidden_at_the_site(modules: set[str]) -> set[str]:
    """What of these the import contract `site-never-knows` forbids to a site."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["id"] == "site-never-knows")
    names = contract["forbidden_modules"]
    assert "watchword.wire.unseal" in names
    return {
        module
        for module in modules
        for name in names
        if module == name or module.startswith(f"{name}.")
    }
