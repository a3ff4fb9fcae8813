"""What an operator does to an incident: one route for each, all alike.

The rule of this file: check the form, check that this session sees the incident and may
work, ask the station, then show what came of it. A refusal changes nothing and says why.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import msgspec
from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from watchword.core.errors import NotAllowedError
from watchword.station.views import SessionView
from watchword.web.console.context import Asked, console_of, say
from watchword.web.console.forms import posted
from watchword.web.console.pages import fragment, seen
from watchword.web.console.service import Desk, May
from watchword.web.console.signed import session_of
from watchword.web.shared.requests import MARK

LINE_MAX: Final = 200
TEXT_MAX: Final = 4_000
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=LINE_MAX)]
Spare = Annotated[str, msgspec.Meta(max_length=LINE_MAX)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
Number = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}$")]
T = TypeVar("T", bound=msgspec.Struct)
Cause = Annotated[str, msgspec.Meta(pattern="^(genuine|mistake|technical|unexplained)$")]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A form with no fields of its own."""


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """Something to write down."""

    text: Text


class HandOver(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to give it to."""

    to: Line


class Acceptance(msgspec.Struct, forbid_unknown_fields=True):
    """Who among those who send help said yes, and under what reference."""

    handoff: Number
    who: Line
    reference: Spare = ""


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    """Why a hand-off did not work."""

    handoff: Number
    reason: Line


class Release(msgspec.Struct, forbid_unknown_fields=True):
    """Who is told, why, on what reference; `verified` is the operator's word for both checks."""

    reason: Line
    reference: Line
    to_whom: Line
    verified: Annotated[str, msgspec.Meta(pattern="^yes$")]


class Closing(msgspec.Struct, forbid_unknown_fields=True):
    """What it was."""

    cause: Cause
    note: Annotated[str, msgspec.Meta(max_length=TEXT_MAX)] = ""


class Look(msgspec.Struct, forbid_unknown_fields=True):
    """What the second operator says."""

    agrees: Annotated[str, msgspec.Meta(pattern="^(yes|no)$")]


@post("/incidents/{incident:str}/claim")
async def claim(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Take it."""
    return await _act(request, incident, Nothing, lambda d, s, _: d.claim(incident, s))


@post("/incidents/{incident:str}/dispatch")
async def dispatch(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Start passing it on."""
    return await _act(request, incident, Nothing, lambda d, s, _: d.dispatch(incident, s))


@post("/incidents/{incident:str}/note")
async def note(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Write something down."""
    return await _act(request, incident, Note, lambda d, s, f: d.note(incident, s, f.text))


@post("/incidents/{incident:str}/hand-over")
async def hand_over(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Give it to another operator."""
    return await _act(request, incident, HandOver, lambda d, s, f: d.hand_over(incident, s, f.to))


@post("/incidents/{incident:str}/accept")
async def accept(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Record that a human who sends help said yes."""

    async def do(desk: Desk, session: SessionView, form: Acceptance) -> None:
        await desk.accept(
            incident, session, int(form.handoff), who=form.who, reference=form.reference
        )

    return await _act(request, incident, Acceptance, do)


@post("/incidents/{incident:str}/fail")
async def fail(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Record that a hand-off did not work."""

    async def do(desk: Desk, session: SessionView, form: Failure) -> None:
        await desk.fail(incident, session, int(form.handoff), reason=form.reason)

    return await _act(request, incident, Failure, do)


@post("/incidents/{incident:str}/release")
async def release(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Record that a verified person off the site is told."""

    async def do(desk: Desk, session: SessionView, form: Release) -> None:
        await desk.release(
            incident,
            session,
            reason=form.reason,
            reference=form.reference,
            to_whom=form.to_whom,
        )

    return await _act(request, incident, Release, do)


@post("/incidents/{incident:str}/close")
async def close(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """End it."""

    async def do(desk: Desk, session: SessionView, form: Closing) -> None:
        await desk.close(incident, session, cause=form.cause, note=form.note)

    return await _act(request, incident, Closing, do)


@post("/incidents/{incident:str}/second-look")
async def second_look(request: Asked, incident: FromPath[str]) -> Response[str] | Redirect:
    """Confirm a closing, or open it again."""

    async def do(desk: Desk, session: SessionView, form: Look) -> None:
        await desk.second_look(incident, session, agrees=form.agrees == "yes")

    return await _act(request, incident, Look, do)


ALL: Final = (
    claim,
    dispatch,
    note,
    hand_over,
    accept,
    fail,
    release,
    close,
    second_look,
)


async def _act(
    request: Asked,
    incident: str,
    shape: type[T],
    do: Callable[[Desk, SessionView, T], Awaitable[None]],
) -> Response[str] | Redirect:
    form = await posted(request, shape)
    session = session_of(request)
    await seen(request, incident)
    if May.WORK not in session.may:
        raise NotAllowedError(say(request, "may.work"))
    await do(console_of(request).desk, session, form)
    if MARK in request.headers:
        return await fragment(request, incident)
    return Redirect(f"/incidents/{incident}", status_code=303)
