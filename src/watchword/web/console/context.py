"""What every handler of the console has at hand, and how a page is made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from litestar import Request, Response
from litestar.connection import ASGIConnection

from watchword.station.views import SessionView
from watchword.web.console.hub import Hub
from watchword.web.console.service import Desk, May, Place, Sessions, Sites
from watchword.web.console.times import When

Asked = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]
THEMES: Final = ("dark", "light")
THEME_COOKIE: Final = "watchword_theme"


@dataclass(frozen=True, slots=True)
class Console:
    """The parts of one console application."""

    sessions: Sessions
    desk: Desk
    sites: Sites
    hub: Hub
    now_ms: Callable[[], int]
    zone: tzinfo
    secure: bool

    @property
    def cookie(self) -> str:
        """The session cookie's name; over TLS the browser pins it to this host and path."""
        return "__Host-watchword_console" if self.secure else "watchword_console"

    @property
    def form_cookie(self) -> str:
        """The cookie that ties the sign-in form to this browser."""
        return "__Host-watchword_form" if self.secure else "watchword_form"

    def when(self) -> When:
        """This moment, as pages say it."""
        return When(self.now_ms(), self.zone)


def console_of(connection: Connection) -> Console:
    """The console that this connection belongs to."""
    found = connection.app.state.console
    if not isinstance(found, Console):
        raise TypeError("the application was not made by make_app")
    return found


def say(request: Asked, key: str, **params: object) -> str:
    """A text of the catalogue."""
    return str(request.app.state.strings(key, **params))


def draw(request: Asked, template: str, **values: Any) -> str:
    """A template as text, with what every template knows."""
    engine = request.app.template_engine
    if engine is None:
        raise TypeError("the application has no templates")
    console = console_of(request)
    theme = request.cookies.get(THEME_COOKIE)
    common: dict[str, Any] = {
        "when": console.when(),
        "theme": theme if theme in THEMES else THEMES[0],
        "session": None,
        "May": May,
        "Place": Place,
        "path": request.url.path,
    }
    return str(engine.get_template(template).render(**common | values))


def page(
    request: Asked,
    template: str,
    session: SessionView | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> Response[str]:
    """A template as an HTML answer."""
    body = draw(request, template, session=session, **values)
    return Response(body, status_code=status, media_type="text/html")
