"""Where a half's pages are served: plain HTTP on loopback only, HTTPS anywhere else."""

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from watchword.adapters.shared.files import read_private
from watchword.core.errors import ConfigError
from watchword.web.shared.server import bind

CERTIFICATE, KEY = "web.crt", "web.key"


@dataclass(frozen=True, slots=True)
class Pages:
    """A bound socket, and the certificate when it speaks HTTPS."""

    sock: socket.socket
    base_url: str
    certificate: Path | None = None
    key: Path | None = None

    @property
    def secure(self) -> bool:
        """Whether cookies may be marked for HTTPS only."""
        return self.certificate is not None


def listen(directory: Path, host: str, port: int) -> Pages:
    """Bind the port of a half's pages.

    Raises:
        ConfigError: another machine could reach them, and there is no certificate.
        LocalFaultError: the port is taken.
    """
    certificate, key = directory / CERTIFICATE, directory / KEY
    if certificate.exists():
        read_private(key, what="The key of the web certificate")
        shown = f"[{host}]" if ":" in host else host
        return Pages(bind(host, port), f"https://{shown}:{port}", certificate, key)
    if not loopback(host):
        raise ConfigError(
            f"Pages on {host} need HTTPS: digits must not cross a network in clear.",
            hint=f"Put a certificate into {certificate} and its key into {key}.",
        )
    shown = f"[{host}]" if ":" in host else host
    return Pages(bind(host, port), f"http://{shown}:{port}")


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
