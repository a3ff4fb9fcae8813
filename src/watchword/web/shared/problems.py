"""What an error looks like to whoever asked: problem+json for programs, a short page for people.

This file owns one rule: an answer never repeats what was sent, and never says more about
our own failures than that they are ours. Logs get the kind and the place of a failure,
not its message, because a message may hold what somebody typed.
"""

import logging
import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from watchword.core.errors import (
    InputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    RemoteFaultError,
    WatchwordError,
)

PROBLEM_JSON = "application/problem+json"
_log = logging.getLogger("watchword.web")
_FIELD = re.compile(r"[a-z][a-z_]{0,31}")
# Most special first; what is not listed is our own fault.
_STATUS: tuple[tuple[type[WatchwordError], int], ...] = (
    (NotAllowedError, 403),
    (RefusedError, 409),
    (NotFoundError, 404),
    (InputError, 400),
    (RemoteFaultError, 502),
    (WatchwordError, 503),
)
_KNOWN: Final = frozenset({400, 401, 403, 404, 405, 409, 410, 413, 415, 429, 500, 502, 503})


class ToldError(HTTPException):
    """An answer whose title and detail stand in the catalogue under a key of the page's own."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(status_code=status)
        self.key = key


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to any exception that a route or the router raised."""
    status, detail = _explain(request, error)
    text = request.app.state.strings
    key = error.key if isinstance(error, ToldError) else f"problem.{_known(status)}"
    title = text(f"{key}.title")
    headers = _passed_on(error)
    if _wants_page(request):
        engine = request.app.template_engine
        page = engine.get_template("problem.html").render(  # type: ignore[union-attr]
            status=status, title=title, detail=detail
        )
        return Response(page, status_code=status, media_type="text/html", headers=headers)
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=PROBLEM_JSON, headers=headers
    )


HANDLERS: Final[Mapping[Any, Any]] = {HTTPException: problem, Exception: problem}


def _explain(request: Request[Any, Any, Any], error: Exception) -> tuple[int, str]:
    text = request.app.state.strings
    if isinstance(error, WatchwordError):
        status = next(code for kind, code in _STATUS if isinstance(error, kind))
        if status < 500:  # noqa: PLR2004
            return status, str(error)
    elif isinstance(error, ToldError):
        return error.status_code, text(f"{error.key}.detail")
    elif isinstance(error, HTTPException):
        status = error.status_code
        if isinstance(error, ValidationException) and (field := _field_of(error)):
            return status, text("problem.field", field=field)
    else:
        unreadable = isinstance(error, UnicodeDecodeError | RecursionError) and _in_reading(error)
        status = HTTPStatus.BAD_REQUEST if unreadable else HTTPStatus.INTERNAL_SERVER_ERROR
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed: %s at %s", type(error).__name__, _where(error))
    return status, text(f"problem.{_known(status)}.detail")


def _field_of(error: ValidationException) -> str | None:
    """The name of the field that was wrong, when it is one of ours and not an echo of digits."""
    extra = error.extra if isinstance(error.extra, list) else []
    for item in extra:
        key = item.get("key", "") if isinstance(item, dict) else ""
        if _FIELD.fullmatch(key):
            return str(key)
    return None


def _in_reading(error: Exception) -> bool:
    """Whether Litestar was decoding a declared body: it lets two errors of the decoder through."""
    return any(f.name.endswith("_extractor") for f in traceback.extract_tb(error.__traceback__))


def _known(status: int) -> int:
    if status in _KNOWN:
        return status
    return 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400


def _passed_on(error: Exception) -> dict[str, str]:
    """Headers that belong to the answer, such as Allow and Retry-After; nothing else is kept."""
    given = (error.headers or {}) if isinstance(error, HTTPException) else {}
    return {n: v for n, v in given.items() if n.lower() in {"allow", "retry-after"}}


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "") and "x-watchword" not in request.headers


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames)) or "unknown"
