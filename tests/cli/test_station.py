"""`watchword station` as a process: what stops it, and that it is what a site must not be."""

import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from apart import Process, forbidden_at_the_site
from halves import HOST, Halves
from running import watchword
from telling import one_line
from untouched import unchanged

pytestmark = [pytest.mark.slow, pytest.mark.process]


def run(data: Path, *more: str):  # type: ignore[no-untyped-def]
    return watchword("station", "--data", str(data), *more)


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    def wreck(station: Path) -> None:
        for path in station.glob(f"{name}-*"):
            path.unlink()
        (station / name).write_bytes(content)

    return wreck


def newer(station: Path) -> None:
    with closing(sqlite3.connect(station / "station.db")) as c:
        c.execute("update alembic_version set version_num = 'station_9999'")
        c.commit()


def unknown_server(station: Path) -> None:
    text = (station / "station.toml").read_text()
    changed = text.replace('database = ""', 'database = "mysql://me:hunter2@db/x"')
    assert changed != text
    (station / "station.toml").write_text(changed)


CASES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "corrupt database": (spoil("station.db", b"no database " * 512), ("damaged", "back-up")),
    "newer schema": (newer, ("written by a newer program (station_9999", "Nothing was changed")),
    "key for all to read": (lambda s: (s / "station.key").chmod(0o644), ("0644", "chmod 600")),
    "no key": (lambda s: (s / "station.key").unlink(), ("no station in", "restore its keys")),
    "bad settings": (spoil("station.toml", b"[statoin]\n"), ("station.toml", "statoin")),
    "unknown database": (unknown_server, ("station.toml", "postgresql+psycopg")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_one_line_and_nothing_is_overwritten(plain: Halves, case: str) -> None:
    wreck, says = CASES[case]
    wreck(plain.data / "station")
    with unchanged(plain.data):
        done = run(plain.data, "--port", str(plain.ports[1]), "--uplink-port", str(plain.ports[2]))
        assert "hunter2" not in one_line(done, *says)


def test_a_port_in_use(plain: Halves) -> None:
    with socket.create_server((HOST, 0)) as other, unchanged(plain.data):
        port = str(other.getsockname()[1])
        done = run(plain.data, "--port", str(plain.ports[1]), "--uplink-port", port)
        one_line(done, f"port {port}", "another port")


def test_another_address_needs_a_certificate(plain: Halves) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - to be refused
    with unchanged(plain.data):
        one_line(run(plain.data, "--host", everywhere), "need HTTPS", "web.crt")


def test_a_look_into_its_process_sees_what_a_site_must_not_hold(plain: Halves) -> None:
    """So that the same look at a site, in test_join.py, is known to see something."""
    shutil.rmtree(plain.data / "site")
    process = Process(plain.data, "station", plain.ports[1:]).start()
    assert process.ask("incidents") == []
    assert process.stop() == 0
    found = forbidden_at_the_site(process.modules())
    assert {"watchword.wire.unseal", "watchword.core.incident", "watchword.station"} <= found
