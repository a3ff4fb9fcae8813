"""Letting a site join: the station's side of the conversation, and the one-time string.

A string works once and for fifteen minutes. Its secret is stored as a hash only. Whoever
does not know the secret is told nothing but that.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest

import structlog
from cryptography import x509
from websockets.asyncio.server import ServerConnection

from watchword.adapters.shared import line, tls
from watchword.core.errors import RefusedError, RemoteFaultError, WatchwordError
from watchword.core.timing import Clock
from watchword.station.ports import NewSite, Registry
from watchword.wire.faults import MalformedError
from watchword.wire.pairing import (
    OFFER_LIFE_S,
    SECRET_BYTES,
    Message,
    Offer,
    PairAnswer,
    PairRefusal,
    PairRequest,
    Reason,
    decode,
    encode,
    show_offer,
)

CONVERSATION_S = 10.0

_SENTENCES = {
    Reason.UNKNOWN: "The station did not hand out this string.",
    Reason.EXPIRED: "This string is too old; it works for 15 minutes.",
    Reason.USED: "This string was used already; it works once.",
    Reason.MALFORMED: "The station could not read the request.",
    Reason.FAILED: "The station has a fault and cannot pair now.",
}

log = structlog.get_logger("pairing")


@dataclass(frozen=True, slots=True)
class Handout:
    """A fresh one-time string, and what to store of it (never the string itself)."""

    text: str = field(repr=False)
    secret_hash: bytes = field(repr=False)
    expires_at: int


def hand_out(address: str, station: tls.Identity, *, at: float) -> Handout:
    """Make a one-time string for the station at this address, good for 15 minutes.

    Raises:
        InputError: the address is not `host:port`.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    expires_at = int(at) + OFFER_LIFE_S
    offer = Offer(address, bytes.fromhex(station.fingerprint), secret, expires_at)
    return Handout(show_offer(offer), _hash(secret), expires_at)


class PairingDesk:
    """Holds the conversation with a site that wants to join.

    `joined`, when given, is told after a site was entered.
    """

    def __init__(
        self,
        *,
        authority: tls.Authority,
        registry: Registry,
        clock: Clock,
        joined: Callable[[NewSite], None] | None = None,
    ) -> None:
        self._authority = authority
        self._registry = registry
        self._clock = clock
        self._joined = joined

    async def converse(self, ws: ServerConnection) -> None:
        """One request, one answer, within ten seconds."""
        async with asyncio.timeout(CONVERSATION_S):
            try:
                answer = await self._answer(await ws.recv())
            except RemoteFaultError as e:
                log.warning("pairing.malformed", error=str(e))
                answer = _refusal(Reason.MALFORMED)
            except WatchwordError as e:
                log.error("pairing.failed", error=type(e).__name__)
                answer = _refusal(Reason.FAILED)
            await ws.send(encode(answer))
        await line.say_goodbye(ws, 1000, "")

    async def _answer(self, data: bytes | str) -> Message:
        request = decode(data)
        if not isinstance(request, PairRequest):
            raise MalformedError("A pairing that does not begin with a request.")
        at = self._clock.now()
        secret_hash = _hash(bytes.fromhex(request.secret))
        refused = await self._refused(secret_hash, at)
        if refused is not None:
            log.warning("pairing.refused", reason=refused.value)
            return _refusal(refused)
        site_id = secrets.token_hex(16)
        certificate = self._authority.issue_site(site_id, request.csr, at=at)
        site = NewSite(
            id=site_id,
            name=request.name,
            hpke_public=bytes.fromhex(request.hpke_public),
            fingerprint=tls.fingerprint(x509.load_pem_x509_certificate(certificate)),
            digits=request.digits,
            policy=request.policy,
        )
        try:
            admission = await self._registry.admit(secret_hash, site, at)
        except RefusedError:
            return _refusal(Reason.USED)
        log.info("pairing.joined", site=site_id, number=admission.number)
        if self._joined is not None:
            self._joined(site)
        return PairAnswer(
            site_id=site_id,
            number=admission.number,
            certificate=certificate.decode(),
            station_key=admission.station_key.hex(),
            station_key_id=admission.station_key_id.hex(),
            tick_ms=admission.tick_ms,
            category=admission.category,
        )

    async def _refused(self, secret_hash: bytes, at: float) -> Reason | None:
        invitation = await self._registry.invitation(secret_hash)
        if invitation is None or not compare_digest(invitation.secret_hash, secret_hash):
            return Reason.UNKNOWN
        if invitation.used:
            return Reason.USED
        return Reason.EXPIRED if invitation.expires_at <= at else None


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(b"watchword/pairing/1|" + secret).digest()


def _refusal(reason: Reason) -> PairRefusal:
    return PairRefusal(reason.value, _SENTENCES[reason])
