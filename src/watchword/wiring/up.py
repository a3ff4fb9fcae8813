"""`watchword up`: the two halves as two interpreters, and a parent that knows neither.

The parent imports no site and no station code. It sets both up on the first start (in a
short-lived process), starts each half, starts a half again that died, and ends both when
it is told to. Its own death ends them too: each half holds the reading end of a pipe.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from watchword import __version__
from watchword.adapters.shared.control import ask
from watchword.adapters.shared.files import private_dir, write_private
from watchword.core.errors import InputError, LocalFaultError

MARK = "provisioned"
FIRST_SIGN_IN = "first-sign-in.txt"
READY_WAIT_S = 30.0  # a cold disk and an upgrade of the schema; usually under 2 s
STOP_WAIT_S = 10.0  # a half closes its store within 2 s; then it is killed
RESTART_WAIT_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # a half that cannot start must not spin a core


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the three listeners are."""

    site: int
    station: int
    uplink: int


@dataclass(slots=True)
class Half:
    """One running half and how often it died in a row."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    start_at: float = 0.0
    ready_pipe: int = -1
    waiting: bool = field(default=False)
    ready: bool = field(default=False)


def run(data: Path, *, demo: bool, host: str, ports: Ports) -> int:
    """Run both halves until told to stop; returns the exit status."""
    _check_ports(ports)
    private_dir(data)
    with _only_one(data), _signals() as stopped:
        mark = f"{__version__} {host} {ports.site} {ports.station} {ports.uplink} {demo}"
        if not _provisioned(data, mark):
            _provision(data, demo=demo, host=host, ports=ports)
            write_private(data / MARK, mark.encode())
        return _supervise(_halves(data, host, ports), stopped, lambda: _announce(data, host, ports))


def _check_ports(ports: Ports) -> None:
    used = [p for p in (ports.site, ports.station, ports.uplink) if p]
    if len(set(used)) != len(used):
        raise InputError(
            "Two of the three ports are the same.",
            hint="Give --site-port, --station-port and --uplink-port different numbers.",
        )


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    handle = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise LocalFaultError(
                f"`watchword up` already runs on {data}.",
                hint="Stop it first, or choose another directory with --data.",
            ) from e
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """The reading end of a pipe that gets a byte for each SIGINT, SIGTERM or dead child."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    kept = {
        s: signal.signal(s, lambda *_: None)
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    }
    try:
        yield reading
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def _provisioned(data: Path, mark: str) -> bool:
    """Whether this very set-up was finished before: then the halves start at once."""
    try:
        return (data / MARK).read_text() == mark
    except OSError:
        return False


def _provision(data: Path, *, demo: bool, host: str, ports: Ports) -> None:
    command = [sys.executable, "-m", "watchword", "provision", "--data", str(data)]
    command += ["--host", host, "--site-port", str(ports.site)]
    command += ["--station-port", str(ports.station), "--uplink-port", str(ports.uplink)]
    done = subprocess.run(
        [*command, "--demo"] if demo else command, check=False, start_new_session=True
    )
    if done.returncode:
        raise LocalFaultError("The first set-up did not finish.", hint="The reason stands above.")


def _halves(data: Path, host: str, ports: Ports) -> tuple[Half, ...]:
    start = [sys.executable, "-m", "watchword"]
    common = ["--data", str(data), "--host", host]
    uplink = ["--uplink-port", str(ports.uplink)]
    return (
        Half(
            "station",
            [*start, "station", *common, "--port", str(ports.station), *uplink],
        ),
        Half("site", [*start, "site", *common, "--port", str(ports.site)]),
    )


def _start(half: Half, parent_pipe: int) -> None:
    half.ready_pipe, writing = os.pipe()
    half.waiting, half.ready = True, False
    half.process = subprocess.Popen(
        [*half.command, "--ready-fd", str(writing), "--parent-fd", str(parent_pipe)],
        pass_fds=(writing, parent_pipe),
        stdin=subprocess.DEVNULL,
        # Ctrl-C goes to the whole terminal group; the halves are ended by us, in order.
        start_new_session=True,
    )
    os.close(writing)


def _supervise(halves: tuple[Half, ...], stopped: int, announce: Any) -> int:
    alive, held = os.pipe()
    try:
        for half in halves:
            _start(half, alive)
        deadline = time.monotonic() + READY_WAIT_S
        announced = False
        while True:
            if _told_to_stop(halves, stopped):
                return 0
            _restart_dead(halves, alive, announced=announced)
            if not announced and all(h.ready for h in halves):
                announce()
                announced = True
            if not announced and time.monotonic() > deadline:
                raise LocalFaultError(
                    "A half did not get ready in time.", hint="Its log stands above."
                )
    finally:
        _stop(halves)
        os.close(held)
        os.close(alive)


def _told_to_stop(halves: tuple[Half, ...], stopped: int) -> bool:
    """Wait up to a second for a signal or for a half to get ready; True on SIGINT or SIGTERM."""
    with selectors.DefaultSelector() as selector:
        selector.register(stopped, selectors.EVENT_READ)
        for half in halves:
            if half.waiting:
                selector.register(half.ready_pipe, selectors.EVENT_READ, half)
        told = False
        for event, _ in selector.select(timeout=1.0):
            if event.data is None:
                told = any(
                    n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
                    for n in os.read(stopped, 64)
                )
            else:
                _heard(event.data)
        return told


def _heard(half: Half) -> None:
    # The end of the pipe without a word is a half that is dying, seen before it is dead.
    half.ready = bool(os.read(half.ready_pipe, 16))
    if half.ready:
        half.deaths = 0
    os.close(half.ready_pipe)
    half.ready_pipe = -1
    half.waiting = False


def _restart_dead(halves: tuple[Half, ...], parent_pipe: int, *, announced: bool) -> None:
    for half in halves:
        if half.process is not None and half.process.poll() is not None:
            if not announced:
                raise LocalFaultError(
                    f"The {half.name} did not start.", hint="The reason stands above."
                )
            half.process = None
            wait_s = RESTART_WAIT_S[min(half.deaths, len(RESTART_WAIT_S) - 1)]
            half.deaths += 1
            half.start_at = time.monotonic() + wait_s
            with contextlib.suppress(OSError):  # nobody reads it any more: go on all the same
                typer.echo(f"the {half.name} ended; starting it again in {wait_s:g} s", err=True)
        if half.process is None and time.monotonic() >= half.start_at:
            if half.waiting:
                _heard(half)
            _start(half, parent_pipe)


def _stop(halves: tuple[Half, ...]) -> None:
    """End the site first: what it says last still reaches the station."""
    for half in reversed(halves):
        if half.process is None:
            continue
        half.process.terminate()
        try:
            half.process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            half.process.kill()
            half.process.wait()
        if half.waiting:
            os.close(half.ready_pipe)
            half.waiting = False


def _announce(data: Path, host: str, ports: Ports) -> None:
    base = f"http://{host}"
    shown = _refreshed_demo(data, host, ports)
    console = _console_url(host, ports)
    pairing = f"{base}:{ports.site}/  (pair it: watchword pair keypad --data {data})"
    typer.echo(f"keypad     {shown.get('keypad', {}).get('url', pairing)}")
    typer.echo(f"console    {console}")
    typer.echo(f"enrolment  {console}enrol  (links come from the console: Sites)")
    if shown:
        who = shown["console"]
        typer.echo(f"sign in as {who['user']} with {who['password']}")
        for one in shown["people"]:
            typer.echo(f"  {one['name']:<16} normal {one['normal']}   duress {one['duress']}")
    elif (data / "station" / FIRST_SIGN_IN).exists():
        typer.echo(f"sign in with what {data / 'station' / FIRST_SIGN_IN} says, then delete it")
    typer.echo("ready")


def _refreshed_demo(data: Path, host: str, ports: Ports) -> dict[str, Any]:
    """The demo's people and addresses, with a fresh one-time link for its keypad."""
    path = data / "demo.json"
    if not path.exists():
        return {}
    shown: dict[str, Any] = json.loads(path.read_text())
    offer = asyncio.run(ask(data / "site" / "control.sock", "keypad-offer"))
    shown["keypad"] = {"url": offer["url"]}
    shown["console"]["url"] = _console_url(host, ports)
    write_private(path, json.dumps(shown, indent=2).encode())
    return shown


def _console_url(host: str, ports: Ports) -> str:
    """The console under another name than the keypad: browsers keep cookies by name, not port."""
    return f"http://{'localhost' if host == '127.0.0.1' else host}:{ports.station}/"
