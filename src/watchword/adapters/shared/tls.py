"""TLS between sites and stations: keys, certificates, and what each end insists on.

A station is its own authority. It issues its own certificate and, at pairing, one for each
site; a site pins the station's certificate, a station knows each site's by fingerprint.
TLS 1.3 only. Dates are not checked by the handshake, because an expired certificate or a
wrong clock must never cut the link: `expired` is for raising trouble.
"""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from watchword.adapters.shared.files import private_dir, read_private, write_private
from watchword.core.errors import ConfigError
from watchword.wire.faults import MalformedError

AUTHORITY_YEARS = 30
CERTIFICATE_YEARS = 10
BACKDATE_S = 24 * 3600  # a site whose clock is a day behind sees no future certificate
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME; `ssl` has no name for it

_YEAR_S = 365.25 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key, as PEM; the key hides itself."""

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return fingerprint(x509.load_pem_x509_certificate(self.certificate))


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate's DER, in hex: what is pinned."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def expired(certificate: x509.Certificate, at: float) -> bool:
    """Whether a certificate is past its date at this UTC second."""
    return certificate.not_valid_after_utc.timestamp() < at


def new_key() -> bytes:
    """A fresh EC P-256 private key, PEM."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def request(key: bytes, name: str) -> str:
    """A PEM certificate request for a key of our own."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(name))
    made = builder.sign(_private(key), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def belongs(certificate: bytes, key: bytes) -> bool:
    """Whether a PEM certificate was issued for this private key."""
    return x509.load_pem_x509_certificate(certificate).public_key() == _private(key).public_key()


class Authority:
    """The station's own authority; only the station's process holds it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._certificate = x509.load_pem_x509_certificate(identity.certificate)
        self._key = _private(identity.key)

    @classmethod
    def create(cls, name: str, *, at: float) -> "Authority":
        """Make a new authority that is valid from this UTC second."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
        builder = (
            _builder(_name(name), _name(name), public, at=at, years=AUTHORITY_YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False
            )
        )
        made = builder.sign(key, hashes.SHA256())
        return cls(Identity(made.public_bytes(serialization.Encoding.PEM), _pem(key)))

    def issue_station(self, name: str, hosts: Sequence[str], *, at: float) -> Identity:
        """Make the station's own key and certificate; `hosts` are names or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general(host) for host in hosts])
        builder = self._leaf(_name(name), key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH, at)
        made = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        return Identity(made.public_bytes(serialization.Encoding.PEM), _pem(key))

    def issue_site(self, site_id: str, csr: str, *, at: float) -> bytes:
        """Issue a site's PEM certificate for the key of its request; its name becomes the id.

        Raises:
            MalformedError: not a request, its signature is wrong, or no EC P-256 key.
        """
        try:
            asked = x509.load_pem_x509_csr(csr.encode())
            public = asked.public_key()
        except ValueError:
            raise MalformedError("A certificate request that cannot be read.") from None
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            raise MalformedError("A certificate request for a key that is not EC P-256.")
        if not asked.is_signature_valid:
            raise MalformedError("A certificate request whose signature is wrong.")
        builder = self._leaf(_name(site_id), public, ExtendedKeyUsageOID.CLIENT_AUTH, at)
        made = builder.sign(self._key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)

    def _leaf(
        self,
        name: x509.Name,
        public: ec.EllipticCurvePublicKey,
        use: x509.ObjectIdentifier,
        at: float,
    ) -> x509.CertificateBuilder:
        issuer = self._key.public_key()
        return (
            _builder(name, self._certificate.subject, public, at=at, years=CERTIFICATE_YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False
            )
        )


@dataclass(frozen=True, slots=True)
class StationTls:
    """The station's directory of TLS files: authority and own identity."""

    directory: Path
    authority: Authority
    identity: Identity

    @classmethod
    def ensure(cls, directory: Path, *, name: str, hosts: Sequence[str], at: float) -> "StationTls":
        """Load the files, or make them on the first start.

        Raises:
            ConfigError: a file is missing, damaged, or may be read by others.
            LocalFaultError: the disk refused a new one.
        """
        private_dir(directory)
        if not (directory / "authority.pem").exists():
            authority = Authority.create(f"{name} authority", at=at)
            station = authority.issue_station(name, hosts, at=at)
            # The authority's certificate is written last: its presence says all are there.
            write_private(directory / "station.key", station.key)
            write_private(directory / "station.pem", station.certificate)
            write_private(directory / "authority.key", authority.identity.key)
            write_private(directory / "authority.pem", authority.identity.certificate)
        authority = Authority(_load(directory, "authority"))
        return cls(directory, authority, _load(directory, "station"))

    def context(self) -> ssl.SSLContext:
        """What the uplink's port insists on: a client certificate of this authority, or none."""
        made = _context(ssl.PROTOCOL_TLS_SERVER, self.directory, "station")
        made.load_verify_locations(cadata=self.authority.identity.certificate.decode())
        # Pairing comes without one; the uplink's path refuses that itself, with a clear answer.
        made.verify_mode = ssl.CERT_OPTIONAL
        made.num_tickets = 0  # a resumed session would skip the certificate
        return made


@dataclass(frozen=True, slots=True)
class SiteTls:
    """A site's directory of TLS files: its own identity, and the station's certificate."""

    directory: Path
    identity: Identity
    station: bytes

    @classmethod
    def save(cls, directory: Path, identity: Identity, station: bytes) -> "SiteTls":
        """Keep what pairing gave.

        Raises:
            LocalFaultError: the disk refused it.
        """
        private_dir(directory)
        write_private(directory / "site.key", identity.key)
        write_private(directory / "station.pem", station)
        write_private(directory / "site.pem", identity.certificate)
        return cls(directory, identity, station)

    @classmethod
    def load(cls, directory: Path) -> "SiteTls":
        """Load what pairing gave.

        Raises:
            ConfigError: a file is missing, damaged, or may be read by others.
        """
        station = read_private(directory / "station.pem", what="The station's certificate")
        _certificate(station, directory / "station.pem")
        return cls(directory, _load(directory, "site"), station)

    def context(self) -> ssl.SSLContext:
        """What the uplink insists on: exactly the pinned certificate at the other end."""
        made = _context(ssl.PROTOCOL_TLS_CLIENT, self.directory, "site")
        made.check_hostname = False  # the certificate itself is pinned, whatever it is called
        made.load_verify_locations(cadata=self.station.decode())
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return made

    def expired(self, at: float) -> tuple[str, ...]:
        """Whose certificates are past their date: "site", "station"."""
        ours = {"site": self.identity.certificate, "station": self.station}
        loaded = {whose: x509.load_pem_x509_certificate(pem) for whose, pem in ours.items()}
        return tuple(whose for whose, certificate in loaded.items() if expired(certificate, at))


def pairing_context() -> ssl.SSLContext:
    """For the first meeting: no certificate of ours, and theirs is checked by fingerprint after.

    The caller compares the fingerprint before it says anything.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def peer(channel: ssl.SSLObject | None) -> x509.Certificate | None:
    """The certificate that the other end proved to hold, or None."""
    der = channel.getpeercert(binary_form=True) if channel is not None else None
    return x509.load_der_x509_certificate(der) if der else None


def _context(protocol: int, directory: Path, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(protocol)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_flags |= ssl.VERIFY_X509_STRICT | NO_CHECK_TIME
    try:
        made.load_cert_chain(directory / f"{name}.pem", directory / f"{name}.key")
    except (ssl.SSLError, OSError) as e:
        raise ConfigError(
            f"{directory / name}.pem and .key do not belong together.",
            hint="Restore both from the back-up.",
        ) from e
    return made


def _load(directory: Path, name: str) -> Identity:
    key = read_private(directory / f"{name}.key", what="The TLS key")
    certificate = read_private(directory / f"{name}.pem", what="The TLS certificate")
    _certificate(certificate, directory / f"{name}.pem")
    try:
        _private(key)
    except (ValueError, TypeError):
        raise _damaged(directory / f"{name}.key") from None
    return Identity(certificate, key)


def _certificate(pem: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise _damaged(path) from None


def _damaged(path: Path) -> ConfigError:
    return ConfigError(f"{path} is damaged.", hint="Restore it from the back-up.")


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic curve key")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    *,
    at: float,
    years: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_utc(at - BACKDATE_S))
        .not_valid_after(_utc(at + years * _YEAR_S))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _utc(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, dt.UTC)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
