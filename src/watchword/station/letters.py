"""Letters to a site: sealed when written, queued in the same transaction as their cause."""

import secrets
from typing import Protocol

from sqlalchemy import Connection

from watchword.core.errors import RefusedError
from watchword.storage.station import queries
from watchword.storage.station.queries import SiteRow
from watchword.wire.letter import LETTER_ID_BYTES, Letter, LetterKind, pack_letter
from watchword.wire.seal import letter_info, seal


class Downlink(Protocol):
    """Where it is said that a letter waits; called after the commit."""

    def wake(self, site: str) -> None:
        """Something waits for this site."""
        ...


def queue_letter(c: Connection, site: SiteRow, kind: LetterKind, body: bytes, *, at_ms: int) -> int:
    """Seal a letter to a site and queue it; returns the letter's id.

    Raises:
        RefusedError: the site was never paired, so there is no key to seal to.
    """
    if site.hpke_public is None:
        raise RefusedError(f"{site.name} was never paired.", hint="Pair it: watchword pair site")
    letter = Letter(kind, secrets.token_bytes(LETTER_ID_BYTES), body)
    sealed = seal(site.hpke_public, letter_info(site.number), pack_letter(letter))
    return queries.letter_add(c, site.id, kind.name.lower(), sealed, at_ms)
