"""One day at the sample hotel, watched on every channel that the premises have.

The two halves run as their own processes; the site's uplink goes through a recording proxy and
its process through `strace` where that may be used. `live` runs the day with the normal or with
the other code of the first person and returns everything that the site said, wrote, sent or did.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import allowed
from running import Stack, free_ports, until, wait_gone
from watchword.adapters.shared.control import ask

READY_S = 40.0
INTERVAL_S = 0.5  # between two attempts at one keypad; the least that settings allow
TICK_S = 0.25
FAST_S = 10.0  # how long a link is in its fast shape after it was made

# Calls by which a process leaves something behind, or talks to somebody.
CALLS = (
    "creat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,mkdirat"
)
CALLS += ",chmod,fchmod,fchmodat,utimensat,utime,utimes,truncate,openat,open,connect,execve"


@dataclass
class Trace:
    """Everything that one run of the day left behind, said or did."""

    answers: list[bytes] = field(default_factory=list)
    printed: list[Any] = field(default_factory=list)
    streamed: list[str] = field(default_factory=list)
    stored: dict[str, Any] = field(default_factory=dict)
    written: dict[str, list[Any]] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)
    core_dumps: str = ""
    incidents: list[dict[str, Any]] = field(default_factory=list)


CHANNELS = tuple(name for name in Trace.__dataclass_fields__ if name != "incidents")


@dataclass
class Snapshot:
    """The common past of all worlds: a paired, quiet hotel, stopped."""

    root: Path
    ports: list[int]
    uplink: int  # where the site dials; the proxy is there
    cookie: str
    demo: dict[str, Any]


class Halves(Stack):
    """The two halves without `up`, so that what is between and around them can be watched."""

    source: Path | None = None  # another source for the site, with a leak planted in it
    dialled: int = 0
    calls: Path | None = None
    site: "subprocess.Popen[bytes] | None" = None

    def start(self, *, demo: bool = True) -> "Halves":
        """Start station and site and wait until both are ready."""
        site, station, uplink = self.ports
        where = ["--data", str(self.data), "--host", "127.0.0.1"]
        ask = ["--site-port", str(site), "--station-port", str(station)]
        ask += ["--uplink-port", str(self.dialled or uplink)]
        watchword = [sys.executable, "-m", "watchword"]
        subprocess.run(
            [*watchword, "provision", *where, *ask, *(["--demo"] if demo else [])], check=True
        )
        self.up = self._half(
            "station",
            [*watchword, "station", *where, "--port", str(station), "--uplink-port", str(uplink)],
        )
        # Compiled modules would be files that one world writes and the next one finds.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        if self.source is not None:
            environment["PYTHONPATH"] = str(self.source)
        watched = []
        if self.calls is not None:
            watched = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}"]
            watched += ["-o", str(self.calls)]
        command = [*watched, *watchword, "site", *where, "--port", str(site)]
        self.site = self._half("site", command, environment)
        return self

    def _half(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        reading, writing = os.pipe()
        path = self.data.parent / f"{name}.log"
        with path.open("w") as log:
            half = subprocess.Popen(
                [*command, "--ready-fd", str(writing)],
                pass_fds=(writing,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        os.close(writing)
        said = os.read(reading, 16)
        os.close(reading)
        assert said == b"ready\n", f"the {name} did not start:\n{path.read_text()}"
        return half

    def limit(self, name: str) -> str:
        """What the kernel allows the site's process, soft and hard."""
        pid = (self.data / "site" / "pid").read_text().strip()
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
        line = next(x for x in lines if x.startswith(f"Max {name}"))
        return " ".join(line.removeprefix(f"Max {name}").split()[:2])

    def stop(self) -> int:
        """End both as `up` does: the site first."""
        for half, name in ((self.site, "site"), (self.up, "station")):
            if half is None:
                continue
            with suppress(OSError, ValueError):
                pid = int((self.data / name / "pid").read_text())
                os.kill(pid, signal.SIGTERM)
                wait_gone(pid, within_s=20)
            half.wait(20)
        self.up = self.site = None
        return 0


class Proxy:
    """Passes the uplink on and writes down each TLS record: when, which way, what, how long."""

    def __init__(self, port: int, to: int) -> None:
        self.records: list[tuple[float, str, int, int]] = []
        self.connections = 0
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", port))
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a close alone would leave `accept` waiting
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            try:
                other = socket.create_connection(("127.0.0.1", self._to), timeout=10)
            except OSError:
                one.close()  # the station is not up yet
                continue
            self.connections += 1
            for reader, writer, way in ((one, other, "up"), (other, one, "down")):
                reader.settimeout(None)
                threading.Thread(
                    target=self._carry, args=(reader, writer, way), daemon=True
                ).start()

    def _carry(self, reader: socket.socket, writer: socket.socket, way: str) -> None:
        rest = b""
        with suppress(OSError):
            while data := reader.recv(65536):
                writer.sendall(data)
                rest += data
                while len(rest) >= 5 and len(rest) >= 5 + int.from_bytes(rest[3:5], "big"):
                    size = int.from_bytes(rest[3:5], "big")
                    self.records.append((time.monotonic(), way, rest[0], size))
                    rest = rest[5 + size :]
        for end in (reader, writer):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        reader.close()  # the other thread's own is the writer

    def seen(self, begun: float, ended: float) -> dict[str, Any]:
        """What an observer of the line sees of the link between two moments of its calm shape.

        How many ticks there were is a matter of time; more frames than ticks are a fact.
        """
        calm = [r for r in self.records if begun <= r[0] < ended]
        ticks = int((ended - begun) / TICK_S) + 2  # one at either end
        frames = {way: sum(r[1] == way for r in calm) for way in ("up", "down")}
        return {
            "connections": self.connections,
            "sizes": sorted({(way, kind, size) for _, way, kind, size in calm}),
            "more than ticks": {way: max(0, count - ticks) for way, count in frames.items()},
        }


class Listener(threading.Thread):
    """A second screen: the keypad's stream of states, each different one once."""

    def __init__(self, port: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self.lines: list[str] = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        head = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        self._socket.sendall(head.encode())

    def run(self) -> None:
        rest = b""
        with suppress(OSError):
            while data := self._socket.recv(65536):
                rest += data
                *whole, rest = rest.split(b"\n")
                for line in whole:
                    self._heard(line.decode().strip())

    def end(self) -> list[str]:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self._socket.close()
        return self.lines

    def _heard(self, line: str) -> None:
        if not line or re.fullmatch("[0-9a-f]+", line) or line.lower().startswith("date:"):
            return  # a chunk's length
        said = re.sub(r'"countdown_s":\d+', '"countdown_s":"<moment>"', allowed.plain(line))
        if said not in self.lines[-1:]:
            self.lines.append(said)


class RawKeypad:
    """A paired browser without a browser: the very bytes of each answer."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie, self._number = port, cookie, 0

    def get(self, path: str) -> bytes:
        return self._exchange(f"GET {path} HTTP/1.1", b"")

    def attempt(self, code: str, action: str) -> bytes:
        self._number += 1
        id_ = f"00000000-0000-4000-8000-{self._number:012d}"
        body = json.dumps({"code": code, "action": action, "id": id_}).encode()
        return self._exchange("POST /attempt HTTP/1.1", body)

    def _exchange(self, line: str, body: bytes) -> bytes:
        origin = f"http://127.0.0.1:{self._port}"
        head = [
            line,
            f"Host: 127.0.0.1:{self._port}",
            f"Cookie: {self._cookie}",
            "Connection: close",
        ]
        if body:
            head += [f"Origin: {origin}", "X-Watchword: 1", "Content-Type: application/json"]
            head += [f"Content-Length: {len(body)}"]
        with socket.create_connection(("127.0.0.1", self._port), timeout=30) as s:
            s.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            chunks = []
            while chunk := s.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks)


def pair_cookie(stack: Stack) -> str:
    offer = asyncio.run(ask(stack.data / "site" / "control.sock", "keypad-offer"))
    link = urlsplit(offer["url"])
    with socket.create_connection((link.hostname, link.port), timeout=30) as s:
        s.sendall(
            f"GET {link.path} HTTP/1.1\r\nHost: {link.netloc}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while chunk := s.recv(65536):
            answer += chunk
    line = next(x for x in answer.decode().split("\r\n") if x.lower().startswith("set-cookie:"))
    return line.split(":", 1)[1].split(";")[0].strip()


def normalised(raw: bytes) -> bytes:
    """An HTTP answer with its Date and the moments in its body replaced."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"date:")]
    return b"\r\n".join(lines) + b"\r\n\r\n" + allowed.plain(body.decode()).encode()


def quiet(stack: Stack) -> None:
    """Wait until the station has acknowledged everything, so that the outbox is empty."""
    until(lambda: stack.ask_site_waiting() == 0, within_s=30)


def take_snapshot(root: Path) -> Snapshot:
    """Set the hotel up, live a little, stop, and let its database write down what is done to it."""
    ports, uplink = free_ports(3), free_ports(1)[0]
    stack = Halves(root / "data", ports=ports).start()
    try:
        cookie = pair_cookie(stack)
        demo = stack.demo
        stack.attempt(demo["people"][0]["normal"], "arm-away")
        stack.attempt(demo["people"][0]["normal"], "disarm")
        quiet(stack)
    finally:
        stack.stop()
    settings = root / "data" / "site" / "site.toml"
    text, count = re.subn(
        r"attempt_interval_s = [\d.]+", f"attempt_interval_s = {INTERVAL_S}", settings.read_text()
    )
    assert count == 1
    settings.write_text(text)
    allowed.keep_history(root / "data" / "site" / "site.db")
    shutil.copytree(root / "data", root / "snapshot", symlinks=True)
    return Snapshot(root, ports, uplink, cookie, demo)


def live(
    snapshot: Snapshot, which: str, *, source: Path | None = None, short: bool = False
) -> Trace:
    """Live the day: `which` code is used wherever the script says X.

    `source` is another source for the site; a `short` day has no quiet hours in which the line
    is watched, and ends after the first attempts.
    """
    root = snapshot.root
    shutil.rmtree(root / "data", ignore_errors=True)
    shutil.copytree(root / "snapshot", root / "data", symlinks=True)
    stack = Halves(root / "data", ports=snapshot.ports)
    stack.source, stack.dialled = source, snapshot.uplink
    stack.calls = root / "calls" if may_trace() else None
    proxy = Proxy(snapshot.uplink, snapshot.ports[2])
    trace = Trace()
    try:
        linked = time.monotonic()
        stack.start()
        _day(stack, snapshot, which, trace, short=short)
        if not short:
            trace.sent = _watch_line(stack, snapshot, which, proxy, linked)
        quiet(stack)
        if which == "duress":
            until(lambda: any(i["kind"] == "duress" for i in stack.incidents()))
        trace.incidents = stack.incidents()
        trace.core_dumps = stack.limit("core file size")
    finally:
        stack.stop()
        proxy.close()
    site = root / "data" / "site"
    trace.written = allowed.history(site / "site.db")
    trace.stored = allowed.database(site / "site.db")
    trace.files = allowed.files(site, root / "snapshot" / "site")
    trace.logged = allowed.log_lines((root / "site.log").read_text())
    if stack.calls is not None:
        trace.touched = allowed.calls(stack.calls.read_text(), root)
    return trace


def _day(stack: Stack, snapshot: Snapshot, which: str, trace: Trace, *, short: bool) -> None:
    maria, ben = snapshot.demo["people"][:2]
    x = maria[which]
    keypad = RawKeypad(snapshot.ports[0], snapshot.cookie)
    screen = Listener(snapshot.ports[0], snapshot.cookie)
    screen.start()
    day = [
        (maria["normal"], "arm-away"),
        (x, "disarm"),
        ("000000", "disarm"),
        (ben["normal"], "arm-home"),
        (ben["normal"], "disarm"),
        (maria["normal"], "arm-night"),
        (maria["normal"], "disarm"),
    ]
    for code, action in day[:4] if short else day:
        trace.answers.append(normalised(keypad.attempt(code, action)))
        trace.answers.append(normalised(keypad.get("/state")))
    trace.answers.append(normalised(keypad.get("/")))
    if not short:
        trace.printed.append(_strip(stack.attempt(x, "arm-away")))
        trace.printed.append(_strip(stack.attempt(maria["normal"], "disarm")))
    until(lambda: any("data:" in line for line in screen.lines[-1:]))
    trace.streamed = screen.end()


def _watch_line(
    stack: Stack, snapshot: Snapshot, which: str, proxy: Proxy, linked: float
) -> dict[str, Any]:
    """Attempts while the link is in its calm shape, and what of them is on the line."""
    until(lambda: time.monotonic() > linked + FAST_S + 4 and proxy.connections, within_s=60)
    begun = time.monotonic()
    keypad = RawKeypad(snapshot.ports[0], snapshot.cookie)
    keypad._number = 100  # other ids than the day's
    keypad.attempt(snapshot.demo["people"][0][which], "arm-away")
    keypad.attempt(snapshot.demo["people"][0][which], "disarm")
    quiet(stack)
    time.sleep(2 * TICK_S)
    return proxy.seen(begun, time.monotonic())


def _strip(answer: dict[str, Any]) -> str:
    return allowed.plain(json.dumps(answer, sort_keys=True))


@cache
def may_trace() -> bool:
    """Whether the system lets one process look at another's calls."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
