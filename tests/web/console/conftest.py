import asyncio
from collections.abc import Callable

import httpx
import pytest

from watchword.web.console.app import make_app
from watchword.web.console.service import Place
from web.console.fake import USERS, FakeStation

HTML = {"accept": "text/html"}


async def until(true: Callable[[], object], timeout_s: float = 8.0) -> None:
    """Wait for what nothing tells a test of."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


@pytest.fixture
def station():
    return FakeStation()


@pytest.fixture
def stop():
    return asyncio.Event()


@pytest.fixture
def app(station, stop):
    return make_app(
        sessions=station,
        desk=station,
        sites=station,
        stop=stop,
        secure_cookies=False,
        now_ms=station.now_ms,
    )


@pytest.fixture
async def anyone(app):
    """A browser that nobody signed in to."""
    async with _browser(app) as client:
        yield client


@pytest.fixture
async def sign_in(app, station):
    """Make a browser with a session: `sign_in("ann", "off-site")`."""
    made: list[httpx.AsyncClient] = []

    def make(user: str = "ann", place: str | None = Place.OFF_SITE) -> "Browser":
        name, _, may = USERS[user]
        secret = station.open(user, name, may, place and str(place))
        client = _browser(app)
        client.cookies.set("watchword_console", secret)
        made.append(client)
        return Browser(client, station.opened[secret].csrf, secret)

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def ann(sign_in: Callable[..., "Browser"]):
    """An operator off the site who may do everything."""
    return sign_in()


class Browser:
    """A signed-in browser: it reads pages and posts their forms."""

    def __init__(self, client: httpx.AsyncClient, csrf: str, secret: str) -> None:
        self.client, self.csrf, self.secret = client, csrf, secret

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=HTML | headers)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"_csrf_token": self.csrf, **fields}, headers=HTML)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """As the page's script posts: it wants the incident, or a problem."""
        return await self.client.post(
            path, data={"_csrf_token": self.csrf, **fields}, headers=HTML | {"x-watchword": "1"}
        )


def _browser(app) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://station:8081")
