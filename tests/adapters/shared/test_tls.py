"""TLS: who accepts whom, and that a date never cuts a link."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from linking import NOW, World
from watchword.adapters.shared import tls
from watchword.core.errors import ConfigError
from watchword.wire.faults import MalformedError

YEAR_S = 365.25 * 24 * 3600


def _meet(server: ssl.SSLContext, client: ssl.SSLContext) -> x509.Certificate | None:
    """Shake hands over a socket pair; answers with the certificate that the server saw."""
    ours, theirs = socket.socketpair()
    seen: list[x509.Certificate | None] = []
    faults: list[Exception] = []

    def serve() -> None:
        try:
            with server.wrap_socket(ours, server_side=True) as channel:
                der = channel.getpeercert(binary_form=True)
                seen.append(x509.load_der_x509_certificate(der) if der else None)
                channel.sendall(b"x")
        except OSError as e:
            faults.append(e)
            ours.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs) as channel:
            assert channel.version() == "TLSv1.3"
            channel.recv(1)
    except OSError as e:
        faults.append(e)
        theirs.close()
    thread.join()
    if faults:
        raise faults[0]
    return seen[0]


def test_site_and_station_know_each_other(world: World) -> None:
    station = world.station_tls()
    site = world.site_tls(station, None)
    seen = _meet(station.context(), site.context())
    assert seen is not None
    assert tls.fingerprint(seen) == site.identity.fingerprint
    assert _meet(station.context(), tls.pairing_context()) is None


def test_files_are_loaded_again_and_private(world: World) -> None:
    station = world.station_tls()
    again = world.station_tls(at=NOW + 5)
    assert again.identity == station.identity
    site = world.site_tls(station, None)
    assert tls.SiteTls.load(site.directory) == site
    assert "PRIVATE" not in repr((station, site))
    for file in [*station.directory.iterdir(), *site.directory.iterdir()]:
        assert file.stat().st_mode & 0o777 == 0o600


def test_an_expired_certificate_links_and_is_told(world: World) -> None:
    old = NOW - 11 * YEAR_S
    station = world.station_tls(at=old)
    site = world.site_tls(station, None, at=old)
    seen = _meet(station.context(), site.context())
    assert seen is not None
    assert tls.expired(seen, NOW)
    assert not tls.expired(seen, old)
    assert site.expired(NOW) == ("site", "station")
    assert site.expired(old) == ()


def test_a_certificate_of_the_future_links(world: World) -> None:
    station = world.station_tls(at=NOW + YEAR_S)
    assert _meet(station.context(), world.site_tls(station, None, at=NOW + YEAR_S).context())


def test_another_station_is_refused_by_both_ends(world: World) -> None:
    ours, other = world.station_tls(), world.station_tls("other")
    site = world.site_tls(ours, None)
    with pytest.raises(ssl.SSLError):
        _meet(other.context(), site.context())
    # Even when the other one is trusted, it does not accept our certificate.
    trusting = tls.SiteTls.save(world.directory / "x", site.identity, other.identity.certificate)
    with pytest.raises(ssl.SSLError):
        _meet(other.context(), trusting.context())


def test_a_site_of_the_same_station_cannot_pose_as_the_station(world: World) -> None:
    station = world.station_tls()
    site, thief = world.site_tls(station, None), world.site_tls(station, None, name="thief")
    posing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    posing.load_cert_chain(thief.directory / "site.pem", thief.directory / "site.key")
    with pytest.raises(ssl.SSLError):
        _meet(posing, site.context())


def test_a_newer_certificate_of_the_same_station_is_not_the_pinned_one(world: World) -> None:
    station = world.station_tls()
    site = world.site_tls(station, None)
    fresh = station.authority.issue_station("station", ["127.0.0.1"], at=NOW)
    (station.directory / "station.key").write_bytes(fresh.key)
    (station.directory / "station.pem").write_bytes(fresh.certificate)
    with pytest.raises(ssl.SSLError):
        _meet(world.station_tls().context(), site.context())


@pytest.mark.parametrize("name", ["station.key", "station.pem", "authority.key"])
def test_a_missing_or_damaged_file_is_named(world: World, name: str) -> None:
    file = world.station_tls().directory / name
    file.write_bytes(b"rubbish")
    with pytest.raises(ConfigError, match=f"{name} is damaged"):
        world.station_tls()
    file.unlink()
    with pytest.raises(ConfigError, match=name):
        world.station_tls()


def test_a_key_of_another_kind_or_of_another_certificate_is_told(world: World) -> None:
    station = world.station_tls()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (station.directory / "station.key").write_bytes(pem)
    with pytest.raises(ConfigError, match="damaged"):
        world.station_tls()
    (station.directory / "station.key").write_bytes(tls.new_key())
    with pytest.raises(ConfigError, match="do not belong together"):
        world.station_tls().context()


def test_a_damaged_pin_is_named(world: World) -> None:
    site = world.site_tls(world.station_tls(), None)
    (site.directory / "station.pem").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"station\.pem is damaged"):
        tls.SiteTls.load(site.directory)


def _csr(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_request_that_cannot_be_used_is_refused(world: World) -> None:
    authority = world.station_tls().authority
    good = tls.request(tls.new_key(), "Aurora")
    der = bytearray(x509.load_pem_x509_csr(good.encode()).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    for csr, says in (
        ("nonsense", "cannot be read"),
        ("", "cannot be read"),
        (forged, "signature is wrong"),
        (_csr(ec.generate_private_key(ec.SECP384R1())), "not EC P-256"),
        (_csr(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "not EC P-256"),
    ):
        with pytest.raises(MalformedError, match=says):
            authority.issue_site("a1" * 16, csr, at=NOW)


def test_a_certificate_belongs_to_its_key_only(world: World) -> None:
    key = tls.new_key()
    pem = world.station_tls().authority.issue_site("a1" * 16, tls.request(key, "n"), at=NOW)
    assert tls.belongs(pem, key)
    assert not tls.belongs(pem, tls.new_key())


def test_no_channel_has_no_peer(tmp_path: Path) -> None:
    assert tls.peer(None) is None
