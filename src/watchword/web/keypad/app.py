"""The site's pages for whoever stands at the door: a keypad, or the pairing of one.

`make_app` joins the routes. This room knows what everybody at the premises may see and
nothing else; it asks the site through the `Keypads` protocol.
"""

import asyncio
from pathlib import Path

from watchword.site.views import Keypads
from watchword.web.keypad.devices import Devices
from watchword.web.keypad.pairing import pairing_routes
from watchword.web.keypad.panel import panel_routes
from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import Built, build
from watchword.web.shared.strings import Strings

_HERE = Path(__file__).parent


def make_app(keypads: Keypads, *, stop: asyncio.Event, secure_cookies: bool) -> Built:
    """The keypad's ASGI application; its event streams end when `stop` is set.

    `secure_cookies` is false only where pages are served in plain HTTP, that is on loopback.
    """
    strings = Strings.load(_HERE / "strings")
    assets = Assets({"keypad": _HERE / "static"})
    devices = Devices(keypads, secure=secure_cookies)
    return build(
        [
            *panel_routes(keypads, devices, stop=stop, build=assets.version),
            *pairing_routes(keypads, devices),
        ],
        strings=strings,
        assets=assets,
        templates=[_HERE / "templates"],
    )
