"""The station's end of every uplink: one port, a path for links and a path for pairing.

`/uplink` is for sites that the registry knows by their certificate; `/pair` for those that
hold a one-time string. Each link has its own tasks and its own bounded room, so that a dead
or slow site stands in nobody's way. What arrived is acknowledged after `intake` committed it.
"""

import asyncio
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from watchword.adapters.shared import line, tls
from watchword.core.errors import RemoteFaultError, WatchwordError
from watchword.core.timing import Clock
from watchword.station.ports import PairedSite, UplinkDuties
from watchword.wire.pairing import MESSAGE_BYTES_MAX
from watchword.wire.uplink import FRAME_BYTES, NO_CHAIN, AckBook, Cell, CellId, Direction, Link

PENDING_MAX = 1024  # cells of one link that wait for a commit; then its socket is not read
PAIRINGS_MAX = 8  # strangers at once: pairing is rare, and every one costs a handshake
FRAMES_QUEUED = 4  # read and not yet looked at, for each link
WRITE_LIMIT_BYTES = 4096
SLOWEST_TICK_S = 30.0  # that a site may set for itself; `station.watch` tells of silence, not this

Converse = Callable[[ServerConnection], Awaitable[None]]

log = structlog.get_logger("uplink")


class _Connection(ServerConnection):
    """A connection that remembers who its certificate belongs to."""

    site: PairedSite | None = None


class StationUplink:
    """Serves the uplinks of all sites; start it once, close it in the same task."""

    def __init__(
        self, *, tls: tls.StationTls, duties: UplinkDuties, pair: Converse, clock: Clock
    ) -> None:
        self._tls = tls
        self._duties = duties
        self._pair = pair
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._pairings = 0
        self._server: Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Serve on a bound socket."""
        self._server = await serve(
            self._handle,
            sock=listener,
            ssl=self._tls.context(),
            process_request=self._gate,
            create_connection=_Connection,
            max_size=MESSAGE_BYTES_MAX,
            max_queue=FRAMES_QUEUED,
            write_limit=WRITE_LIMIT_BYTES,
            server_header=None,
            **line.OPTIONS,
        )

    async def close(self) -> None:
        """Stop serving and end every link; sites come back by themselves."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def wake(self, site: str) -> None:
        """A letter waits for this site: send it when it is linked, else when it comes back."""
        session = self._sessions.get(site)
        if session is not None:
            session.letter_waits.set()

    def linked(self, site: str) -> bool:
        """Whether this site has a link now."""
        return site in self._sessions

    def disconnect(self, site: str) -> None:
        """End a site's link at once: it is no longer in the registry."""
        session = self._sessions.get(site)
        if session is not None:
            session.ws.transport.abort()

    async def _gate(self, ws: ServerConnection, request: Request) -> Response | None:
        """Who may go on, by path and certificate, before anything else is read."""
        if request.path == "/pair":
            if self._pairings < PAIRINGS_MAX:
                return None
            return ws.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pairings at once.\n")
        if request.path == "/uplink":
            return await self._admit(ws)
        return ws.respond(HTTPStatus.NOT_FOUND, "Nothing is here.\n")

    async def _admit(self, ws: ServerConnection) -> Response | None:
        certificate = tls.peer(_channel(ws))
        if certificate is None:
            return ws.respond(HTTPStatus.FORBIDDEN, "A link needs a certificate: pair first.\n")
        try:
            site = await self._duties.site_of(tls.fingerprint(certificate))
        except WatchwordError as e:
            log.error("uplink.failed", error=type(e).__name__)
            return ws.respond(HTTPStatus.SERVICE_UNAVAILABLE, "The station has a fault.\n")
        if site is None or not isinstance(ws, _Connection):
            log.warning("uplink.unknown-certificate")
            return ws.respond(HTTPStatus.FORBIDDEN, "This certificate is of no paired site.\n")
        if tls.expired(certificate, self._clock.now()):
            self._duties.certificate_expired(site)
        ws.site = site
        ws.protocol.max_message_size = FRAME_BYTES
        return None

    async def _handle(self, ws: ServerConnection) -> None:
        site = ws.site if isinstance(ws, _Connection) else None
        try:
            if site is None:
                await self._handle_pairing(ws)
            else:
                await self._handle_link(ws, site)
        except (ConnectionClosed, OSError, TimeoutError):
            ws.transport.abort()
        except WatchwordError as e:
            log.error("uplink.failed", error=type(e).__name__, site=site.id if site else "")
            await line.say_goodbye(ws, line.OUR_FAULT, "The station has a fault; come again.")

    async def _handle_pairing(self, ws: ServerConnection) -> None:
        if self._pairings >= PAIRINGS_MAX:  # others came in while this one was shaking hands
            await line.say_goodbye(ws, line.BUSY, "Too many pairings at once.")
            return
        self._pairings += 1
        try:
            await self._pair(ws)
        finally:
            self._pairings -= 1

    async def _handle_link(self, ws: ServerConnection, site: PairedSite) -> None:
        older = self._sessions.get(site.id)
        session = _Session(ws, site, self._duties, self._clock)
        self._sessions[site.id] = session
        if older is not None:
            # It lost its socket before we noticed, or a copy of it runs: the newest is served.
            log.warning("uplink.replaced", site=site.id)
            older.ws.transport.abort()
        try:
            await session.run()
        finally:
            if self._sessions.get(site.id) is session:
                del self._sessions[site.id]


class _Session:
    """One connection of one site."""

    def __init__(
        self, ws: ServerConnection, site: PairedSite, duties: UplinkDuties, clock: Clock
    ) -> None:
        self.ws = ws
        self._site = site
        self._duties = duties
        self._clock = clock
        self._link = Link(Direction.DOWN, noise=secrets.token_bytes)
        self._pending: list[Cell] = []
        self._chain = NO_CHAIN
        self._delivered: list[CellId] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self.letter_waits = asyncio.Event()

    async def run(self) -> None:
        """Serve the link until it ends; faults of the link are told here and end quietly."""
        self._link.book = AckBook(await self._duties.committed(self._site))
        self._link.connected(self._clock.monotonic())
        self.letter_waits.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                for work, name in (
                    (self._listen(), "listen"),
                    (self._take_in(), "intake"),
                    (self._send_letters(), "letters"),
                    (self._tick(), "tick"),
                ):
                    tasks.create_task(work, name=f"uplink-{self._site.id}-{name}")
        except ExceptionGroup as group:
            await self._ended(group)

    async def _tick(self) -> None:
        def frames(at: float, monotonic: float, writable: bool) -> list[bytes]:  # noqa: FBT001
            return self._link.on_tick(at, monotonic, writable=writable)

        await line.keep_ticking(self.ws, self._clock, self._site.tick_s, frames)

    async def _listen(self) -> None:
        while True:
            got = self._link.receive(await line.hear(self.ws, SLOWEST_TICK_S))
            self._duties.seen(self._site, self._clock.now())
            self._pending += got.cells
            self._delivered += got.acknowledged
            if got.cells or got.acknowledged or got.chain != self._chain:
                self._chain = got.chain
                self._news.set()
            while len(self._pending) >= PENDING_MAX:
                self._room.clear()
                await self._room.wait()

    async def _take_in(self) -> None:
        """Commit what gathered while the last commit ran; then, and only then, acknowledge."""
        told = NO_CHAIN
        while True:
            await self._news.wait()
            self._news.clear()
            cells, self._pending = self._pending, []
            delivered, self._delivered = self._delivered, []
            self._room.set()
            chain = self._chain
            if cells or chain != told:
                self._link.committed(await self._duties.intake(self._site, cells, chain))
                told = chain
            if delivered:
                await self._duties.delivered(self._site, delivered)

    async def _send_letters(self) -> None:
        while True:
            await self.letter_waits.wait()
            self.letter_waits.clear()
            for cell in await self._duties.letters(self._site):
                self._link.send(cell)

    async def _ended(self, group: ExceptionGroup[Exception]) -> None:
        """Tell the peer what it did; a fault of ours ends this link only, and is told aloud."""
        causes = line.leaves(group)
        for cause in causes:
            if isinstance(cause, RemoteFaultError):
                log.warning("uplink.fault", site=self._site.id, error=str(cause))
                await line.say_goodbye(self.ws, line.PROTOCOL_FAULT, cause.message)
                return
            if isinstance(cause, WatchwordError):
                raise cause
        if not all(isinstance(c, ConnectionClosed | OSError | TimeoutError) for c in causes):
            log.error("uplink.failed", site=self._site.id, error=type(causes[0]).__name__)
            await line.say_goodbye(self.ws, line.OUR_FAULT, "The station has a fault; come again.")
        self.ws.transport.abort()


def _channel(ws: ServerConnection) -> ssl.SSLObject | None:
    channel: ssl.SSLObject | None = ws.transport.get_extra_info("ssl_object")
    return channel
