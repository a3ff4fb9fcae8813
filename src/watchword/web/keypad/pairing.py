"""Pairing: a browser becomes a keypad by a one-time code, typed, or in a link on this machine."""

import ipaddress
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, Template

from watchword.core.errors import InputError
from watchword.site.views import Keypads
from watchword.web.keypad.devices import Devices
from watchword.web.shared.problems import ToldError
from watchword.web.shared.requests import check_origin, from_own_page, read_json

CODE_MAX = 128  # characters; a one-time code is shorter, a one-time link's token too


class PairingRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What the pairing page sends."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=CODE_MAX)]


def pairing_routes(keypads: Keypads, devices: Devices) -> list[HTTPRouteHandler]:
    """The routes that turn a browser into a keypad."""

    @get("/pair/{token:str}")
    async def pair_by_link(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
        """Use a one-time link; it works only on the machine that runs the site."""
        if not _on_loopback(request):
            raise ToldError(403, "keypad.link-elsewhere")
        if await devices.find(request) is not None:
            return Redirect("/", status_code=303)  # a reload of the link changes nothing
        if len(token) > CODE_MAX:
            raise ToldError(400, "keypad.link-spent")
        try:
            secret = await keypads.pair(token)
        except InputError:
            raise ToldError(400, "keypad.link-spent") from None
        return Redirect("/", status_code=303, cookies=[devices.cookie(secret)])

    @post("/pair")
    async def pair_by_code(request: Request[Any, Any, Any]) -> Response[Any]:
        """Use a one-time code: JSON from the page's script, or its plain form."""
        if request.content_type[0] == "application/x-www-form-urlencoded":
            return await _by_form(request, keypads, devices)
        from_own_page(request)
        given = await read_json(request, PairingRequest)
        secret = await keypads.pair(given.code.strip())
        return Response({"paired": True}, status_code=200, cookies=[devices.cookie(secret)])

    return [pair_by_link, pair_by_code]


async def _by_form(
    request: Request[Any, Any, Any], keypads: Keypads, devices: Devices
) -> Response[Any]:
    check_origin(request)
    code = (await request.form()).get("code")
    given = code.strip() if isinstance(code, str) else ""
    if not 0 < len(given) <= CODE_MAX:
        return pairing_page(request.app.state.strings("keypad.pair.empty"), status=400)
    try:
        secret = await keypads.pair(given)
    except InputError as error:
        return pairing_page(str(error), status=400)
    return Redirect("/", status_code=303, cookies=[devices.cookie(secret)])


def pairing_page(error: str = "", *, status: int = 200) -> Template:
    """The page of a browser that is not a keypad yet; `error` says why a code was not taken."""
    return Template("pair.html", context={"error": error}, status_code=status)


def _on_loopback(request: Request[Any, Any, Any]) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
