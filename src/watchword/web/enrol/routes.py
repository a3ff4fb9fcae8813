"""The enrolment pages of the station: one page, three requests, and nothing that is kept.

This file owns two rules. A page is the same for every link, known or not, and looking at one
never uses it up (a messenger's preview looks too). And what is posted here is sealed or
random: no code, no meaning and no token in clear has a field in any of these shapes.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, SkipValidation
from litestar.response import Template

from watchword.core.errors import InputError
from watchword.web.enrol.service import (
    PAIRS,
    Enrolments,
    LinkUnusableError,
    Offer,
    Outcome,
    Refused,
    Slots,
    Taken,
    Waiting,
)
from watchword.web.shared.requests import from_own_page, read_json
from watchword.wire.batch import BATCH_BYTES
from watchword.wire.seal import BATCH_INFO, TOKEN_INFO

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STRINGS = HERE / "strings"
STATIC = HERE / "static"
VENDOR: Final = ("inter", "hpke")  # what these pages load of other people's files

BODY_MAX: Final = 8 * 1024  # a batch with its slots is 3.5 KB

_LINK = re.compile(r"[A-Za-z0-9_-]{22,86}")  # 128 to 512 bits
_SEALED_TEXT = 4 * -(-BATCH_BYTES // 3)  # its length in base64
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_Hex32 = Annotated[str, msgspec.Meta(pattern=rf"\A{_HEX_32.pattern}\Z")]
_Pair = Annotated[list[_Hex32], msgspec.Meta(min_length=2, max_length=2)]
_Service = NamedDependency[SkipValidation[Enrolments]]
_NO_INDEX = [ResponseHeader(name="x-robots-tag", value="noindex")]


class OpenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page posts first: the one-time code as it was typed."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]

    def __repr__(self) -> str:
        return "OpenBody()"


class BatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page posts second: one sealed batch, and the slots it names, pair by pair."""

    enrolment: _Hex32
    sealed: Annotated[str, msgspec.Meta(max_length=_SEALED_TEXT)]
    slots: Annotated[list[_Pair], msgspec.Meta(min_length=PAIRS, max_length=PAIRS)]


@get("/", sync_to_thread=False, response_headers=_NO_INDEX)
def left() -> Template:
    """The page that a reload in the middle leads to: the link is gone, what to do now."""
    return Template("enrol-left.html")


@get("/{link:str}", sync_to_thread=False, response_headers=_NO_INDEX)
def page(link: FromPath[str]) -> Template:  # noqa: ARG001 - the same page for every link
    """The enrolment page; its script reads the link from the address."""
    return Template("enrol.html")


@post("/{link:str}/open", guards=[from_own_page], status_code=200)
async def open_link(
    link: FromPath[str], request: Request[Any, Any, Any], enrolments: _Service
) -> dict[str, str | int]:
    """Exchange the one-time code for what the browser needs to draw and seal."""
    body = await read_json(request, OpenBody)
    return _offer(await enrolments.open(_known_shape(link), body.code))


@post("/{link:str}/batch", guards=[from_own_page], status_code=202)
async def submit_batch(
    link: FromPath[str], request: Request[Any, Any, Any], enrolments: _Service
) -> dict[str, str]:
    """Take the sealed batch; repeating it changes nothing."""
    body = await read_json(request, BatchBody)
    sealed, slots = _sealed(body.sealed), _slots(body.slots)
    await enrolments.submit(_known_shape(link), bytes.fromhex(body.enrolment), sealed, slots)
    return {"state": "waiting"}


@get("/{link:str}/result")
async def result(
    link: FromPath[str], request: Request[Any, Any, Any], enrolments: _Service
) -> dict[str, str | int | float]:
    """How far the site is, and in the end which pair it took."""
    enrolment = request.query_params.get("enrolment", "")
    if not _HEX_32.fullmatch(enrolment):
        raise InputError("The field \u201cenrolment\u201d is missing or not valid.")
    return _outcome(await enrolments.result(_known_shape(link), bytes.fromhex(enrolment)))


def make_router(enrolments: Enrolments) -> Router:
    """The routes under /enrol, served by `enrolments`.

    The application that takes them gives `pages.build` the folders TEMPLATES and STRINGS,
    and `Assets` the folder STATIC under the name "enrol" and the packages of VENDOR.
    """

    def provide() -> Enrolments:
        return enrolments

    return Router(
        "/enrol",
        route_handlers=[left, page, open_link, submit_batch, result],
        dependencies={"enrolments": Provide(provide, sync_to_thread=False)},
        request_max_body_size=BODY_MAX,
    )


def _known_shape(link: str) -> str:
    """A link that could have been issued; any other is answered as an unknown one is."""
    if not _LINK.fullmatch(link):
        raise LinkUnusableError
    return link


def _offer(offer: Offer) -> dict[str, str | int]:
    return {
        "enrolment": offer.enrolment.hex(),
        "name": offer.name,
        "site": offer.site,
        "digits": offer.digits,
        "policy": offer.policy.value,
        "station_key": base64.b64encode(offer.station_key).decode("ascii"),
        "station_key_id": offer.station_key_id.hex(),
        "site_key": base64.b64encode(offer.site_key).decode("ascii"),
        "token_info": TOKEN_INFO.decode("ascii"),
        "batch_info": BATCH_INFO.decode("ascii"),
        "pairs": PAIRS,
    }


def _sealed(text: str) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    if len(sealed) != BATCH_BYTES:
        raise InputError("The field \u201csealed\u201d is not a sealed batch.")
    return sealed


def _slots(given: list[list[str]]) -> Slots:
    slots = tuple((bytes.fromhex(one), bytes.fromhex(other)) for one, other in given)
    if len({ref for pair in slots for ref in pair}) != 2 * PAIRS:
        raise InputError("The field \u201cslots\u201d names a slot twice.")
    return slots


def _outcome(outcome: Outcome) -> dict[str, str | int | float]:
    match outcome:
        case Waiting(progress):
            return {"state": "waiting", "progress": min(max(progress, 0.0), 1.0)}
        case Taken(pair):
            return {"state": "taken", "pair": pair}
        case Refused(message):
            return {"state": "refused", "message": message}
