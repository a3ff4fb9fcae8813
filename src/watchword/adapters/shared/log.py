"""Logs: one JSON object a line on standard error, without anything that a person typed.

A call site names an event and public facts. There is no catch-all that would print
a request, a frame or an object, so a code, a token or a key has no way in.
"""

import logging
import sys

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
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries log what they received (frames, addresses); of them we keep only
    # that something went wrong, by name.
    handler = _Names()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


class _Names(logging.Handler):
    """Turns a library's record into its name and level: its text may hold what was sent."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for the record."""
        if record.name.startswith("watchword."):  # ours: written by the rule above
            structlog.get_logger(record.name).warning(record.getMessage())
            return
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        structlog.get_logger("library").warning(
            "library.warned", library=record.name, level=record.levelname.lower(), error=kind
        )
