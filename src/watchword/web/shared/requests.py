"""How a posted body is read: JSON of one declared shape, from our own page, or a clear refusal."""

import re
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from watchword.core.errors import InputError

T = TypeVar("T")
MARK = "x-watchword"  # a header that no form and no cross-site request can carry without our leave
# Names of our own fields only: an unknown field's name is somebody's input.
_AT = re.compile(r"`\$\.([a-z][a-z_]{0,31})|missing required field `([a-z][a-z_]{0,31})`")


async def read_json(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The body as `shape`; 415 for another media type, else InputError that names the field."""
    kind, _ = request.content_type
    if kind != "application/json":
        raise HTTPException(status_code=415)
    raw = await request.body()
    try:
        return msgspec.json.decode(raw, type=shape, strict=True)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        name = f"The field \u201c{at[1] or at[2]}\u201d" if at else "A field"
        raise InputError(f"{name} is missing, unknown or not valid.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("The body is not valid JSON in UTF-8.") from None


def from_own_page(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler | None = None
) -> None:
    """Guard for everything that changes something: our header, and no foreign origin.

    Together with SameSite=Strict cookies this is the protection against cross-site requests.
    """
    if connection.headers.get(MARK) != "1":
        raise PermissionDeniedException
    check_origin(connection)


def check_origin(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse when the browser says that the request comes from another origin."""
    headers = connection.headers
    fetch_site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if fetch_site not in {None, "same-origin", "none"}:
        raise PermissionDeniedException
    if origin is None or (origin == "null" and fetch_site == "same-origin"):
        return  # our Referrer-Policy makes browsers send "null" for plain forms
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        raise PermissionDeniedException from None
    if not host or host != headers.get("host"):
        raise PermissionDeniedException
