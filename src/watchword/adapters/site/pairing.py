"""Joining a station with the one-time string: the site's side of the conversation.

The station is known by the fingerprint in the string before anything is said to it. The
site's keys are made here and never leave it.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from watchword.adapters.shared import line, tls
from watchword.core.codes import DEFAULT_DIGITS, Policy
from watchword.core.errors import LocalFaultError, RefusedError, RemoteFaultError
from watchword.wire.faults import MalformedError
from watchword.wire.pairing import (
    MESSAGE_BYTES_MAX,
    Offer,
    PairAnswer,
    PairRefusal,
    PairRequest,
    decode,
    encode,
    read_offer,
)
from watchword.wire.seal import KeyPair

CONVERSATION_S = 10.0


@dataclass(frozen=True, slots=True)
class Joined:
    """What pairing gave: keep `identity`, `hpke` and `station_certificate` in private files."""

    site_id: str
    number: int
    address: str
    tick_ms: int
    category: str
    station_key: bytes
    station_key_id: bytes
    station_fingerprint: str
    station_certificate: bytes
    identity: tls.Identity = field(repr=False)
    hpke: KeyPair = field(repr=False)


async def join(
    text: str, *, name: str, digits: int = DEFAULT_DIGITS, policy: Policy = Policy.PRIVATE
) -> Joined:
    """Pair with the station that handed out this string; `digits` and `policy` of our codes.

    Raises:
        InputError: it is no pairing string, or has a typing error.
        RefusedError: the station refused; the message says why.
        RemoteFaultError: another machine answers there, or it speaks nonsense.
        LocalFaultError: nobody answers there.
    """
    offer = read_offer(text)
    try:
        async with (
            asyncio.timeout(CONVERSATION_S),
            connect(
                f"wss://{offer.address}/pair",
                ssl=tls.pairing_context(),
                max_size=MESSAGE_BYTES_MAX,
                proxy=None,
                user_agent_header=None,
                **line.OPTIONS,
            ) as ws,
        ):
            return await _converse(ws, offer, (name, digits, policy))
    except InvalidStatus as e:
        raise LocalFaultError(
            f"The station at {offer.address} cannot pair now ({e.response.status_code}).",
            hint="Try again in a minute.",
        ) from None
    except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as e:
        raise LocalFaultError(
            f"No station answers at {offer.address} ({type(e).__name__}).",
            hint="Check that it runs and that this machine can reach that address and port.",
        ) from None


async def _converse(ws: ClientConnection, offer: Offer, who: tuple[str, int, Policy]) -> Joined:
    name, digits, policy = who
    station = _expected(ws, offer)
    key, hpke = tls.new_key(), KeyPair.generate()
    request = PairRequest(
        secret=offer.secret.hex(),
        name=name,
        csr=tls.request(key, name),
        hpke_public=hpke.public.hex(),
        digits=digits,
        policy=policy.value,
    )
    await ws.send(encode(request))
    answer = decode(await ws.recv())
    match answer:
        case PairRefusal():
            raise RefusedError(
                answer.message, hint="Ask for a new string: watchword pair site, at the station."
            )
        case PairAnswer():
            return _joined(offer, answer, tls.Identity(_issued(answer, key), key), hpke, station)
        case _:
            raise MalformedError("The station answered a pairing with a pairing.")


def _expected(ws: ClientConnection, offer: Offer) -> bytes:
    """The station's certificate, once it is the one that the string names."""
    channel: ssl.SSLObject | None = ws.transport.get_extra_info("ssl_object")
    certificate = tls.peer(channel)
    if certificate is None or tls.fingerprint(certificate) != offer.fingerprint.hex():
        raise RemoteFaultError(
            f"What answers at {offer.address} is not the station of this string.",
            hint="Do not go on: somebody may stand between. Ask the station for a new string.",
        )
    return certificate.public_bytes(Encoding.PEM)


def _issued(answer: PairAnswer, key: bytes) -> bytes:
    pem = answer.certificate.encode()
    try:
        fits = tls.belongs(pem, key)
    except ValueError:
        fits = False
    if not fits:
        raise MalformedError("The station answered with a certificate for another key.")
    return pem


def _joined(
    offer: Offer, answer: PairAnswer, identity: tls.Identity, hpke: KeyPair, station: bytes
) -> Joined:
    return Joined(
        site_id=answer.site_id,
        number=answer.number,
        address=offer.address,
        tick_ms=answer.tick_ms,
        category=answer.category,
        station_key=bytes.fromhex(answer.station_key),
        station_key_id=bytes.fromhex(answer.station_key_id),
        station_fingerprint=tls.fingerprint(x509.load_pem_x509_certificate(station)),
        station_certificate=station,
        identity=identity,
        hpke=hpke,
    )
