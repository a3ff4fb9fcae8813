"""Signing in and out, and where this console stands.

The rule of this file: a refused sign-in says the same whichever half was wrong, and the
answer to the question of place is given by a person or counts as "on the premises".
"""

import secrets
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from watchword.core.errors import NotAllowedError, RefusedError
from watchword.web.console.context import Asked, console_of, page
from watchword.web.console.forms import posted, posted_before_sign_in
from watchword.web.console.service import Place
from watchword.web.console.signed import (
    PUBLIC,
    SECRET_MAX,
    current,
    local_path,
    secret_of,
    session_of,
)

TOKEN_BYTES: Final = 24
USER_MAX: Final = 64
PASSWORD_MAX: Final = 1_024  # a slow derivation is not fed what no person types


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """User, password, and the page to go to."""

    user: Annotated[str, msgspec.Meta(max_length=USER_MAX)] = ""
    password: Annotated[str, msgspec.Meta(max_length=PASSWORD_MAX)] = ""
    next: str = "/"


class Standing(msgspec.Struct, forbid_unknown_fields=True):
    """Where this console stands."""

    place: Annotated[str, msgspec.Meta(pattern="^(off-site|premises)$")]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A form with no fields of its own."""


@get("/sign-in", opt=PUBLIC)
async def sign_in_page(request: Asked) -> Response[Any]:
    """The form, or the first page for who is signed in already."""
    back = local_path(request.query_params.get("next", "/"))
    if await current(request) is not None:
        return Redirect(back, status_code=303)
    return _form(request, back)


@post("/sign-in", opt=PUBLIC)
async def sign_in(request: Asked) -> Response[Any]:
    """Open a session; where it is refused, the form again with what to do."""
    console = console_of(request)
    form = await posted_before_sign_in(request, SignIn, _token(request))
    back = local_path(form.next)
    if not form.user or not form.password:
        return _form(request, back, status=400, error="sign_in.empty", user=form.user)
    address = request.client.host if request.client else ""
    try:
        secret = await console.sessions.sign_in(form.user, form.password, address)
    except NotAllowedError:
        return _form(request, back, status=401, error="sign_in.refused", user=form.user)
    except RefusedError as error:
        return _form(
            request, back, status=429, error="sign_in.too_many", user=form.user, hint=error.hint
        )
    answer = Redirect(back, status_code=303)
    answer.set_cookie(_cookie(console.cookie, secret, secure=console.secure))
    answer.delete_cookie(console.form_cookie, path="/")
    return answer


@post("/sign-out")
async def sign_out(request: Asked) -> Response[Any]:
    """End the session and forget it here."""
    console = console_of(request)
    await posted(request, Nothing)
    await console.sessions.sign_out(secret_of(request))
    answer = Redirect("/sign-in", status_code=303)
    answer.delete_cookie(console.cookie, path="/")
    return answer


@get("/place")
async def place_page(request: Asked) -> Response[str]:
    """Ask where this console stands."""
    return page(request, "place.html", session_of(request))


@post("/place")
async def place(request: Asked) -> Redirect:
    """Remember where this console stands."""
    form = await posted(request, Standing)
    chosen = Place(form.place)
    await console_of(request).sessions.set_place(secret_of(request), chosen.value)
    return Redirect("/", status_code=303)


ALL: Final = (sign_in_page, sign_in, sign_out, place_page, place)


def _form(
    request: Asked,
    back: str,
    *,
    status: int = 200,
    error: str = "",
    user: str = "",
    hint: str = "",
) -> Response[Any]:
    console = console_of(request)
    token = _token(request) or secrets.token_urlsafe(TOKEN_BYTES)
    answer = page(
        request,
        "sign_in.html",
        status=status,
        token=token,
        back=back,
        error=error,
        user=user,
        hint=hint,
    )
    answer.set_cookie(_cookie(console.form_cookie, token, secure=console.secure))
    return answer


def _token(request: Asked) -> str:
    token = request.cookies.get(console_of(request).form_cookie, "")
    return token if len(token) <= SECRET_MAX else ""


def _cookie(name: str, value: str, *, secure: bool) -> Cookie:
    return Cookie(key=name, value=value, path="/", httponly=True, samesite="strict", secure=secure)
