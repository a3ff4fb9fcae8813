"""What the station's sockets ask of its use cases: uplinks of sites, and pairing.

The use cases implement these; nothing here says what a report means.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from watchword.core.codes import DEFAULT_DIGITS, Policy
from watchword.wire.uplink import Cell, CellId, Chain, Stream


@dataclass(frozen=True, slots=True)
class PairedSite:
    """A site of the registry, as its link knows it; `number` is what reports carry."""

    id: str
    number: int
    name: str
    tick_s: float


class UplinkDuties(Protocol):
    """What the uplinks of sites need from the station."""

    async def site_of(self, fingerprint: str) -> PairedSite | None:
        """The site whose TLS certificate has this SHA-256 (hex), or None."""
        ...

    async def committed(self, site: PairedSite) -> Mapping[Stream, int]:
        """Up to which counter each of its streams is durable here.

        May leave streams out: their cells come again and `intake` knows them.
        """
        ...

    async def intake(
        self, site: PairedSite, cells: Sequence[Cell], chain: Chain
    ) -> Collection[CellId]:
        """Make these envelopes durable; answers, after the commit, with those that are.

        A repetition counts as durable. `chain` is the head of the site's journal to witness;
        `cells` is empty when only the chain moved.
        """
        ...

    async def letters(self, site: PairedSite) -> Sequence[Cell]:
        """The cells of every letter that waits for this site, in order.

        The same letter has the same cells each time within one run of the station.
        """
        ...

    async def delivered(self, site: PairedSite, cells: Sequence[CellId]) -> None:
        """The site has committed what these cells carried."""
        ...

    def seen(self, site: PairedSite, at: float) -> None:
        """A frame of this site came at this UTC second; called for each frame."""
        ...

    def certificate_expired(self, site: PairedSite) -> None:
        """This site's certificate is past its date; it links all the same."""
        ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time right to pair, as it was stored when it was handed out."""

    secret_hash: bytes = field(repr=False)
    expires_at: float
    used: bool


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site that has just proved its right to pair; `fingerprint` is SHA-256 in hex.

    `digits` and `policy` (a value of `core.codes.Policy`) say what its codes are like.
    """

    id: str
    name: str
    hpke_public: bytes
    fingerprint: str
    digits: int = DEFAULT_DIGITS
    policy: str = Policy.PRIVATE.value


@dataclass(frozen=True, slots=True)
class Admission:
    """What the registry gives a new site."""

    number: int
    station_key: bytes
    station_key_id: bytes
    tick_ms: int
    category: str


class Registry(Protocol):
    """What pairing needs from the station."""

    async def invitation(self, secret_hash: bytes) -> Invitation | None:
        """The invitation whose secret has this SHA-256, used and expired ones too."""
        ...

    async def admit(self, secret_hash: bytes, site: NewSite, at: float) -> Admission:
        """Use the invitation up and enter the site, in one transaction.

        Raises:
            RefusedError: it was used in the meantime.
        """
        ...
