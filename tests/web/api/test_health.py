"""Health is public, and says nothing but that it answers."""

import asyncio

import httpx

from watchword.web.api.health import HEALTH
from watchword.web.console.app import make_app
from web.console.fake import FakeStation


async def test_health_answers_without_a_session() -> None:
    station = FakeStation()
    station.failing = True
    app = make_app(
        sessions=station,
        desk=station,
        sites=station,
        stop=asyncio.Event(),
        secure_cookies=False,
        now_ms=station.now_ms,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        answer = await client.get(HEALTH)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert (await client.post(HEALTH)).status_code == 405
