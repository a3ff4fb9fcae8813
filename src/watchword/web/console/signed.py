"""Who may ask: every route wants a session unless it says `public`.

The rule of this file is the default: a route that forgets to say anything is closed.
Browsers are sent to the sign-in page, programs and streams are told 401.
"""

import re
from typing import Any, Final

from litestar import Response
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from watchword.station.views import SessionView
from watchword.web.console.context import Asked, Connection, console_of
from watchword.web.shared.problems import problem
from watchword.web.shared.requests import MARK

PUBLIC: Final = {"public": True}
NEEDS_PLACE: Final = {"needs_place": True}
SECRET_MAX: Final = 256
_OURS = re.compile(r"/(?:incidents/[A-Za-z0-9_-]{1,64}(?:/sheet)?|sites|wall)?")
_KEY = "console_session"


class SignedOutError(NotAuthorizedException):
    """There is no session behind this request."""


class PlaceUnknownError(NotAuthorizedException):
    """This console has not said where it stands."""


async def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application: find the session, or refuse."""
    if handler.opt.get("public"):
        return
    session = await current(connection)
    if session is None:
        raise SignedOutError
    if session.place is None and handler.opt.get("needs_place"):
        raise PlaceUnknownError
    connection.scope["state"][_KEY] = session


async def current(connection: Connection) -> SessionView | None:
    """The session of this connection's cookie, asked of the station anew."""
    secret = secret_of(connection)
    return await console_of(connection).sessions.session(secret) if secret else None


def secret_of(connection: Connection) -> str:
    """The session secret that the browser sent, or an empty string."""
    secret = connection.cookies.get(console_of(connection).cookie, "")
    return secret if len(secret) <= SECRET_MAX else ""


def session_of(request: Asked) -> SessionView:
    """The session that the guard found."""
    found = request.scope["state"].get(_KEY)
    if not isinstance(found, SessionView):
        raise SignedOutError
    return found


def local_path(path: str) -> str:
    """`path` when it is one of our pages, else the first page: never a way out to elsewhere."""
    return path if _OURS.fullmatch(path) else "/"


def to_sign_in(request: Asked, error: SignedOutError) -> Response[Any]:
    """Send a person to the sign-in page and back afterwards; tell a program 401."""
    if not _is_page(request):
        return problem(request, error)
    back = local_path(request.url.path)
    return Redirect("/sign-in" if back == "/" else f"/sign-in?next={back}", status_code=303)


def to_place(request: Asked, error: PlaceUnknownError) -> Response[Any]:
    """Send a person to the question where this console stands."""
    return Redirect("/place", status_code=303) if _is_page(request) else problem(request, error)


def _is_page(request: Asked) -> bool:
    asks_html = "text/html" in request.headers.get("accept", "")
    return request.method == "GET" and asks_html and MARK not in request.headers
