"""An attempt is evaluated once, however often a browser with a bad connection sends it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

from watchword.site.views import Answer

# A page repeats for half a minute at most, and a keypad has at most six attempts under way.
KEEP_MAX = 512


class Once:
    """Answers by entry point and attempt id; a failure is kept too, for it may have counted."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[int, UUID], asyncio.Future[Answer]] = OrderedDict()

    async def run(self, entry: int, attempt: UUID, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `work`, called only for an id that this entry point has not used."""
        known = self._answers.get((entry, attempt))
        if known is not None:
            return await asyncio.shield(known)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[entry, attempt] = answer
        self._forget()
        try:
            answer.set_result(await work())
        except BaseException as error:
            if isinstance(error, Exception):
                answer.set_exception(error)
                answer.exception()  # somebody looked: no warning when it is forgotten
            else:
                answer.cancel()
            raise
        return answer.result()

    def _forget(self) -> None:
        while len(self._answers) > KEEP_MAX:
            self._answers.popitem(last=False)
