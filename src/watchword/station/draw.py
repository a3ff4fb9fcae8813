"""Draws a person's codes and seals them, as the enrolment page does in a browser.

This file owns the same rule as the page's draw.js: nothing about a code, its place in the pair
or its place in the batch tells which of the two is the normal one. A pair is drawn in which
neither is special; then a coin says which is normal; then another coin, which does not know
the first, says which goes first. Codes and meanings are together nowhere else than here:
for `watchword person add` and the demo, in a process that ends right after.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from watchword.core.codes import CODES_PER_PERSON, Code, Policy, check_pair, draw_pair, max_people
from watchword.core.errors import LocalFaultError, RefusedError
from watchword.station.enrol_views import PAIRS
from watchword.wire.batch import ENROLMENT_BYTES, Batch, Row, pack_batch
from watchword.wire.seal import BATCH_INFO, TOKEN_INFO, seal
from watchword.wire.slot import SLOT_REF_BYTES, Meaning, Token, pack_token

RandBelow = Callable[[int], int]
TokenBytes = Callable[[int], bytes]

# A site at its limit has about 15 % of all codes within one slip of a code that is held, so a
# pair is free more often than not; two hundred in vain mean that chance is broken.
PAIRS_TRIED_MAX = 200


@dataclass(frozen=True, slots=True)
class DrawnPair:
    """Two codes and the fresh references of their slots, both in batch order."""

    refs: tuple[bytes, bytes]
    _codes: tuple[Code, Code] = field(repr=False)
    _normal: int = field(repr=False)

    def normal(self) -> Code:
        """The code for every day; search for callers of this to see where it goes."""
        return self._codes[self._normal]

    def duress(self) -> Code:
        """The code for being forced; search for callers of this to see where it goes."""
        return self._codes[1 - self._normal]

    def rows(self, station_key: bytes, station_key_id: bytes) -> tuple[Row, Row]:
        """What a site may hold: each code with its meaning sealed to the station, unlabelled.

        Args:
            station_key: the station's public HPKE key, 32 bytes.
            station_key_id: the 4 bytes that name it.
        """
        first, second = (
            Row(
                code.reveal(),
                seal(
                    station_key,
                    TOKEN_INFO,
                    pack_token(Token(self.refs[place], station_key_id, self._meaning(place))),
                ),
            )
            for place, code in enumerate(self._codes)
        )
        return first, second

    def _meaning(self, place: int) -> Meaning:
        return Meaning.NORMAL if place == self._normal else Meaning.DURESS


@dataclass(frozen=True, slots=True)
class Drawn:
    """One enrolment, drawn and sealed: what goes to the site and to the registry of slots."""

    enrolment: bytes
    sealed: bytes = field(repr=False)
    slots: tuple[tuple[bytes, bytes], ...]
    _pairs: tuple[DrawnPair, ...] = field(repr=False)

    def pair(self, taken: int) -> DrawnPair:
        """The pair that the site took, to tell the person; the others are to be forgotten."""
        return self._pairs[taken]


@dataclass(frozen=True, slots=True)
class DrawnPerson:
    """A person of the demo and the pair that was drawn for them."""

    name: str
    pair: DrawnPair


def draw_enrolment(
    policy: Policy,
    digits: int,
    station_key: bytes,
    station_key_id: bytes,
    site_key: bytes,
    *,
    randbelow: RandBelow,
    token_bytes: TokenBytes,
    enrolment: bytes | None = None,
) -> Drawn:
    """Draw eight pairs and seal them as one batch of 2,096 bytes, as a browser does.

    Args:
        policy: how the two codes of a pair are related.
        digits: how many digits each has.
        station_key: the station's public HPKE key, for the tokens.
        station_key_id: the 4 bytes that name it.
        site_key: the site's public HPKE key, for the batch.
        randbelow: a whole number from 0 to n-1, evenly (`secrets.randbelow`).
        token_bytes: so many random bytes (`secrets.token_bytes`).
        enrolment: the 16 bytes that name this enrolment; drawn when there are none yet.

    Raises:
        InputError: `digits` is out of range, or a key cannot be sealed to.
        LocalFaultError: the source of chance is broken.
    """
    name = token_bytes(ENROLMENT_BYTES) if enrolment is None else enrolment
    pairs = tuple(
        _shuffled(draw_pair(policy, digits, randbelow), randbelow, token_bytes)
        for _ in range(PAIRS)
    )
    batch = Batch(name, digits, tuple(pair.rows(station_key, station_key_id) for pair in pairs))
    sealed = seal(site_key, BATCH_INFO, pack_batch(batch))
    return Drawn(name, sealed, tuple(pair.refs for pair in pairs), pairs)


def draw_people(
    names: Sequence[str],
    policy: Policy,
    digits: int,
    *,
    randbelow: RandBelow,
    token_bytes: TokenBytes,
    held: Collection[str] = (),
) -> tuple[DrawnPerson, ...]:
    """Draw a pair for each name so that no code of anyone is one slip from any other.

    The check is against a plain set, without a derivation: for the demo and for tests, where
    all codes are at hand. `swap-last-two` exempts the two codes of one person from each other.

    Args:
        names: the people, in the order of the answer.
        policy: how the two codes of a person are related.
        digits: how many digits each code has.
        randbelow: a whole number from 0 to n-1, evenly.
        token_bytes: so many random bytes.
        held: codes that are in use already.

    Raises:
        RefusedError: more people than so many digits allow.
        InputError: `digits` is out of range.
        LocalFaultError: no free pair was found.
    """
    limit = max_people(digits)
    if len(names) + len(held) / CODES_PER_PERSON > limit:
        raise RefusedError(
            f"Codes of {digits} digits are for at most {limit} people.", hint="Use more digits."
        )
    taken = set(held)
    drawn = []
    for name in names:
        pair = _free_pair(policy, digits, randbelow, taken)
        taken.update(pair)
        drawn.append(DrawnPerson(name, _shuffled(pair, randbelow, token_bytes)))
    return tuple(drawn)


def _free_pair(
    policy: Policy, digits: int, randbelow: RandBelow, taken: set[str]
) -> tuple[str, str]:
    for _ in range(PAIRS_TRIED_MAX):
        pair = draw_pair(policy, digits, randbelow)
        if check_pair(policy, pair, taken.__contains__) is None:
            return pair
    raise LocalFaultError("No free pair of codes was found.", hint="Use more digits.")


def _shuffled(pair: tuple[str, str], randbelow: RandBelow, token_bytes: TokenBytes) -> DrawnPair:
    """Toss the coin, then shuffle: two tosses, neither of which knows the other."""
    chosen = randbelow(2)  # the coin: which of the two drawn codes is the normal one
    exchanged = randbelow(2)  # the shuffle: whether the second drawn goes first
    one, other = Code(pair[0]), Code(pair[1])
    return DrawnPair(
        refs=(token_bytes(SLOT_REF_BYTES), token_bytes(SLOT_REF_BYTES)),
        _codes=(other, one) if exchanged else (one, other),
        _normal=chosen ^ exchanged,
    )
