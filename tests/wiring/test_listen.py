"""Pages leave this machine over HTTPS only, and by plain HTTP reach nobody else."""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from hotel import Hotel, hotels, template
from watchword.core.errors import ConfigError, LocalFaultError
from watchword.web.keypad.app import make_app
from watchword.web.shared.server import serve
from watchword.wiring.listen import CERTIFICATE, KEY, Pages, listen, loopback

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused


def certificate() -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """Self-signed, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM), key


def pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def put(folder: Path, cert: bytes | None, key: bytes | None, *, mode: int = 0o600) -> None:
    if cert is not None:
        (folder / CERTIFICATE).write_bytes(cert)
    if key is not None:
        (folder / KEY).write_bytes(key)
        (folder / KEY).chmod(mode)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("empty"))


@asynccontextmanager
async def keypad(hotel: Hotel, pages: Pages) -> AsyncIterator[None]:
    """The keypad's real pages on this socket."""
    stop = asyncio.Event()
    app = make_app(hotel.panel, stop=stop, secure_cookies=pages.secure)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(app, pages.sock, stop, certfile=pages.certificate, keyfile=pages.key)
        )
        try:
            yield
        finally:
            stop.set()


async def pair(hotel: Hotel, base: str, verify: ssl.SSLContext | bool) -> httpx.Response:
    """Become a keypad, and look at the panel with the cookie that came."""
    code = await hotel.panel.offer("Back office")
    ours = {"x-watchword": "1", "origin": base}
    async with httpx.AsyncClient(base_url=base, verify=verify, trust_env=False) as browser:
        answer = await browser.post("/pair", json={"code": code}, headers=ours)
        assert (await browser.get("/state")).status_code == 200
        return answer


@pytest.mark.slow
async def test_with_a_certificate_it_is_https_and_cookies_are_secure(
    tmp_path: Path, empty: Path
) -> None:
    cert, key = certificate()
    put(tmp_path, cert, pem(key))
    pages = listen(tmp_path, LOOPBACK, 0)
    port = pages.sock.getsockname()[1]
    assert (pages.secure, pages.base_url) == (True, f"https://{LOOPBACK}:{port}")
    trusts = ssl.create_default_context(cafile=tmp_path / CERTIFICATE)
    for hotel in hotels(tmp_path, empty):
        await hotel.open()
        async with keypad(hotel, pages):
            answer = await pair(hotel, f"https://localhost:{port}", trusts)
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-device=")
            for mark in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
                assert mark.lower() in cookie.lower()
            with pytest.raises(httpx.HTTPError):  # digits in clear get no answer
                async with httpx.AsyncClient(trust_env=False) as plain:
                    await plain.get(f"http://{LOOPBACK}:{port}/")


@pytest.mark.slow
async def test_on_loopback_it_is_plain_and_cookies_work_there(tmp_path: Path, empty: Path) -> None:
    pages = listen(tmp_path, LOOPBACK, 0)
    assert not pages.secure
    for hotel in hotels(tmp_path, empty):
        await hotel.open()
        async with keypad(hotel, pages):
            answer = await pair(hotel, pages.base_url, verify=True)
            assert answer.headers["set-cookie"].startswith("device=")
            assert "secure" not in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.7", "hotel.example", ""])
def test_anybody_else_needs_https(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        listen(tmp_path, host, 0)
    assert "HTTPS" in caught.value.message
    assert str(tmp_path / CERTIFICATE) in caught.value.hint


def test_with_a_certificate_every_address_may_be_listened_on(tmp_path: Path) -> None:
    cert, key = certificate()
    put(tmp_path, cert, pem(key))
    pages = listen(tmp_path, EVERYWHERE, 0)
    with pages.sock:
        assert pages.secure


def test_an_ipv6_address_is_written_as_browsers_need_it(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    pages = listen(tmp_path, "::1", 0)
    with pages.sock:
        assert pages.base_url == f"http://[::1]:{pages.sock.getsockname()[1]}"


CERT, OWN = certificate()
OTHER = certificate()[1]


@pytest.mark.parametrize(
    ("cert", "key", "mode", "says"),
    [
        pytest.param(CERT, None, 0o600, "cannot be read", id="no key"),
        pytest.param(CERT, pem(OWN), 0o644, "may be read by others", id="key for all to read"),
        pytest.param(CERT, pem(OTHER), 0o600, "cannot be used", id="key of another"),
        pytest.param(CERT, pem(OWN, b"secret"), 0o600, "cannot be used", id="pass-phrase"),
        pytest.param(CERT, b"", 0o600, "cannot be used", id="empty key"),
        pytest.param(b"nonsense", pem(OWN), 0o600, "cannot be used", id="no certificate in it"),
        pytest.param(b"", pem(OWN), 0o600, "cannot be used", id="empty certificate"),
    ],
)
def test_a_certificate_that_does_not_work_is_told_before_anything_is_served(
    tmp_path: Path, cert: bytes, key: bytes | None, mode: int, says: str
) -> None:
    put(tmp_path, cert, key, mode=mode)
    with pytest.raises(ConfigError) as caught:
        listen(tmp_path, LOOPBACK, 0)  # and it does not fall back to plain HTTP
    assert says in caught.value.message
    assert caught.value.hint


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with (
        listen(tmp_path, LOOPBACK, 0).sock as first,
        pytest.raises(LocalFaultError, match="another port"),
    ):
        listen(tmp_path, LOOPBACK, first.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        (EVERYWHERE, False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_what_counts_as_this_machine(host: str, is_it: bool) -> None:
    assert loopback(host) is is_it
