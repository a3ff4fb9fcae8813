"""The site's end of the uplink: one link to each station address, kept up for ever.

What is offered stays in memory until it is acknowledged, whatever happens to connections;
the outbox on disk is let go of only after that. A link that cannot be made is tried again
after a bounded pause; a letter is acknowledged after the site has committed it.
"""

import asyncio
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from watchword.adapters.shared import line
from watchword.adapters.shared.tls import SiteTls
from watchword.core.errors import RemoteFaultError, WatchwordError
from watchword.core.timing import Clock
from watchword.site.ports import LinkState, UplinkDuties
from watchword.wire.letter import Assembler
from watchword.wire.uplink import FRAME_BYTES, Cell, CellId, Direction, Link

BACKOFF_S_MIN = 0.25
BACKOFF_S_MAX = 5.0  # a station that comes back finds its sites within seconds
RETRY_S = 1.0  # while the outbox cannot be written
LETTERS_MAX = 8  # read and not yet acted on; more are left to come again
FORBIDDEN = 403

log = structlog.get_logger("uplink")


@dataclass(slots=True)
class _Station:
    """One address, and everything that outlives its connections."""

    address: str
    link: Link
    assembler: Assembler = field(default_factory=Assembler)
    letters: OrderedDict[bytes, set[CellId]] = field(default_factory=OrderedDict)
    letter_came: asyncio.Event = field(default_factory=asyncio.Event)
    state: LinkState | None = None
    pause_s: float = BACKOFF_S_MIN


class SiteUplink:
    """The uplink of a site; implements `site.ports.Uplink`."""

    def __init__(
        self,
        *,
        addresses: Sequence[str],
        tls: SiteTls,
        tick_s: float,
        duties: UplinkDuties,
        clock: Clock,
    ) -> None:
        self._tls = tls
        self._tick_s = tick_s
        self._duties = duties
        self._clock = clock
        self._stations = [
            _Station(address, Link(Direction.UP, noise=secrets.token_bytes))
            for address in addresses
        ]
        self._done: set[CellId] = set()
        self._done_came = asyncio.Event()

    def offer(self, cell: Cell) -> None:
        """Send this cell on the next ticks, on every address, until acknowledged."""
        for station in self._stations:
            shed = station.link.send(cell)
            if shed:
                log.error("uplink.shed", cells=len(shed), address=station.address)
                self._duties.shed([one.id for one in shed])

    def public_fact(self) -> None:
        """A button, an alarm: the fast shape lasts ten seconds from now."""
        for station in self._stations:
            station.link.public_fact(self._clock.monotonic())

    async def run(self) -> None:
        """Keep every link up until cancelled."""
        for cell in await self._duties.waiting():
            self.offer(cell)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._let_go(), name="uplink-acknowledged")
            for station in self._stations:
                tasks.create_task(self._act_on_letters(station), name="uplink-letters")
                tasks.create_task(self._keep_up(station), name=f"uplink-{station.address}")

    async def _keep_up(self, station: _Station) -> None:
        context = self._tls.context()
        while True:
            state, why = await self._apart(station, context)
            self._changed(station, state, why)
            # Where many sites lose one station, they should not all come back at once.
            await asyncio.sleep(station.pause_s * (0.75 + secrets.randbelow(500) / 1000))
            station.pause_s = min(2 * station.pause_s, BACKOFF_S_MAX)

    async def _apart(self, station: _Station, context: ssl.SSLContext) -> tuple[LinkState, str]:
        """One link as a task of its own, so that the wish to end cannot be forgotten.

        A task group that fails as it is cancelled raises the failure and drops the wish: we
        would connect again for ever, with all the rest of the process stopped.
        """
        loop = asyncio.get_running_loop()  # not a group: that is what forgets
        link = loop.create_task(self._link_once(station, context), name="uplink-link")
        try:
            await asyncio.wait((link,))
        except asyncio.CancelledError:
            link.cancel()
            await asyncio.gather(link, return_exceptions=True)
            raise
        return link.result()

    async def _link_once(self, station: _Station, context: ssl.SSLContext) -> tuple[LinkState, str]:
        """One connection from start to end; answers with why it ended."""
        try:
            async with connect(
                f"wss://{station.address}/uplink",
                ssl=context,
                max_size=FRAME_BYTES,
                proxy=None,
                user_agent_header=None,
                **line.OPTIONS,
            ) as ws:
                return await self._talk(station, ws)
        except InvalidStatus as e:
            if e.response.status_code == FORBIDDEN:
                return LinkState.REFUSED, "The station does not know this site; pair it again."
            return LinkState.DOWN, f"The station answered with {e.response.status_code}."
        except InvalidMessage:
            # A certificate that its authority did not issue ends the connection without a word.
            return LinkState.REFUSED, "The station does not accept this site's certificate."
        except ssl.SSLCertVerificationError:
            return LinkState.STRANGER, "What answers there is not the station of the pairing."
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as e:
            return LinkState.DOWN, f"The station cannot be reached ({type(e).__name__})."

    async def _talk(self, station: _Station, ws: ClientConnection) -> tuple[LinkState, str]:
        self._duties.certificates_expired(station.address, self._tls.expired(self._clock.now()))
        station.link.connected(self._clock.monotonic())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(station, ws), name="uplink-listen")
                tasks.create_task(
                    line.keep_ticking(ws, self._clock, self._tick_s, self._frames(station)),
                    name="uplink-tick",
                )
        except ExceptionGroup as group:
            return await _ended(ws, group)
        finally:
            # A close in good form would wait behind whatever the station is sending now.
            ws.transport.abort()
        raise AssertionError("neither direction of a link ends by itself")

    def _frames(self, station: _Station) -> line.Frames:
        def frames(at: float, monotonic: float, writable: bool) -> list[bytes]:  # noqa: FBT001
            chain = self._duties.chain()
            return station.link.on_tick(at, monotonic, writable=writable, chain=chain)

        return frames

    async def _listen(self, station: _Station, ws: ClientConnection) -> None:
        while True:
            got = station.link.receive(await line.hear(ws, self._tick_s))
            if station.state is not LinkState.UP:
                self._changed(station, LinkState.UP, "The link is up.")
                station.pause_s = BACKOFF_S_MIN
            self._duties.heard(station.address, got.time_ms / 1000)
            if got.acknowledged:
                self._done.update(got.acknowledged)
                self._done_came.set()
            for cell in got.cells:
                self._piece(station, cell)

    def _piece(self, station: _Station, cell: Cell) -> None:
        try:
            arrived = station.assembler.add(cell)
        except RemoteFaultError as e:
            # Acknowledged all the same: it would come again for ever, and never be better.
            log.error("uplink.piece-unusable", address=station.address, error=str(e))
            station.link.committed([cell.id])
            return
        if arrived is None:
            return
        known = station.letters.get(arrived.sealed)
        if known is not None:
            known.update(arrived.ids)
        elif len(station.letters) < LETTERS_MAX:
            station.letters[arrived.sealed] = set(arrived.ids)
            station.letter_came.set()

    async def _act_on_letters(self, station: _Station) -> None:
        """One letter after the other; its pieces are acknowledged when it is committed."""
        while True:
            await station.letter_came.wait()
            station.letter_came.clear()
            while station.letters:
                sealed = next(iter(station.letters))
                try:
                    await self._duties.letter(sealed)
                except Exception as e:  # noqa: BLE001 - no letter may end the link for reports
                    # Not acknowledged, so it comes again.
                    log.error("uplink.letter-failed", error=type(e).__name__)
                    del station.letters[sealed]
                else:
                    station.link.committed(station.letters.pop(sealed))

    async def _let_go(self) -> None:
        """Tell the outbox what is acknowledged, all that gathered at a time."""
        while True:
            await self._done_came.wait()
            self._done_came.clear()
            batch, self._done = self._done, set()
            try:
                await self._duties.acknowledged(sorted(batch))
            except WatchwordError as e:
                # Tried again; were it forgotten, the station would know the repetition.
                log.error("uplink.acknowledge-failed", error=type(e).__name__)
                self._done |= batch
                self._done_came.set()
                await asyncio.sleep(RETRY_S)

    def _changed(self, station: _Station, state: LinkState, detail: str) -> None:
        if station.state is not state:
            # A station that is still starting is no news: its absence is told as trouble, later.
            starting = station.state is None and state is LinkState.DOWN
            station.state = state
            tell = log.debug if starting else log.info
            tell("uplink.link", address=station.address, state=state.value, detail=detail)
            self._duties.link_changed(station.address, state, detail)


async def _ended(ws: ClientConnection, group: ExceptionGroup[Exception]) -> tuple[LinkState, str]:
    """Close what ended and say why; a fault that is not of the link goes on up."""
    causes = line.leaves(group)
    for cause in causes:
        if isinstance(cause, WatchwordError):
            code = line.PROTOCOL_FAULT if isinstance(cause, RemoteFaultError) else line.OUR_FAULT
            await line.say_goodbye(ws, code, cause.message)
            return LinkState.DOWN, cause.message
    if all(isinstance(cause, ConnectionClosed | OSError | TimeoutError) for cause in causes):
        silent = any(isinstance(cause, TimeoutError) for cause in causes)
        return LinkState.DOWN, "The station is silent." if silent else "The link was cut."
    raise group
