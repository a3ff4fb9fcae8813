"""How a posted form is read: from our own page, of one declared shape, or refused by name.

The rule of this file: nothing is acted on before the origin and the session's own token
were checked, and no answer repeats what was sent.
"""

import hmac
import re
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import HTTPException, PermissionDeniedException

from watchword.core.errors import InputError
from watchword.web.console.context import Asked, say
from watchword.web.console.signed import session_of
from watchword.web.shared.requests import check_origin

T = TypeVar("T", bound=msgspec.Struct)
TOKEN_FIELD: Final = "_csrf_token"  # noqa: S105 - the name of a field
SECRET_FIELD: Final = "password"  # noqa: S105 - a name too; what is in it is taken as typed
FIELDS_MAX: Final = 16
_AT = re.compile(r"`\$\.([a-z][a-z_]{0,31})`|field `([a-z][a-z_]{0,31})`")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


async def posted(request: Asked, shape: type[T]) -> T:
    """The form as `shape`, checked against the token of the request's session."""
    check_origin(request)
    fields = await _fields(request)
    _same(fields.pop(TOKEN_FIELD, ""), session_of(request).csrf)
    return _shaped(request, fields, shape)


async def posted_before_sign_in(request: Asked, shape: type[T], token: str) -> T:
    """The form as `shape`, checked against the token in this browser's own cookie."""
    check_origin(request)
    fields = await _fields(request)
    _same(fields.pop(TOKEN_FIELD, ""), token)
    return _shaped(request, fields, shape)


async def _fields(request: Asked) -> dict[str, str]:
    kind, _ = request.content_type
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(status_code=415)
    raw = await request.body()
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except (ValueError, UnicodeDecodeError):
        raise InputError(say(request, "form.unreadable")) from None
    fields = {name: value if name == SECRET_FIELD else _clean(value) for name, value in pairs}
    if len(fields) != len(pairs):
        raise InputError(say(request, "form.unreadable"))
    return fields


def _clean(value: str) -> str:
    """Without what cannot be seen: it would only forge a line of a journal or a sheet."""
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _same(given: str, right: str) -> None:
    if not right or not hmac.compare_digest(given.encode(), right.encode()):
        raise PermissionDeniedException


def _shaped(request: Asked, fields: dict[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        name = next(filter(None, at.groups()), "") if at else ""
        known = name in shape.__struct_fields__
        key = f"field.{name}" if known else "form.a_field"
        raise InputError(say(request, "form.field", field=say(request, key))) from None
