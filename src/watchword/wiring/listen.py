"""Where a half's pages are served: plain HTTP on loopback only, HTTPS anywhere else."""

import ipaddress
import socket
import ssl
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
        ConfigError: another machine could reach them, and there is no certificate, or the
            certificate cannot be used.
        LocalFaultError: the port is taken.
    """
    certificate, key = directory / CERTIFICATE, directory / KEY
    if certificate.exists():
        _check(certificate, key)
        sock = bind(host, port)
        return Pages(sock, f"https://{_address(sock, host)}", certificate, key)
    if not loopback(host):
        raise ConfigError(
            f"Pages on {host} need HTTPS: digits must not cross a network in clear.",
            hint=f"Put a certificate into {certificate} and its key into {key}.",
        )
    sock = bind(host, port)
    return Pages(sock, f"http://{_address(sock, host)}")


def _check(certificate: Path, key: Path) -> None:
    """Read both as the server will, while it can still be told in one line."""
    read_private(key, what="The key of the web certificate")
    try:
        # Never asks for a pass-phrase: nobody may be at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError):
        raise ConfigError(
            f"{certificate} and {key} cannot be used as a certificate and its key.",
            hint="Both are PEM; the key belongs to the certificate and has no pass-phrase.",
        ) from None


def _address(sock: socket.socket, host: str) -> str:
    """Host and port for an address line; port 0 became a real one when it was bound."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{sock.getsockname()[1]}"


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
