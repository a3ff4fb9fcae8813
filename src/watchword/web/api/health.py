"""Whether the pages answer: the one address of the interface that needs no session."""

from litestar import get

HEALTH = "/api/health"


@get(HEALTH, opt={"public": True})
async def health() -> dict[str, str]:
    """Say that this process answers; it says nothing about sites or incidents."""
    return {"status": "ok"}
