"""Posting a hand-off to a machine: one attempt, bounded in time and in what is read.

No redirect is followed (the address is part of what was approved) and no proxy variable of the
environment is obeyed. What the receiver says beyond its status is thrown away.
"""

from types import TracebackType
from typing import Self

import httpx

from watchword.core.errors import RemoteFaultError

CONNECT_S = 4.0
WHOLE_S = 9.0  # below the attempt's own limit, so that the reason is known
ANSWER_BYTES_MAX = 16_384


class WebhookSender:
    """A `station.handoff.Sender` over HTTPS; close it when the process ends."""

    def __init__(self, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(WHOLE_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=32, keepalive_expiry=30),
        )

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post the body and return the status.

        Raises:
            RemoteFaultError: no connection, no answer, or too long a one.
        """
        try:
            async with self._client.stream("POST", url, content=body, headers=headers) as answer:
                read = 0
                async for part in answer.aiter_raw():
                    read += len(part)
                    if read > ANSWER_BYTES_MAX:
                        raise RemoteFaultError("The receiver's answer is too long.")
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = type(error).__name__
            raise RemoteFaultError(f"The receiver could not be reached ({said}).") from error

    async def close(self) -> None:
        """End its connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
