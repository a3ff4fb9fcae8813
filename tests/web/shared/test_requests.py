"""What changes something is asked for by our own pages only."""

import httpx
import pytest
from litestar import post

from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import build
from watchword.web.shared.requests import from_own_page
from watchword.web.shared.strings import Strings

OURS = {"x-watchword": "1"}


@post("/change", guards=[from_own_page])
async def change() -> None:
    return None


@pytest.fixture
def http() -> httpx.AsyncClient:
    app = build([change], strings=Strings.load(), assets=Assets({}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://site:8443")


@pytest.mark.parametrize(
    "headers",
    [
        OURS,
        OURS | {"origin": "https://site:8443"},
        OURS | {"origin": "https://site:8443", "sec-fetch-site": "same-origin"},
        OURS | {"origin": "null", "sec-fetch-site": "same-origin"},
    ],
)
async def test_our_own_page(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.post("/change", headers=headers)).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-watchword": "0"},
        {"origin": "https://site:8443"},
        OURS | {"origin": "https://elsewhere"},
        OURS | {"origin": "https://site"},
        OURS | {"origin": "https://site:8443.elsewhere"},
        OURS | {"origin": "null"},
        OURS | {"origin": ""},
        OURS | {"origin": "https://[broken"},
        OURS | {"sec-fetch-site": "cross-site"},
        OURS | {"sec-fetch-site": "same-site"},
        OURS | {"origin": "https://elsewhere", "sec-fetch-site": "same-origin"},
    ],
)
async def test_anybody_else(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.post("/change", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
