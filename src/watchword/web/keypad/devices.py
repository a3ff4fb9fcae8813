"""Which keypad a browser is: the device cookie, set at pairing and renewed by each page load."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from watchword.site.views import EntryPoint, Keypads
from watchword.web.shared.problems import ToldError

KEEP_S = 400 * 24 * 3600  # the longest that browsers keep a cookie
_SECRET_MAX = 256  # characters; nothing longer was ever handed out


class Devices:
    """Reads and makes device cookies."""

    def __init__(self, keypads: Keypads, *, secure: bool) -> None:
        self._keypads = keypads
        self._secure = secure
        # The prefix makes browsers refuse the cookie from plain HTTP and from other hosts.
        self.name = "__Host-device" if secure else "device"

    def secret(self, request: Request[Any, Any, Any]) -> str | None:
        """What the browser sent, when it can be one of our secrets."""
        secret = request.cookies.get(self.name)
        return secret if secret and len(secret) <= _SECRET_MAX else None

    async def find(self, request: Request[Any, Any, Any]) -> EntryPoint | None:
        """The entry point that this browser is paired as, or None."""
        secret = self.secret(request)
        return await self._keypads.device(secret) if secret else None

    async def require(self, request: Request[Any, Any, Any]) -> EntryPoint:
        """The same, or an answer 401 that says what to do."""
        entry = await self.find(request)
        if entry is None:
            raise ToldError(401, "keypad.unpaired")
        return entry

    def cookie(self, secret: str) -> Cookie:
        """The cookie that keeps this browser paired."""
        return Cookie(
            key=self.name,
            value=secret,
            max_age=KEEP_S,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
