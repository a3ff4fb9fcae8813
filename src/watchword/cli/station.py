"""The station's process."""

from pathlib import Path

import typer

from watchword.wiring.process import Life, live
from watchword.wiring.station import DATABASE, KEYS, Listen, run_station_half


def run_station(
    data: Path, *, host: str, port: int, uplink_port: int, ready_fd: int, parent_fd: int
) -> None:
    """Run the station until told to stop; an empty directory becomes a new station first."""
    directory = data / "station"
    if not (directory / KEYS).exists() and not (directory / DATABASE).exists():
        from watchword.wiring.provision import FIRST_SIGN_IN, found_station

        found_station(data)
        typer.echo(f"A new station. {directory / FIRST_SIGN_IN} says how to sign in; delete it.")
    life = Life(ready_fd=ready_fd, parent_fd=parent_fd)
    listen = Listen(host=host, port=port, uplink_port=uplink_port)
    live("station", lambda stop: run_station_half(data, listen, life, stop), parent_fd=parent_fd)
