"""How a half lives and ends: on a signal, with its parent, or aloud with its own error."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from watchword.adapters.shared.files import private_dir
from watchword.core.errors import ConfigError, LocalFaultError
from watchword.wiring.process import Life, live, pid_file, run_until

pytestmark = pytest.mark.usefixtures("own_logs")


async def serving(stop: asyncio.Event, log: list[str]) -> None:
    await stop.wait()
    log.append("served to the end")


async def for_ever(log: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        log.append(name)


class TestRunUntil:
    async def test_it_is_ready_once_and_ends_everything_on_stop(self) -> None:
        stop, log = asyncio.Event(), list[str]()

        def ready() -> None:
            log.append("ready")
            asyncio.get_running_loop().call_soon(stop.set)

        await run_until(
            stop,
            serving=serving(stop, log),
            jobs={"a": for_ever(log, "a"), "b": for_ever(log, "b")},
            ready=ready,
        )
        assert log[0] == "ready"
        assert sorted(log[1:]) == ["a", "b", "served to the end"]

    async def test_a_job_that_fails_ends_the_process_with_its_error(self) -> None:
        stop, log = asyncio.Event(), list[str]()

        async def fails() -> None:
            raise LocalFaultError("The disk is gone.")

        with pytest.raises(ExceptionGroup) as caught:
            await run_until(
                stop,
                serving=serving(stop, log),
                jobs={"good": for_ever(log, "good"), "bad": fails()},
                ready=lambda: None,
            )
        assert caught.group_contains(LocalFaultError, match="The disk is gone")
        assert log == ["good"], "and every other job"

    async def test_a_job_that_ends_without_a_word_is_named(self) -> None:
        """A panel that does not run must not be a process that looks well."""
        stop, log = asyncio.Event(), list[str]()

        async def ends() -> None:
            return

        with pytest.raises(ExceptionGroup) as caught:
            await run_until(
                stop,
                serving=serving(stop, log),
                jobs={"panel": ends(), "uplink": for_ever(log, "uplink")},
                ready=lambda: None,
            )
        assert caught.group_contains(LocalFaultError, match="panel ended by itself")
        assert "uplink" in log

    async def test_pages_that_end_by_themselves_end_the_process(self) -> None:
        stop, log = asyncio.Event(), list[str]()

        async def broken() -> None:
            raise LocalFaultError("The web server ended by itself.")

        with pytest.raises(ExceptionGroup):
            await run_until(
                stop, serving=broken(), jobs={"a": for_ever(log, "a")}, ready=lambda: None
            )
        assert log == ["a"]


class TestLive:
    def test_a_signal_ends_it(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            seen = []

            async def main(stop: asyncio.Event, number: int = number, seen: list = seen) -> None:
                os.kill(os.getpid(), number)
                await stop.wait()
                seen.append(number)

            live("site", main, parent_fd=-1)
            assert seen == [number]

    def test_it_ends_with_its_parent(self) -> None:
        reading, writing = os.pipe()

        async def main(stop: asyncio.Event) -> None:
            os.close(writing)  # the parent is killed: the kernel closes its end
            await stop.wait()

        live("site", main, parent_fd=reading)
        os.close(reading)

    def test_a_known_error_comes_out_of_the_groups_that_it_ended(self) -> None:
        async def main(_: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as outer:

                async def inner() -> None:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(fails())

                outer.create_task(inner())

        async def fails() -> None:
            raise ConfigError("site.toml is wrong.")

        with pytest.raises(ConfigError, match=r"site\.toml is wrong") as caught:
            live("site", main, parent_fd=-1)
        assert caught.value.__suppress_context__, "one line, no traceback of groups"

    def test_a_mistake_of_ours_keeps_its_traceback(self) -> None:
        async def main(_: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fails())

        async def fails() -> None:
            raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as caught:
            live("site", main, parent_fd=-1)
        assert caught.group_contains(ZeroDivisionError)


class TestReady:
    def test_it_is_said_once_and_the_pipe_is_closed(self) -> None:
        reading, writing = os.pipe()
        Life(ready_fd=writing, parent_fd=-1).ready()
        with os.fdopen(reading, "rb") as pipe:
            assert pipe.read() == b"ready\n"

    def test_without_a_parent_nobody_is_told(self) -> None:
        Life(ready_fd=-1, parent_fd=-1).ready()


class TestPidFile:
    def test_it_names_this_process_for_as_long_as_it_runs(self, tmp_path: Path) -> None:
        directory = private_dir(tmp_path / "site")
        with pid_file(directory):
            assert int((directory / "pid").read_text()) == os.getpid()
            assert (directory / "pid").stat().st_mode & 0o777 == 0o600
        assert list(directory.iterdir()) == []

    def test_a_directory_is_held_by_one_process(self, tmp_path: Path) -> None:
        with pid_file(tmp_path):
            with pytest.raises(LocalFaultError, match="already runs"), pid_file(tmp_path):
                pass
            assert (tmp_path / "pid").exists(), "the second one touches nothing"
        with pid_file(tmp_path):
            pass

    def test_what_a_killed_process_left_is_in_nobodys_way(self, tmp_path: Path) -> None:
        (tmp_path / "pid").write_text("4194304\n")
        with pid_file(tmp_path):
            assert int((tmp_path / "pid").read_text()) == os.getpid()

    def test_it_is_let_go_of_after_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), pid_file(tmp_path):
            raise ZeroDivisionError
        with pid_file(tmp_path):
            assert (tmp_path / "pid").exists()
