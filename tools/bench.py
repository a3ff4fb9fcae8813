"""Measures the budgets of the design's section 6 that this machine can show, and prints them.

Times are taken beside the machine's own fdatasync in the same run, because machines are noisy:
quote ratios. Run it by `make bench`; nothing here is a test, and nothing is asserted.
"""

import json
import os
import re
import select
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ATTEMPTS = 60
IDLE_S = 20.0
STARTS = 5
SYNCS = 300
BUDGETS = {
    "start": "≤ 3 s",
    "durable": "p99 < 1 s",
    "browser": "p99 < 1.5 s",
    "rss": "≤ 120 MB",
    "cpu": "≤ 2 % of a core",
    "sealed": "p50 ≤ 10 times fdatasync",
}


def main() -> None:
    """Run every measurement that this machine has the parts for."""
    with tempfile.TemporaryDirectory(prefix="watchword-bench-") as folder:
        root = Path(folder)
        sync_s = fdatasync_s(root)
        say("fdatasync of 4 KiB on this disk, p50", ms(sync_s))
        starts = [Hotel(root / f"start{n}").start_and_stop() for n in range(STARTS)]
        say("first start of `up` to ready, median", f"{statistics.median(starts):.2f} s", "start")
        again = Hotel(root / "start0")
        say("later start of `up` to ready", f"{again.start_and_stop():.2f} s", "start")
        hotel = Hotel(root / "bench", interval_s=0.5)
        hotel.start()
        try:
            idle(hotel)
            attempts(hotel)
        finally:
            hotel.stop()
        sealed_to_durable(root, sync_s)


def say(what: str, figure: str, budget: str = "") -> None:
    """Print one line."""
    wanted = f"   budget {BUDGETS[budget]}" if budget else ""
    print(f"{what:<58} {figure:>22}{wanted}", flush=True)


def ms(seconds: float) -> str:
    """Milliseconds for people."""
    return f"{seconds * 1000:.2f} ms"


def spread(values: list[float]) -> str:
    """The median and the 99th percentile."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {statistics.median(ordered) * 1000:.0f} p99 {p99 * 1000:.0f} ms"


def fdatasync_s(root: Path) -> float:
    """The median time of one fdatasync after a 4 KiB write."""
    times = []
    with (root / "sync").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)


class Hotel:
    """A demo hotel in a folder of its own."""

    def __init__(self, data: Path, *, interval_s: float | None = None) -> None:
        self.data = data
        self.interval_s = interval_s
        self.ports = free_ports(3)
        self.up: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start and wait for `ready`; returns the seconds that took."""
        if self.interval_s is not None and not (self.data / "site" / "site.toml").exists():
            self.start_and_stop()
            path = self.data / "site" / "site.toml"
            text = re.sub(
                r"attempt_interval_s = [\d.]+",
                f"attempt_interval_s = {self.interval_s}",
                path.read_text(),
            )
            path.write_text(text)
        names = ("--site-port", "--station-port", "--uplink-port")
        ports = [word for pair in zip(names, map(str, self.ports), strict=True) for word in pair]
        command = [sys.executable, "-m", "watchword", "up", "--demo", "--data", str(self.data)]
        begun = time.perf_counter()
        self.up = subprocess.Popen(
            [*command, *ports], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        said = b""
        while b"\nready\n" not in said:
            assert self.up.stdout is not None
            select.select([self.up.stdout], [], [])
            chunk = os.read(self.up.stdout.fileno(), 65536)
            if not chunk:
                raise SystemExit("`watchword up` ended before it was ready")
            said += chunk
        return time.perf_counter() - begun

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.up is not None:
            self.up.send_signal(signal.SIGINT)
            self.up.wait()
            self.up = None

    def start_and_stop(self) -> float:
        """One start, timed."""
        kept, self.interval_s = self.interval_s, None
        took = self.start()
        self.interval_s = kept
        self.stop()
        return took

    def pid(self, half: str) -> int:
        """The process id of a half."""
        return int((self.data / half / "pid").read_text())

    def incident(self) -> str:
        """The first incident's id."""
        command = [sys.executable, "-m", "watchword", "incidents", "--json"]
        done = subprocess.run([*command, "--data", str(self.data)], capture_output=True, check=True)
        found: str = json.loads(done.stdout)[0]["id"]
        return found

    @property
    def demo(self) -> dict[str, Any]:
        """Codes and addresses."""
        found: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        return found


def idle(hotel: Hotel) -> None:
    """Memory and processor time of an idle site, after the fast shape of its first link."""
    time.sleep(12)
    pid = hotel.pid("site")
    before = cpu_s(pid)
    time.sleep(IDLE_S)
    used = (cpu_s(pid) - before) / IDLE_S * 100
    say("idle site, resident memory", f"{rss_mb(pid):.0f} MB", "rss")
    say(f"idle site, processor over {IDLE_S:.0f} s", f"{used:.2f} %", "cpu")
    say("idle station, resident memory", f"{rss_mb(hotel.pid('station')):.0f} MB")


def attempts(hotel: Hotel) -> None:
    """From the keypad's request to the envelope's commit, and to an operator's page."""
    keypad = Keypad(hotel)
    maria = hotel.demo["people"][0]
    sent: list[float] = []
    keypad.attempt(maria["duress"], "disarm", 0)
    time.sleep(2)
    with Console(hotel) as console:
        console.look_at(hotel.incident())
        for n in range(1, ATTEMPTS + 1):
            sent.append(time.time())
            keypad.attempt(maria["duress"], "disarm", n)
            time.sleep(0.6)
        time.sleep(2)
        shown = console.changes()
    durable = commits(hotel)[-ATTEMPTS:]
    say(
        f"keypad → durable at the station, {ATTEMPTS} attempts, 250 ms tick",
        spread([max(0.0, d - s) for s, d in zip(sent, durable, strict=True)]),
        "durable",
    )
    if shown is None:
        say("keypad → in an operator's browser", "no Chromium here")
        return
    first_after = [min((c for c in shown if c > s), default=s + 9) - s for s in sent]
    say("keypad → in an operator's browser", spread(first_after), "browser")


def sealed_to_durable(root: Path, sync_s: float) -> None:
    """Seal, commit at the site, commit at the station: ticks and the network taken off."""
    from watchword.core.words import Event, ReportClass
    from watchword.site.reports import Fact, Reports, as_cell
    from watchword.storage.shared import migrate
    from watchword.storage.shared.store import Store
    from watchword.storage.site import queries as site_q
    from watchword.storage.site.queries import Identity
    from watchword.storage.station import queries as station_q
    from watchword.wire.seal import KeyPair, key_id

    stores = {}
    for half in ("site", "station"):
        url = f"sqlite:///{root / half}.db"
        migrate.ensure(url, half)
        stores[half] = Store(url, name=half)
        stores[half].start()
    station = KeyPair.generate()
    names = ("a" * 32, 1, "Bench", station.public, key_id(station.public), "f" * 64, (), 250, "SP5")
    reports = Reports(Identity(*names, 0))
    stores["station"].write_now(lambda c: one_site(c, station_q))
    times = []
    for _ in range(300):
        start = time.perf_counter()
        fact = Fact(Event.ATTEMPT_ACCEPTED, ReportClass.VALID)
        cell = reports.make(fact, payload=reports.nothing_to_say(), at_ms=1)
        stores["site"].write_now(lambda c, cell=cell: site_q.outbox_add(c, cell))
        wire = as_cell(cell)
        envelope = station_q.Envelope(
            site="a" * 32,
            epoch=wire.epoch,
            report_class=wire.cls,
            counter=wire.counter,
            key_id=wire.key_id,
            body=wire.body,
            received_ms=1,
        )
        stores["station"].write_now(lambda c, e=envelope: station_q.envelopes_add(c, [e]))
        times.append(time.perf_counter() - start)
    for store in stores.values():
        store.close()
    p50 = statistics.median(times)
    say("sealed → durable at both ends, p50", ms(p50))
    say("the same, against this disk's fdatasync", f"{p50 / sync_s:.1f} times", "sealed")


def one_site(c: Any, queries: Any) -> None:
    """The rows that an envelope refers to."""
    queries.organisation_add(c, queries.OrganisationRow("o" * 32, "Bench"))
    queries.region_add(c, queries.RegionRow("r" * 32, "o" * 32, "Bench"))
    texts = ("Bench", "", "", "", "UTC", "staffed", "SP5", "private")
    queries.site_add(c, queries.SiteRow("a" * 32, 1, "r" * 32, *texts, 6, None, None, None, 0))


class Keypad:
    """A paired keypad without a browser."""

    def __init__(self, hotel: Hotel) -> None:
        self.base = f"http://127.0.0.1:{hotel.ports[0]}"
        opener = urllib.request.build_opener(NoRedirect)
        try:
            answer = opener.open(hotel.demo["keypad"]["url"], timeout=10)
        except urllib.error.HTTPError as e:
            answer = e
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    def attempt(self, code: str, action: str, number: int) -> None:
        """One attempt, to its answer."""
        id_ = f"00000000-0000-4000-8000-{number:012d}"
        body = json.dumps({"code": code, "action": action, "id": id_}).encode()
        headers = {
            "cookie": self.cookie,
            "origin": self.base,
            "x-watchword": "1",
            "content-type": "application/json",
        }
        request = urllib.request.Request(f"{self.base}/attempt", body, headers)
        urllib.request.urlopen(request, timeout=30).read()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keeps the redirect's own headers."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Do not follow."""


class Console:
    """An operator's page in Chromium that notes when its incident changes."""

    WATCH = """() => {
      const count = () => document.querySelectorAll('#incident-timeline li').length;
      let known = count();
      window.rows = [];
      new MutationObserver(() => {
        const now = count();
        if (now > known) window.rows.push(Date.now() / 1000);
        if (now) known = now;
      }).observe(document.body, {childList: true, subtree: true});
    }"""

    def __init__(self, hotel: Hotel) -> None:
        self.hotel = hotel
        self.page: Any = None
        self.end: list[Callable[[], None]] = []

    def __enter__(self) -> "Console":
        try:
            from playwright.sync_api import sync_playwright

            started = sync_playwright().start()
            self.end.append(started.stop)
            browser = started.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            self.end.append(browser.close)
        except Exception:  # no browser here: the other figures still count
            return self
        demo = self.hotel.demo["console"]
        self.page = browser.new_page()
        self.page.goto(demo["url"])
        self.page.fill("#user", demo["user"])
        self.page.fill("#password", demo["password"])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/")
        return self

    def look_at(self, incident: str) -> None:
        """Open an incident and note from here on when its timeline grows."""
        if self.page is None:
            return
        self.page.goto(f"{self.hotel.demo['console']['url']}incidents/{incident}")
        self.page.evaluate(self.WATCH)

    def changes(self) -> list[float] | None:
        """When the timeline grew, UTC seconds."""
        found: list[float] | None = self.page and self.page.evaluate("() => window.rows")
        return found

    def __exit__(self, *_: object) -> None:
        for end in reversed(self.end):
            end()


def commits(hotel: Hotel) -> list[float]:
    """When each attempt's envelope was received, UTC seconds; it is committed right after."""
    with sqlite3.connect(hotel.data / "station" / "station.db") as c:
        rows = c.execute(
            "select received_ms from envelope where report_class = 2 order by id"
        ).fetchall()
    return [row[0] / 1000 for row in rows]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    held = [socket.socket() for _ in range(count)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found.group(1)) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
