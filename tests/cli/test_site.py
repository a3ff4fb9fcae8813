"""`watchword site` as a process: what it may not start with, each told in one line."""

import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from halves import HOST, Halves
from running import watchword
from telling import one_line
from untouched import unchanged

pytestmark = [pytest.mark.slow, pytest.mark.process]


def run(data: Path, *more: str):  # type: ignore[no-untyped-def]
    return watchword("site", "--data", str(data), *more)


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    def wreck(site: Path) -> None:
        for path in site.glob(f"{name}-*"):
            path.unlink()
        (site / name).write_bytes(content)

    return wreck


def newer(site: Path) -> None:
    with closing(sqlite3.connect(site / "site.db")) as c:
        c.execute("update alembic_version set version_num = 'site_9999'")
        c.commit()


CASES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "corrupt database": (spoil("site.db", b"no database " * 512), ("damaged", "back-up")),
    "newer schema": (newer, ("written by a newer program (site_9999", "Nothing was changed")),
    "key for all to read": (lambda s: (s / "site.key").chmod(0o644), ("0644", "chmod 600")),
    "no key": (lambda s: (s / "site.key").unlink(), ("site.key", "back-up")),
    "bad settings": (spoil("site.toml", b"[site]\ndigitz = 6\n"), ("site.toml", "digitz")),
    "no TOML": (spoil("site.toml", b"[site"), ("site.toml", "TOML")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_one_line_and_nothing_is_overwritten(plain: Halves, case: str) -> None:
    wreck, says = CASES[case]
    wreck(plain.data / "site")
    with unchanged(plain.data):
        one_line(run(plain.data, "--port", str(plain.ports[0])), *says)


def test_a_port_in_use(plain: Halves) -> None:
    with socket.create_server((HOST, 0)) as other, unchanged(plain.data):
        port = str(other.getsockname()[1])
        one_line(run(plain.data, "--port", port), f"port {port}", "another port")


def test_another_address_needs_a_certificate(plain: Halves) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - to be refused
    with unchanged(plain.data):
        done = run(plain.data, "--host", everywhere, "--port", str(plain.ports[0]))
        one_line(done, "need HTTPS", "web.crt")


def test_an_empty_directory_stays_empty(tmp_path: Path) -> None:
    one_line(run(tmp_path / "data"), "no paired site", "pair join")
    assert list(tmp_path.iterdir()) == []


def test_the_stations_half_is_not_needed(plain: Halves) -> None:
    shutil.rmtree(plain.data / "station")
    (plain.data / "site" / "site.key").chmod(0o640)
    one_line(run(plain.data), "mode 0640")  # it came as far as its own key
