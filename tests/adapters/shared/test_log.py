"""Logs are JSON lines of public facts: a code, a token or a key has no way in."""

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from watchword.adapters.shared import log

CODE, TOKEN, KEY = "482913", "0123456789abcdef" * 10, "PRIVATE KEY MIIEvQ"
SECRET = f"{CODE} {TOKEN} {KEY}"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Log as a process does; gives what it wrote, line by line."""
    root = logging.getLogger()
    handlers, level, shown = root.handlers[:], root.level, warnings.showwarning
    logged = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", logged)
        log.configure("site")

    def written() -> list[dict[str, Any]]:
        out, err = capsys.readouterr()
        assert (out, err) == ("", ""), "nothing goes past the log"
        assert not any(secret in logged.getvalue() for secret in (CODE, TOKEN, KEY))
        return [json.loads(line) for line in logged.getvalue().splitlines()]

    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    warnings.showwarning = shown
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_says_when_where_and_what(lines: Lines) -> None:
    structlog.get_logger("panel").warning("panel.trouble", trouble="uplink", on=True)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "panel.trouble",
        "level": "warning",
        "on": True,
        "process": "site",
        "trouble": "uplink",
    }


def test_what_is_not_worth_a_line_is_left_out(lines: Lines) -> None:
    structlog.get_logger("panel").debug("panel.looked")
    logging.getLogger("websockets.client").info("> TEXT %s", SECRET)
    assert lines() == []


def test_of_a_library_only_its_name_is_kept(lines: Lines) -> None:
    logging.getLogger("websockets.client").warning("> TEXT %s", SECRET)
    logging.getLogger("sqlalchemy.engine").critical("INSERT %s", SECRET)
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application %s", SECRET)
    said = [(line["library"], line["level"], line["error"]) for line in lines()]
    assert said == [
        ("websockets.client", "warning", ""),
        ("sqlalchemy.engine", "critical", ""),
        ("uvicorn.error", "error", "ValueError"),
    ]


def test_a_python_warning_goes_the_same_way(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)  # as `configure` did, before pytest took over
        warnings.warn(f"deprecated: {SECRET}", DeprecationWarning, stacklevel=1)
    assert [line["library"] for line in lines()] == ["py.warnings"]


def test_configuring_is_what_takes_python_warnings_over(lines: Lines) -> None:
    assert logging._warnings_showwarning is not None


async def test_a_task_that_nobody_asked_about_does_not_print_its_error(lines: Lines) -> None:
    async def fails() -> None:
        raise ValueError(SECRET)

    task = asyncio.get_running_loop().create_task(fails(), name="forgotten")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task  # the loop tells of it now, with the error's text
    (line,) = lines()
    assert (line["library"], line["error"]) == ("asyncio", "ValueError")


def test_our_own_modules_may_use_the_standard_way(lines: Lines) -> None:
    logging.getLogger("watchword.station").error("watching cannot work: %s", "the disk is full")
    (line,) = lines()
    assert line["event"] == "watching cannot work: the disk is full"
    assert line["level"] == "error"


def test_it_can_be_set_up_again_without_doubling_lines(lines: Lines) -> None:
    again = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", again)
        log.configure("station", level="error")
    structlog.get_logger("x").warning("not.told")
    structlog.get_logger("x").error("told")
    logging.getLogger("library").error("%s", SECRET)
    assert lines() == []
    said = [json.loads(line) for line in again.getvalue().splitlines()]
    assert [(line["event"], line["process"]) for line in said] == [
        ("told", "station"),
        ("library.warned", "station"),
    ]
