"""The sites, who would come to each, and the people there.

The rule of this file: an invitation's link and code are shown once, in the answer to the
request that made them, and are in no address and no later page.
"""

import re
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from watchword.core.errors import NotAllowedError, NotFoundError
from watchword.station.views import SiteView
from watchword.web.console.actions import Line
from watchword.web.console.context import Asked, console_of, page, say
from watchword.web.console.forms import posted
from watchword.web.console.service import PROOFS, Invitation, May
from watchword.web.console.signed import NEEDS_PLACE, session_of

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Invite(msgspec.Struct, forbid_unknown_fields=True):
    """Who is invited."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\n]+$")]


class Remove(msgspec.Struct, forbid_unknown_fields=True):
    """Whose codes are taken away."""

    person: Line


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """What was proved, and what the other side said."""

    kind: Annotated[str, msgspec.Meta(pattern="^(responders|station|psap)$")]
    reference: Line


@get("/sites", opt=NEEDS_PLACE)
async def sites_page(request: Asked) -> Response[str]:
    """Every site that this session may see."""
    return await _page(request)


@post("/sites/{site:str}/people")
async def invite(request: Asked, site: FromPath[str]) -> Response[str]:
    """Invite a person and show the link and the code, once."""
    form = await posted(request, Invite)
    await _known(request, site, May.PEOPLE)
    made = await console_of(request).sites.invite(site, session_of(request), form.name)
    return await _page(request, status=201, invited=(site, form.name, _absolute(request, made)))


@post("/sites/{site:str}/people/remove")
async def remove(request: Asked, site: FromPath[str]) -> Redirect:
    """Take a person's codes away."""
    form = await posted(request, Remove)
    await _known(request, site, May.PEOPLE)
    await console_of(request).sites.remove(site, session_of(request), form.person)
    return Redirect(f"/sites#site-{site}", status_code=303)


@post("/sites/{site:str}/proofs")
async def prove(request: Asked, site: FromPath[str]) -> Redirect:
    """Record that a hand-off was proved."""
    form = await posted(request, Proof)
    await _known(request, site, May.PROVE)
    await console_of(request).sites.prove(
        site, session_of(request), kind=form.kind, reference=form.reference
    )
    return Redirect(f"/sites#site-{site}", status_code=303)


ALL: Final = (sites_page, invite, remove, prove)


async def _page(
    request: Asked, *, status: int = 200, invited: tuple[str, str, Invitation] | None = None
) -> Response[str]:
    session = session_of(request)
    sites = await console_of(request).sites.sites(session)
    values: dict[str, Any] = {
        "sites": sorted(sites, key=lambda site: (not site.nobody_comes, site.name.casefold())),
        "invited": invited,
        "proofs": PROOFS,
        "link_tone": link_tone,
    }
    return page(request, "sites.html", session, status=status, **values)


async def _known(request: Asked, site: str, may: May) -> SiteView:
    session = session_of(request)
    if may not in session.may:
        raise NotAllowedError(say(request, f"may.{may}"))
    if _ID.fullmatch(site):
        for view in await console_of(request).sites.sites(session):
            if view.id == site:
                return view
    raise NotFoundError(say(request, "sites.unknown"))


def link_tone(link: str) -> str:
    """The colour of a link's state: green when it is up, grey when it never was, else amber."""
    return {"up": "green", "never": "grey"}.get(link, "amber")


def _absolute(request: Asked, made: Invitation) -> Invitation:
    if not made.link.startswith("/"):
        return made
    base = str(request.base_url).rstrip("/")
    return Invitation(link=f"{base}{made.link}", code=made.code)
