"""The site's process: from here on nothing of the station may be imported."""

from pathlib import Path

from watchword.wiring.process import Life, live
from watchword.wiring.site import Listen, run_site_half


def run_site(data: Path, *, host: str, port: int, ready_fd: int, parent_fd: int) -> None:
    """Run the site until told to stop."""
    life = Life(ready_fd=ready_fd, parent_fd=parent_fd)
    listen = Listen(host=host, port=port)
    live("site", lambda stop: run_site_half(data, listen, life, stop), parent_fd=parent_fd)
