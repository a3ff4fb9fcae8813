"""A real `watchword up` for tests: real processes, free loopback ports, ended by process id."""

import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY_WAIT_S = 40.0  # two cores may be shared with another test's stack


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    held = []
    for _ in range(count):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        held.append(s)
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def watchword(
    *args: str, typed: str | None = None, wait_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "watchword", *args],
        input=typed,
        capture_output=True,
        text=True,
        timeout=wait_s,
        check=False,
    )


@dataclass
class Stack:
    """One data directory and the processes that run on it."""

    data: Path
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    up: subprocess.Popen[bytes] | None = None
    printed: str = ""

    def start(self, *, demo: bool = True) -> "Stack":
        """Start `watchword up` and wait for its word `ready`."""
        site, station, uplink = (str(p) for p in self.ports)
        command = [sys.executable, "-m", "watchword", "up", "--data", str(self.data)]
        command += ["--site-port", site, "--station-port", station, "--uplink-port", uplink]
        self.log = (self.data.parent / f"{self.data.name}.log").open("a")
        self.up = subprocess.Popen(
            [*command, "--demo"] if demo else command,
            stdout=subprocess.PIPE,
            stderr=self.log,
            bufsize=0,
        )
        self.printed = self._read_until("ready")
        return self

    def _read_until(self, word: str) -> str:
        assert self.up is not None and self.up.stdout is not None
        said = b""
        deadline = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline:
            if not select.select([self.up.stdout], [], [], 0.5)[0]:
                continue
            chunk = os.read(self.up.stdout.fileno(), 65536)
            said += chunk
            if word in said.decode().split("\n"):
                return said.decode()
            if not chunk:
                break
        logged = (self.data.parent / f"{self.data.name}.log").read_text()
        self.stop()
        raise AssertionError(f"`up` did not say {word}:\n{said.decode()}\n{logged}")

    def stop(self) -> int:
        """End it as Ctrl-C would; returns the exit status."""
        if self.up is None:
            return 0
        pids = self.pids()
        self.up.send_signal(signal.SIGINT)
        try:
            status = self.up.wait(20)
        except subprocess.TimeoutExpired:
            self.up.kill()
            status = self.up.wait()
        if self.up.stdout is not None:
            self.up.stdout.close()
        self.log.close()
        self.up = None
        for pid in pids:
            wait_gone(pid)
        return status

    def pids(self) -> list[int]:
        """The process ids of the two halves."""
        found = []
        for half in ("site", "station"):
            with suppress(OSError, ValueError):
                found.append(int((self.data / half / "pid").read_text()))
        return found

    def kill(self, half: str) -> None:
        """kill -9 one half; `up` starts it again."""
        os.kill(int((self.data / half / "pid").read_text()), signal.SIGKILL)

    @property
    def demo(self) -> dict[str, Any]:
        """What `--demo` wrote: people, console, keypad."""
        return json.loads((self.data / "demo.json").read_text())

    def ask(self, *args: str, typed: str | None = None) -> Any:
        """Run one command with --data and --json and return what it printed."""
        done = watchword(*args, "--data", str(self.data), "--json", typed=typed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def attempt(self, code: str, action: str = "disarm") -> dict[str, Any]:
        """Enter a code as a script does."""
        return self.ask("attempt", "--code", "-", "--action", action, typed=code + "\n")

    def ask_site_waiting(self) -> int:
        """How many reports the site still holds unacknowledged."""
        with (
            suppress(sqlite3.Error),
            sqlite3.connect(f"file:{self.data / 'site' / 'site.db'}?mode=ro", uri=True) as c,
        ):
            return int(c.execute("select count(*) from outbox").fetchone()[0])
        return -1

    def incidents(self) -> list[dict[str, Any]]:
        """What the station opened."""
        return self.ask("incidents")


def wait_gone(pid: int, *, within_s: float = 10.0) -> None:
    """Wait for a process to be gone."""
    until(lambda: not alive(pid), within_s=within_s)


def alive(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Any, *, within_s: float = 15.0, each_s: float = 0.05) -> Any:
    """Poll a condition on the outside of a process until it is true; returns its value."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "this did not become true in time"
        time.sleep(each_s)
