"""The station's process."""

from pathlib import Path

from watchword.wiring.process import Life, live
from watchword.wiring.station import Listen, run_station_half


def run_station(
    data: Path, *, host: str, port: int, uplink_port: int, ready_fd: int, parent_fd: int
) -> None:
    """Run the station until told to stop."""
    life = Life(ready_fd=ready_fd, parent_fd=parent_fd)
    listen = Listen(host=host, port=port, uplink_port=uplink_port)
    live("station", lambda stop: run_station_half(data, listen, life, stop), parent_fd=parent_fd)
