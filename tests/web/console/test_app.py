"""How the parts are put together: other rooms' pages, strings that exist, an end."""

import asyncio
import re
from pathlib import Path

from litestar import Router, get

from watchword.web.console import app as module
from watchword.web.console.app import make_app
from watchword.web.shared.strings import Strings
from web.console.conftest import _browser

HERE = Path(module.__file__).parent


@get("/{link:str}", sync_to_thread=False)
def enrolment() -> str:
    return "an enrolment page"


async def test_the_enrolment_pages_have_keys_of_their_own(station, stop) -> None:
    app = make_app(
        sessions=station,
        desk=station,
        sites=station,
        stop=stop,
        secure_cookies=False,
        now_ms=station.now_ms,
        enrol_router=Router("/enrol", route_handlers=[enrolment]),
        enrol_folder=HERE.parent / "enrol",
    )
    async with _browser(app) as client:
        assert (await client.get("/enrol/abc")).text == "an enrolment page"
        assert (await client.get("/sites")).status_code == 401
    assert any(path.startswith("enrol/") for path in app.assets.paths)


async def test_it_ends_with_the_stop_event(app, stop) -> None:
    async with asyncio.timeout(2), app.litestar.lifespan():
        stop.set()


def test_every_string_is_used_and_every_string_used_exists() -> None:
    texts = "\n".join(
        path.read_text("utf-8")
        for path in HERE.rglob("*")
        if path.suffix in {".html", ".py", ".js"}
    )
    own = Strings.load(HERE / "strings").keys - Strings.load().keys
    whole = {key.removesuffix(".one").removesuffix(".other") for key in own}
    # Put together from a value; what the values may be is the business of other tests.
    made = ("state.", "cause.", "handoff.", "next.", "proof.", "watched.", "link.", "help.")
    made += ("may.", "field.", "js.")
    unused = [
        key
        for key in sorted(whole)
        if f'"{key}"' not in texts and f"'{key}'" not in texts and not key.startswith(made)
    ]
    assert not unused
    scripts = "\n".join(p.read_text("utf-8") for p in (HERE / "static").glob("*.js"))
    for key in set(re.findall(r"texts\.(\w+)", scripts)):
        assert f"js.{key}" in own, key
    for key in (k.removeprefix("js.") for k in own if k.startswith("js.")):
        assert f"texts.{key}" in scripts or f"js.{key}" in texts or key in {"live", "connecting"}, (
            key
        )
