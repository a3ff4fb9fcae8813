"""Both halves of a data directory in this test's own event loop: real sockets, real databases."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from watchword.adapters.shared.control import ask
from watchword.adapters.shared.files import private_dir
from watchword.site.config import SAMPLE
from watchword.site.slots import Cost
from watchword.storage.site import queries
from watchword.wiring.process import Life
from watchword.wiring.provision import open_site, provision_both
from watchword.wiring.site import DERIVATION, run_site_half
from watchword.wiring.site import Listen as SiteListen
from watchword.wiring.station import Listen as StationListen
from watchword.wiring.station import run_station_half

HOST = "127.0.0.1"


def quiet_ports(count: int) -> list[int]:
    """Free ports below those that the kernel gives to clients, so that none takes one meanwhile."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as s, suppress(OSError):
            s.bind((HOST, port))
            found.append(port)
    return found


@dataclass
class Halves:
    """One data directory; the halves that run on it are ended with the block."""

    data: Path
    ports: list[int] = field(default_factory=lambda: quiet_ports(3))

    def provision(self, *, demo: bool = False) -> "Halves":
        """Set up as `watchword up` does before it starts anything."""
        site, station, uplink = self.ports
        provision_both(
            self.data,
            demo=demo,
            host=HOST,
            site_port=site,
            station_port=station,
            uplink_port=uplink,
        )
        return self

    @property
    def site_url(self) -> str:
        """Where the keypad's pages are."""
        return f"http://{HOST}:{self.ports[0]}"

    @property
    def station_url(self) -> str:
        """Where the console is."""
        return f"http://{HOST}:{self.ports[1]}"

    async def ask_site(self, command: str, **given: Any) -> Any:
        """A local command to the site."""
        return await ask(self.data / "site" / "control.sock", command, **given)

    async def ask_station(self, command: str, **given: Any) -> Any:
        """A local command to the station."""
        return await ask(self.data / "station" / "control.sock", command, **given)

    @asynccontextmanager
    async def site(self) -> AsyncIterator[None]:
        """Run the site."""
        where = SiteListen(HOST, self.ports[0])
        async with _half(lambda life, stop: run_site_half(self.data, where, life, stop)):
            yield

    @asynccontextmanager
    async def station(self) -> AsyncIterator[None]:
        """Run the station."""
        where = StationListen(HOST, self.ports[1], self.ports[2])
        async with _half(lambda life, stop: run_station_half(self.data, where, life, stop)):
            yield

    @asynccontextmanager
    async def both(self) -> AsyncIterator["Halves"]:
        """Run both."""
        async with self.station(), self.site():
            yield self


@asynccontextmanager
async def _half(
    main: Callable[[Life, asyncio.Event], Awaitable[None]],
) -> AsyncIterator[None]:
    """Run one half, from its word that it is ready until it ended as it should."""
    stop = asyncio.Event()
    reading, writing = os.pipe()
    life = Life(ready_fd=writing, parent_fd=-1)
    running = asyncio.ensure_future(main(life, stop))
    said = asyncio.ensure_future(asyncio.to_thread(os.read, reading, 16))
    try:
        await asyncio.wait((running, said), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            os.close(writing)
            await said
            await running  # raises what it died of
        yield
        stop.set()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, said, return_exceptions=True)
        os.close(reading)


async def until(true: Callable[[], Awaitable[Any]], *, within_s: float = 15.0) -> Any:
    """Ask again and again, until the answer is not nothing; returns it."""
    async with asyncio.timeout(within_s):
        while not (found := await true()):  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.02)
    return found


def cheap(data: Path) -> Path:
    """Prepare a data directory whose site takes codes fast, for tests that give many out."""
    directory = private_dir(private_dir(data) / "site")
    quick = SAMPLE.replace("attempt_interval_s = 2.0", "attempt_interval_s = 0.5")
    assert quick != SAMPLE
    (directory / "site.toml").write_text(quick)
    store = open_site(directory)
    store.write_now(lambda c: queries.value_set(c, DERIVATION, asdict(Cost(64, 1))))
    store.close()
    return data
