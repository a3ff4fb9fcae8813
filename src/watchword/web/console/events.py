"""What an open console is sent as it happens.

The rules of this file: the session is asked for anew before every message; a message is a
function of what that session may see (ids are digests of it, and nothing is sent when
only something else changed); a beat goes out every second, so that silence is noticed.
"""

import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import jinja2
import msgspec
from litestar.response import ServerSentEventMessage

from watchword.core.errors import NotFoundError, WatchwordError
from watchword.station.views import QueueItem, SessionView
from watchword.web.console.context import Console
from watchword.web.console.shown import ICONS, counts, is_mine, tone, version_of, waits

BEAT_S: Final = 1.0
ROWS_CACHED: Final = 4_096  # rendered rows are the same for all who may see them
TAKEN: Final = "taken"
VIEWS: Final = {"console": "parts/row.html", "wall": "parts/wall_row.html"}


@dataclass(slots=True)
class Stream:
    """One open console: where it looks, and what it was sent last."""

    console: Console
    secret: str
    templates: jinja2.Environment
    view: str = "console"
    incident: str | None = None
    last_id: str = ""
    _sent: dict[str, QueueItem] = field(default_factory=dict)
    _seen: str | None = None
    _looked_at: int | None = None
    _beat_due: float = 0.0

    async def messages(self) -> AsyncIterator[ServerSentEventMessage]:
        """Messages until the session or the application ends."""
        hub = self.console.hub
        while not hub.closed:
            version = hub.version
            try:
                session = await self.console.sessions.session(self.secret)
                if session is None:
                    yield _message("signed-out", {})
                    return
                if self._looked_at != version or not hub.following:
                    for message in await self._changed(session):
                        yield message
                    self._looked_at = version
            except WatchwordError:
                # What cannot be read is said every second, and everything is sent afterwards.
                self._looked_at, self.last_id = None, ""
                yield _message("fault", {"at_ms": self.console.now_ms()})
            if time.monotonic() >= self._beat_due:
                self._beat_due = time.monotonic() + BEAT_S
                yield self._beat()
            await hub.wait(version, max(0.0, self._beat_due - time.monotonic()))

    async def _changed(self, session: SessionView) -> list[ServerSentEventMessage]:
        items = await self.console.desk.queue(session)
        told = await self._incident(session)
        digest = digest_of(items, session)
        out = [] if digest == self.last_id else [self._queue(items, session, digest)]
        if told != self._seen:
            out.append(_message("incident", {"id": self.incident, "version": told}))
        self.last_id, self._seen = digest, told
        self._sent = {item.id: item for item in items}
        return out

    async def _incident(self, session: SessionView) -> str | None:
        if self.incident is None:
            return None
        try:
            view = await self.console.desk.incident(self.incident, session)
        except NotFoundError:
            return "gone"
        return version_of(view)

    def _queue(
        self, items: tuple[QueueItem, ...], session: SessionView, digest: str
    ) -> ServerSentEventMessage:
        rows = {
            item.id: self._row(item, session) for item in items if self._sent.get(item.id) != item
        }
        body = {
            "order": [item.id for item in items],
            "rows": rows,
            "at_ms": self.console.now_ms(),
            **counts(items),
        }
        return _message("queue", body, digest)

    def _row(self, item: QueueItem, session: SessionView) -> str:
        mine = is_mine(item.claimed_by, session)
        if self.view == "wall":
            item, mine = without_names(item), False
        return row(self.templates, VIEWS[self.view], item, mine=mine)

    def _beat(self) -> ServerSentEventMessage:
        return _message("beat", {"at_ms": self.console.now_ms(), "open": len(self._sent)})


def digest_of(items: tuple[QueueItem, ...], session: SessionView) -> str:
    """What names this state of the queue: a function of what the session may see."""
    return _digest(msgspec.json.encode((session.user, session.place, items)))


def without_names(item: QueueItem) -> QueueItem:
    """The item for a wall that visitors can see: taken or not, and not by whom."""
    return item if item.claimed_by is None else replace(item, claimed_by=TAKEN)


@lru_cache(maxsize=ROWS_CACHED)
def row(templates: jinja2.Environment, template: str, item: QueueItem, *, mine: bool) -> str:
    """One row as HTML, without its age: that is counted where it is shown."""
    return templates.get_template(template).render(**row_values(item, mine=mine))


def row_values(item: QueueItem, *, mine: bool) -> dict[str, Any]:
    """What a row's template is given."""
    return {
        "item": item,
        "mine": mine,
        "waits": waits(item),
        "tone": tone(item),
        "kind_icon": ICONS.get(item.kind, "alert"),
        "age": "",
        "exact": "",
    }


def _message(event: str, body: dict[str, Any], key: str | None = None) -> ServerSentEventMessage:
    return ServerSentEventMessage(data=msgspec.json.encode(body).decode(), event=event, id=key)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:24]
