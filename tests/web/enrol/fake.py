"""An honest stand-in for the station and its site: it really opens what the page seals.

It keeps the rules of `Enrolments`: one answer for every unusable link, five tries, a batch
taken once. As the site it opens the batch, as the station it opens the tokens, so a test can
see what each half would know.
"""

import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from watchword.core.codes import Policy, check_pair
from watchword.core.errors import RefusedError
from watchword.station.enrol import REFUSAL
from watchword.web.enrol.routes import STATIC, STRINGS, TEMPLATES, VENDOR, make_router
from watchword.web.enrol.service import (
    LinkUnusableError,
    Offer,
    Outcome,
    Refused,
    Slots,
    Taken,
    Waiting,
)
from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import Built, build
from watchword.web.shared.strings import Strings
from watchword.wire.batch import Batch, unpack_batch
from watchword.wire.seal import BATCH_INFO, SUITE, KeyPair, key_id
from watchword.wire.slot import Token
from watchword.wire.unseal import Keyring

TRIES_MAX = 5
CODE = "ABCD-2345"


def open_batch(site: KeyPair, sealed: bytes) -> Batch:
    """What the site reads in a batch."""
    secret = X25519PrivateKey.from_private_bytes(site.secret)
    return unpack_batch(SUITE.decrypt(sealed, secret, info=BATCH_INFO))


@dataclass
class Invite:
    """One link: how often it was tried, and what became of it."""

    offer: Offer
    code: str = CODE
    tries: int = 0
    opened: bool = False
    sealed: bytes = b""
    slots: Slots = ()
    polls: int = 0
    outcome: Outcome | None = None


@dataclass
class Fake:
    """`Enrolments` in memory; `polls` is how many polls the site's check takes."""

    digits: int = 6
    policy: Policy = Policy.PRIVATE
    name: str = "Maria Lopez"
    site_name: str = "Hotel Aurora"
    polls: int = 0
    refuse: bool = False
    held: set[str] = field(default_factory=set)
    station: KeyPair = field(default_factory=KeyPair.generate)
    site: KeyPair = field(default_factory=KeyPair.generate)
    invites: dict[str, Invite] = field(default_factory=dict)

    def invite(self) -> str:
        """A fresh one-time link; its code is CODE."""
        link = secrets.token_urlsafe(24)
        self.invites[link] = Invite(
            Offer(
                enrolment=secrets.token_bytes(16),
                name=self.name,
                site=self.site_name,
                digits=self.digits,
                policy=self.policy,
                station_key=self.station.public,
                station_key_id=key_id(self.station.public),
                site_key=self.site.public,
            )
        )
        return link

    async def open(self, link: str, code: str) -> Offer:
        invite = self._invite(link)
        invite.tries += 1
        plain = "".join(c for c in code.upper() if c.isalnum())
        wrong = not secrets.compare_digest(plain.encode(), invite.code.replace("-", "").encode())
        if wrong or invite.opened or invite.tries > TRIES_MAX:
            raise LinkUnusableError
        invite.opened = True
        return invite.offer

    async def submit(self, link: str, enrolment: bytes, sealed: bytes, slots: Slots) -> None:
        invite = self._under_way(link, enrolment)
        if invite.sealed and (invite.sealed, invite.slots) != (sealed, slots):
            raise RefusedError("Another batch was sent for this enrolment.")
        invite.sealed, invite.slots = sealed, slots

    async def result(self, link: str, enrolment: bytes) -> Outcome:
        invite = self._under_way(link, enrolment)
        invite.polls += 1
        if not invite.sealed or invite.polls <= self.polls:
            return Waiting((invite.polls - 1) / max(self.polls, 1))
        if invite.outcome is None:
            invite.outcome = self._settle(invite)
        return invite.outcome

    def batch(self, link: str) -> Batch:
        """What the site reads in the batch of this link."""
        return open_batch(self.site, self.invites[link].sealed)

    def tokens(self, link: str) -> list[tuple[Token, Token]]:
        """What the station would read in each pair's tokens, when they come in reports."""
        ring = Keyring({key_id(self.station.public): self.station.secret})
        return [
            (ring.open_token(one.token), ring.open_token(other.token))
            for one, other in self.batch(link).pairs
        ]

    def _settle(self, invite: Invite) -> Outcome:
        batch = open_batch(self.site, invite.sealed)
        for index, (one, other) in enumerate(batch.pairs):
            pair = (one.code, other.code)
            refusal = check_pair(self.policy, pair, self.held.__contains__)
            if refusal is None and not self.refuse:
                self.held.update(pair)
                return Taken(index)
        return Refused(REFUSAL)

    def _invite(self, link: str) -> Invite:
        if link not in self.invites:
            raise LinkUnusableError
        return self.invites[link]

    def _under_way(self, link: str, enrolment: bytes) -> Invite:
        invite = self._invite(link)
        if not invite.opened or invite.offer.enrolment != enrolment:
            raise LinkUnusableError
        return invite


def make_app(fake: Fake) -> Built:
    """The enrolment pages alone, as the station's own application would serve them."""
    return build(
        [make_router(fake)],
        strings=Strings.load(STRINGS),
        assets=Assets({"enrol": STATIC}, vendor=VENDOR),
        templates=[TEMPLATES],
    )
