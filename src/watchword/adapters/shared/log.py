"""Logs: one JSON object a line on standard error, without anything that a person typed.

A call site names an event and public facts. There is no catch-all that would print
a request, a frame or an object, so a code, a token or a key has no way in.
"""

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


def configure(process: str, *, level: str = "info") -> None:
    """Send this process's logs to standard error as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries log what they received (frames, addresses); of them we keep only
    # that something went wrong, by name.
    handler = _Names()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)  # else Python writes their text to standard error


class _Unfailing(io.TextIOBase):
    """Where lines go that nobody may fail for: a full disk or a reader that left loses them.

    What is logged is mostly a fault, and the way on behind it is what an alarm takes.
    """

    def __init__(self, to: TextIO) -> None:
        self._to = to

    def write(self, line: str) -> int:
        """Write the line if that can be done."""
        with suppress(OSError, ValueError):
            self._to.write(line)
        return len(line)

    def flush(self) -> None:
        """Pass on what is buffered if that can be done."""
        with suppress(OSError, ValueError):
            self._to.flush()


class _Names(logging.Handler):
    """Turns a library's record into its name and level: its text may hold what was sent."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for the record."""
        if record.name.startswith("watchword."):  # ours: written by the rule above
            structlog.get_logger(record.name).log(record.levelno, record.getMessage())
            return
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        structlog.get_logger("library").log(
            record.levelno, "library.warned", library=record.name, error=kind
        )
