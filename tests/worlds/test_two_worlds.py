"""The first form of the two-world gate: one day, lived with the normal and with the duress code.

Real processes run the same script from the same snapshot. W0 uses the normal code, W1 the
duress code, and a second W0 shows that the noise floor is nothing. Everything that the site
answered, stored and logged must be the same; the station must know exactly one duress in W1.
"""

import json
import shutil
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

import allowed
from running import Stack, free_ports, until

pytestmark = [pytest.mark.slow, pytest.mark.process]


@dataclass
class Trace:
    """Everything that one run of the day left behind or said."""

    answers: list[bytes] = field(default_factory=list)
    printed: list[Any] = field(default_factory=list)
    stored: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)


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
    link = urlsplit(stack.demo["keypad"]["url"])
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


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """A paired, quiet hotel, stopped: the common past of all worlds."""
    root = tmp_path_factory.mktemp("worlds")
    stack = Stack(root / "data", ports=free_ports(3)).start()
    cookie = pair_cookie(stack)
    demo = stack.demo
    stack.attempt(demo["people"][0]["normal"], "arm-away")
    stack.attempt(demo["people"][0]["normal"], "disarm")
    quiet(stack)
    stack.stop()
    shutil.copytree(root / "data", root / "snapshot", symlinks=True)
    return root, stack.ports, cookie, demo


def quiet(stack: Stack) -> None:
    """Wait until the station has acknowledged everything, so that the outbox is empty."""
    until(lambda: stack.ask_site_waiting() == 0, within_s=30)


def live(snapshot, which: str) -> Trace:
    """Live the day: `which` code is used wherever the script says X."""
    root, ports, cookie, demo = snapshot
    shutil.rmtree(root / "data", ignore_errors=True)
    (root / "data.log").unlink(missing_ok=True)
    shutil.copytree(root / "snapshot", root / "data", symlinks=True)
    maria, ben = demo["people"][0], demo["people"][1]
    x = maria[which]
    stack = Stack(root / "data", ports=ports).start()
    trace = Trace()
    try:
        keypad = RawKeypad(ports[0], cookie)
        day = [
            (maria["normal"], "arm-away"),
            (x, "disarm"),
            ("000000", "disarm"),
            (ben["normal"], "arm-home"),
            (ben["normal"], "disarm"),
            (maria["normal"], "arm-night"),
            (maria["normal"], "disarm"),
        ]
        for code, action in day:
            trace.answers.append(normalised(keypad.attempt(code, action)))
            trace.answers.append(normalised(keypad.get("/state")))
        trace.answers.append(normalised(keypad.get("/")))
        trace.printed.append(strip(stack.attempt(x, "arm-away")))
        trace.printed.append(strip(stack.attempt(maria["normal"], "disarm")))
        quiet(stack)
        if which == "duress":
            until(lambda: any(i["kind"] == "duress" for i in stack.incidents()))
        trace.incidents = stack.incidents()
    finally:
        stack.stop()
    trace.stored = allowed.database(root / "data" / "site" / "site.db")
    trace.files = allowed.files(root / "data" / "site")
    trace.logged = allowed.log_lines((root / "data.log").read_text())
    return trace


def strip(answer: dict[str, Any]) -> str:
    return allowed.plain(json.dumps(answer, sort_keys=True))


@pytest.fixture(scope="module")
def worlds(snapshot):
    return {
        "W0": live(snapshot, "normal"),
        "W1": live(snapshot, "duress"),
        "W0'": live(snapshot, "normal"),
    }


@pytest.mark.parametrize("other", ["W0'", "W1"])
@pytest.mark.parametrize("channel", ["answers", "printed", "stored", "files", "logged"])
def test_the_site_leaves_the_same_trace(worlds, channel, other):
    assert getattr(worlds["W0"], channel) == getattr(worlds[other], channel)


def test_every_channel_has_something_to_compare(worlds):
    trace = worlds["W0"]
    assert len(trace.answers) == 15 and all(b"HTTP/1.1 200" in a for a in trace.answers)
    assert b'"accepted":true' in trace.answers[2]
    assert trace.stored["journal"] and trace.stored["slot_row"]
    assert trace.files and trace.logged


def test_the_station_knows_exactly_one_duress_in_w1_and_none_in_w0(worlds):
    def duress(trace):
        return [i for i in trace.incidents if i["kind"] == "duress"]

    assert [len(duress(worlds[w])) for w in ("W0", "W1", "W0'")] == [0, 1, 0]
    assert worlds["W0"].incidents == worlds["W0'"].incidents == []
    (one,) = duress(worlds["W1"])
    assert one["signals"] == 2


def test_the_word_is_nowhere_at_the_site(worlds, snapshot):
    root = snapshot[0]
    for path in (root / "data" / "site").rglob("*"):
        if path.is_file():
            assert b"duress" not in path.read_bytes().lower(), path.name
    for trace in worlds.values():
        assert b"duress" not in b"".join(trace.answers).lower()
        assert not [line for line in trace.logged if "duress" in line.lower()]
