"""The station's web application: the console, the enrolment pages beside it, and health.

The rule of this file: every route is behind the guard of `signed`, unless it says
`public`; the enrolment pages, which have keys of their own, are mounted as public.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler

from watchword.web.api.health import health
from watchword.web.console import account, actions, pages, places
from watchword.web.console.context import Console
from watchword.web.console.hub import Hub
from watchword.web.console.service import Desk, Sessions, Sites
from watchword.web.console.signed import (
    PUBLIC,
    PlaceUnknownError,
    SignedOutError,
    signed_in,
    to_place,
    to_sign_in,
)
from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import Built, build
from watchword.web.shared.strings import Strings

HERE = Path(__file__).parent
VENDOR: Final = ("inter", "htmx", "hpke")  # hpke is the enrolment pages'


def make_app(
    *,
    sessions: Sessions,
    desk: Desk,
    sites: Sites,
    stop: asyncio.Event,
    secure_cookies: bool,
    now_ms: Callable[[], int],
    enrol_router: Router | None = None,
    enrol_folder: Path | None = None,
    zone: tzinfo = UTC,
) -> Built:
    """The application; event streams end when `stop` is set.

    `enrol_folder` is the room of the enrolment pages: its `static`, `templates` and
    `strings` folders are served and read with ours. `now_ms` is UTC; `zone` is what is shown.
    """
    hub = Hub(desk.changes, stop)
    console = Console(
        sessions=sessions,
        desk=desk,
        sites=sites,
        hub=hub,
        now_ms=now_ms,
        zone=zone,
        secure=secure_cookies,
    )
    rooms = {"console": HERE} | ({} if enrol_folder is None else {"enrol": enrol_folder})
    strings = Strings.load(*(r / "strings" for r in rooms.values() if (r / "strings").is_dir()))
    app = build(
        _routes(enrol_router),
        strings=strings,
        assets=Assets({name: room / "static" for name, room in rooms.items()}, vendor=VENDOR),
        templates=[room / "templates" for room in rooms.values()],
        guards=[signed_in],
        lifespan=[_living(hub)],
    )
    app.litestar.state.console = console
    return app


def _routes(enrol_router: Router | None) -> list[Router | HTTPRouteHandler]:
    own = Router(
        path="/",
        route_handlers=[*account.ALL, *pages.ALL, *actions.ALL, *places.ALL],
        exception_handlers={SignedOutError: to_sign_in, PlaceUnknownError: to_place},
    )
    if enrol_router is None:
        return [own, health]
    return [own, health, Router(path="/", route_handlers=[enrol_router], opt=PUBLIC)]


def _living(hub: Hub) -> Callable[[Litestar], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def living(_: Litestar) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.run(), name="console-hub")
            yield
            running.cancel()

    return living
