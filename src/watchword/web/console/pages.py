"""The pages that are read: the console, one incident, the dispatch sheet, the wall.

The rule of this file: nothing here changes anything, and an incident that this session
may not see answers exactly as one that does not exist.
"""

import re
from typing import Annotated, Any, Final

from litestar import Response, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent

from watchword.core.errors import NotFoundError
from watchword.station.views import IncidentView, QueueItem, SessionView
from watchword.web.console.context import Asked, console_of, page, say
from watchword.web.console.events import Stream, digest_of, row_values, without_names
from watchword.web.console.service import CAUSES
from watchword.web.console.shown import ICONS, Work, counts, is_mine, stages, tone, work_of
from watchword.web.console.signed import NEEDS_PLACE, secret_of, session_of

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGEST: Final = r"^[0-9a-f]{0,64}$"
WALL_ROWS: Final = 11  # what can be read from across a room


@get("/", opt=NEEDS_PLACE, name="queue")
async def queue_page(request: Asked) -> Response[str]:
    """The console with nothing chosen."""
    return await _console(request, None)


@get("/incidents/{incident:str}", opt=NEEDS_PLACE)
async def incident_page(request: Asked, incident: FromPath[str]) -> Response[str]:
    """The console with one incident."""
    return await _console(request, await work_for(request, incident))


@get("/fragments/incidents/{incident:str}")
async def incident_fragment(request: Asked, incident: FromPath[str]) -> Response[str]:
    """One incident, to be put into a console that is open."""
    return await fragment(request, incident)


@get("/fragments/queue")
async def queue_fragment(request: Asked) -> Response[str]:
    """The queue alone."""
    session = session_of(request)
    items = await console_of(request).desk.queue(session)
    return page(request, "parts/queue_list.html", session, **_queue_values(request, session, items))


@get("/incidents/{incident:str}/sheet", opt=NEEDS_PLACE)
async def sheet_page(request: Asked, incident: FromPath[str]) -> Response[str]:
    """The dispatch sheet, for reading aloud and for paper."""
    session = session_of(request)
    view = await seen(request, incident)
    sheet = await console_of(request).desk.sheet(incident, session)
    return page(request, "sheet.html", session, sheet=sheet, incident=view)


@get("/wall", opt=NEEDS_PLACE)
async def wall_page(request: Asked) -> Response[str]:
    """What is open, for a wall: no names, nothing to press."""
    session = session_of(request)
    items = await console_of(request).desk.queue(session)
    rows = [_row(request, without_names(item), mine=False) for item in items]
    return page(
        request,
        "wall.html",
        session,
        rows=rows,
        limit=WALL_ROWS,
        digest=digest_of(items, session),
        **counts(items),
    )


@get("/events")
async def events(
    request: Asked,
    view: Annotated[str, QueryParameter(pattern="^(console|wall)$")] = "console",
    incident: Annotated[str | None, QueryParameter(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = None,
    last_id: Annotated[str, HeaderParameter(name="Last-Event-ID", pattern=_DIGEST)] = "",
) -> ServerSentEvent:
    """Changes as they happen, and a beat every second."""
    engine = request.app.template_engine
    if engine is None:
        raise TypeError("the application has no templates")
    stream = Stream(
        console=console_of(request),
        secret=secret_of(request),
        templates=engine.engine,
        view=view,
        incident=incident,
        last_id=last_id,
    )
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return ServerSentEvent(stream.messages(), headers=headers)


async def seen(request: Asked, incident: str) -> IncidentView:
    """The incident, or one and the same NotFoundError for unknown, malformed and not for you."""
    if _ID.fullmatch(incident):
        try:
            return await console_of(request).desk.incident(incident, session_of(request))
        except NotFoundError:
            pass
    raise NotFoundError(say(request, "incident.unknown"))


async def work_for(request: Asked, incident: str) -> Work:
    """The incident as this session works it."""
    session = session_of(request)
    view = await seen(request, incident)
    return work_of(view, session, await console_of(request).desk.colleagues(session))


async def fragment(request: Asked, incident: str) -> Response[str]:
    """The two right columns for one incident."""
    session = session_of(request)
    work = await work_for(request, incident)
    return page(request, "parts/work.html", session, **_work_values(work))


async def _console(request: Asked, work: Work | None) -> Response[str]:
    session = session_of(request)
    items = await console_of(request).desk.queue(session)
    values = _queue_values(request, session, items)
    known = await console_of(request).sites.sites(session)
    unproven = [site.name for site in known if site.nobody_comes]
    return page(request, "console.html", session, unproven=unproven, **values, **_work_values(work))


def _queue_values(
    request: Asked, session: SessionView, items: tuple[QueueItem, ...]
) -> dict[str, Any]:
    rows = [_row(request, item, mine=is_mine(item.claimed_by, session)) for item in items]
    return {"rows": rows, "digest": digest_of(items, session), **counts(items)}


def _work_values(work: Work | None) -> dict[str, Any]:
    return {
        "work": work,
        "stages": stages,
        "kind_icon": ICONS.get(work.incident.kind, "alert") if work else "",
        "tone": tone(work.incident) if work else "grey",
        "causes": CAUSES,
    }


def _row(request: Asked, item: QueueItem, *, mine: bool) -> dict[str, Any]:
    when = console_of(request).when()
    known = row_values(item, mine=mine)
    return known | {"age": when.short(item.opened_ms), "exact": when.exact(item.opened_ms)}


ALL: Final = (
    queue_page,
    incident_page,
    incident_fragment,
    queue_fragment,
    sheet_page,
    wall_page,
    events,
)
