"""`watchword up`: two halves that end with their parent, come back alone, and start once."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import Stack, alive, until, wait_gone, watchword
from watchword.core.errors import InputError, LocalFaultError
from watchword.wiring.up import MARK, Ports, run

PROCESS = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two halves that run, for the tests that do not end them."""
    stack = Stack(tmp_path_factory.mktemp("up") / "data").start(demo=False)
    yield stack
    stack.stop()


def told(stack: Stack) -> str:
    return (stack.data.parent / f"{stack.data.name}.log").read_text()


class TestBefore:
    """What is refused before anything is started."""

    @pytest.mark.parametrize("ports", [(1, 1, 2), (1, 2, 1), (2, 1, 1), (7, 7, 7)])
    def test_two_equal_ports(self, tmp_path: Path, ports: tuple[int, int, int]) -> None:
        with pytest.raises(InputError, match="Two of the three ports"):
            run(tmp_path / "data", demo=False, host="127.0.0.1", ports=Ports(*ports))
        assert not (tmp_path / "data").exists()

    def test_a_file_where_the_directory_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("mine")
        with pytest.raises(LocalFaultError, match="cannot be used"):
            run(tmp_path / "data", demo=False, host="127.0.0.1", ports=Ports(1, 2, 3))
        assert (tmp_path / "data").read_text() == "mine"


class TestRunning:
    pytestmark = PROCESS

    def test_it_says_where_to_go_and_who_may_sign_in(self, up: Stack) -> None:
        site, station, _ = up.ports
        assert f"keypad     http://127.0.0.1:{site}/" in up.printed
        assert re.search(rf"^console    http://\S+:{station}/$", up.printed, re.MULTILINE)
        assert str(up.data / "station" / "first-sign-in.txt") in up.printed
        password = (up.data / "station" / "first-sign-in.txt").read_text().split()[1]
        assert password not in up.printed, "a terminal keeps what it shows"
        assert up.printed.endswith("ready\n")

    def test_the_halves_are_two_processes_of_ours(self, up: Stack) -> None:
        pids = up.pids()
        assert len(set(pids)) == 2
        for half, pid in zip(("site", "station"), pids, strict=True):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            assert half.encode() in command and b"up" not in command

    def test_a_second_one_on_the_same_directory_is_refused(self, up: Stack) -> None:
        pids = up.pids()
        done = watchword("up", "--data", str(up.data), *ports_of(Stack(up.data)))
        assert done.returncode == 2
        assert "already runs on" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert up.pids() == pids and all(alive(pid) for pid in pids)

    def test_a_half_alone_cannot_be_started_beside_it(self, up: Stack) -> None:
        for half in ("site", "station"):
            done = watchword(half, "--data", str(up.data), "--port", str(Stack(up.data).ports[0]))
            assert done.returncode == 2
            assert "already runs on" in done.stderr

    @pytest.mark.parametrize("half", ["site", "station"])
    def test_a_half_that_dies_comes_back_and_the_other_stays(self, up: Stack, half: str) -> None:
        before = dict(zip(("site", "station"), up.pids(), strict=True))
        os.kill(before[half], signal.SIGKILL)
        wait_gone(before[half])

        def again() -> bool:
            pids = up.pids()
            return len(pids) == 2 and not set(pids) <= set(before.values())

        until(again)
        until(lambda: watchword("incidents", "--data", str(up.data)).returncode == 0)
        after = dict(zip(("site", "station"), up.pids(), strict=True))
        other = {"site": "station", "station": "site"}[half]
        assert after[other] == before[other]
        assert f"the {half} ended; starting it again" in told(up)


class TestEnding:
    pytestmark = PROCESS

    def test_killed_it_takes_both_halves_with_it_and_starts_again(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data").start(demo=False)
        pids = stack.pids()
        assert stack.up is not None and stack.up.stdout is not None
        stack.up.kill()
        stack.up.wait()
        stack.up.stdout.close()
        stack.log.close()
        for pid in pids:
            wait_gone(pid)
        assert (stack.data / MARK).is_file()
        stack.start(demo=False)
        assert stack.ask("incidents") == []
        assert stack.stop() == 0

    def test_a_taken_port_is_told_and_nothing_is_left_running(self, tmp_path: Path) -> None:
        stack = Stack(tmp_path / "data")
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            stack.ports[1] = other.getsockname()[1]
            done = watchword("up", "--data", str(stack.data), *ports_of(stack))
        assert done.returncode == 2
        assert f"port {stack.ports[1]}" in done.stderr
        assert "The station did not start." in done.stderr
        assert "Traceback" not in done.stderr
        assert stack.pids() == []
        stack.ports = Stack(stack.data).ports
        stack.start(demo=False)  # and the same directory serves at another port
        assert stack.stop() == 0


def ports_of(stack: Stack) -> list[str]:
    names = ("--site-port", "--station-port", "--uplink-port")
    return [text for pair in zip(names, map(str, stack.ports), strict=True) for text in pair]
