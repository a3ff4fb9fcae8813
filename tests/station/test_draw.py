"""Drawing in Python: the same batch as the page's, and no trace of what a code means.

Bounds: a count of n fair tosses lies within 5 standard deviations of its mean except once in
1.7 million runs; twenty counts are looked at here.
"""

import random
import secrets
from collections import Counter
from itertools import permutations, product
from math import sqrt

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from watchword.core.codes import Code, Policy, check_pair, neighbours
from watchword.core.errors import InputError, LocalFaultError, RefusedError
from watchword.station import draw
from watchword.station.draw import DrawnPair, draw_enrolment, draw_people
from watchword.wire.batch import BATCH_BYTES, unpack_batch
from watchword.wire.faults import MalformedError
from watchword.wire.seal import BATCH_INFO, SUITE, KeyPair, key_id
from watchword.wire.slot import Meaning
from watchword.wire.unseal import Keyring

STATION, SITE = KeyPair.generate(), KeyPair.generate()
RING = Keyring({key_id(STATION.public): STATION.secret})
CHANCE = {"randbelow": secrets.randbelow, "token_bytes": secrets.token_bytes}


def enrolment(policy=Policy.PRIVATE, digits=6, **given):
    keys = (STATION.public, key_id(STATION.public), SITE.public)
    return draw_enrolment(policy, digits, *keys, **(CHANCE | given))


def opened(sealed):
    secret = X25519PrivateKey.from_private_bytes(SITE.secret)
    return unpack_batch(SUITE.decrypt(sealed, secret, info=BATCH_INFO))


def fair(count, of, share=0.5):
    return abs(count - of * share) <= 5 * sqrt(of * share * (1 - share))


# -- one enrolment -------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "digits"), list(product(Policy, [4, 6, 8])))
def test_the_site_reads_the_codes_and_the_station_the_meanings(policy, digits):
    drawn = enrolment(policy, digits)
    batch = opened(drawn.sealed)
    assert len(drawn.sealed) == BATCH_BYTES
    assert (batch.enrolment, batch.digits, len(batch.pairs)) == (drawn.enrolment, digits, 8)
    for index, rows in enumerate(batch.pairs):
        tokens = [RING.open_token(row.token) for row in rows]
        assert tuple(token.slot_ref for token in tokens) == drawn.slots[index]
        by_meaning = {t.meaning: row.code for t, row in zip(tokens, rows, strict=True)}
        pair = drawn.pair(index)
        assert by_meaning == {
            Meaning.NORMAL: pair.normal().reveal(),
            Meaning.DURESS: pair.duress().reveal(),
        }
        assert check_pair(policy, (rows[0].code, rows[1].code), lambda _: False) is None
    refs = [ref for pair in drawn.slots for ref in pair]
    assert len(set(refs)) == 16


def test_a_name_may_be_given_and_is_drawn_otherwise():
    assert enrolment(enrolment=b"sixteen bytes ok").enrolment == b"sixteen bytes ok"
    assert len({enrolment().enrolment for _ in range(4)}) == 4


def test_nothing_shows_itself():
    drawn = enrolment()
    codes = [code for n in range(8) for code in (drawn.pair(n).normal(), drawn.pair(n).duress())]
    [person] = draw_people(["Ann"], Policy.PRIVATE, 6, **CHANCE)
    codes += [person.pair.normal(), person.pair.duress()]
    said = " ".join(map(repr, (drawn, drawn.pair(0), person, person.pair, codes)))
    assert not any(code.reveal() in said for code in codes)
    assert "normal=" not in said
    assert drawn.sealed.hex() not in said


def test_bad_keys_and_digits_are_refused():
    with pytest.raises(InputError):
        enrolment(digits=9)
    with pytest.raises(MalformedError):
        draw_enrolment(Policy.PRIVATE, 6, b"short", b"1234", SITE.public, **CHANCE)
    with pytest.raises(ValueError, match="16 bytes"):
        enrolment(enrolment=b"short")


# -- the coin and the shuffle --------------------------------------------------------------


def many_pairs(policy, count=4_000):
    """Pairs, each with whether the draw's first code is the normal one, and goes first."""
    rng = random.Random(f"drawn {policy}")
    found = []
    for _ in range(count):
        drawn = (f"{rng.randrange(500_000):06d}", f"{rng.randrange(500_000, 10**6)}")
        pair = draw._shuffled(drawn, rng.randrange, rng.randbytes)
        first = pair._codes[0].reveal()
        found.append((pair.normal().reveal() == drawn[0], first == drawn[0]))
    return found


@pytest.mark.parametrize("policy", Policy)
def test_the_coin_and_the_shuffle_do_not_know_each_other(policy):
    cells = Counter(many_pairs(policy))
    assert set(cells) == set(product([True, False], repeat=2))
    assert all(fair(count, 4_000, 0.25) for count in cells.values())


def test_the_place_of_the_normal_code_is_even_in_sealed_batches():
    places = [0, 0]
    for _ in range(40):
        for rows in opened(enrolment().sealed).pairs:
            places[RING.open_token(rows[1].token).meaning is Meaning.NORMAL] += 1
    assert sum(places) == 320
    assert fair(places[1], 320)


def test_the_two_coins_are_tossed_after_the_pair_and_apart():
    asked = []

    def randbelow(limit):
        asked.append(limit)
        return secrets.randbelow(limit)

    enrolment(Policy.INDEPENDENT, 6, randbelow=randbelow)
    ends = [at for at, limit in enumerate(asked) if limit == 2]
    assert len(ends) == 16
    assert all(second == first + 1 for first, second in zip(ends[::2], ends[1::2], strict=True))
    assert asked[0] == 10


# -- people against a plain set ------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(("digits", "people"), [(4, 5), (5, 50), (6, 60)])
def test_no_code_of_anyone_is_one_slip_from_any_other(policy, digits, people):
    names = [f"Person {n}" for n in range(people)]
    drawn = draw_people(names, policy, digits, **CHANCE)
    assert [person.name for person in drawn] == names
    codes = [(p.name, code.reveal()) for p in drawn for code in (p.pair.normal(), p.pair.duress())]
    assert len({code for _, code in codes}) == 2 * people
    for (name, code), (other_name, other) in permutations(codes, 2):
        own_classic_pair = policy is Policy.SWAP_LAST_TWO and name == other_name
        assert own_classic_pair or other not in neighbours(code)


def test_codes_that_are_held_keep_their_distance():
    held = {"507382", "567312", "918264"}
    drawn = draw_people([f"{n}" for n in range(40)], Policy.INDEPENDENT, 6, held=held, **CHANCE)
    codes = {c.reveal() for p in drawn for c in (p.pair.normal(), p.pair.duress())}
    assert not any(codes & ({code} | neighbours(code)) for code in held)


def test_more_people_than_the_digits_allow_are_refused():
    with pytest.raises(RefusedError, match="at most 5 people") as caught:
        draw_people(["x"] * 6, Policy.PRIVATE, 4, **CHANCE)
    assert caught.value.hint
    with pytest.raises(RefusedError):
        draw_people(["x"] * 5, Policy.PRIVATE, 4, held={"5073"}, **CHANCE)
    assert draw_people([], Policy.PRIVATE, 4, **CHANCE) == ()


def test_a_source_of_chance_that_repeats_ends_with_an_error():
    numbers = [6, 6, 0, 4, 2, 7, 6]  # a good private pair of four digits: 6604 and 6706

    def repeating():
        while True:
            yield from numbers

    source = repeating()
    with pytest.raises(LocalFaultError, match="No free pair"):
        draw_people(
            ["Ann"],
            Policy.PRIVATE,
            4,
            randbelow=lambda _: next(source),
            token_bytes=secrets.token_bytes,
            held={"6604"},
        )


def test_a_pair_gives_each_code_its_own_slot():
    refs = (bytes(16), bytes(range(16)))
    pair = DrawnPair(refs, (Code("507382"), Code("567312")), 1)
    rows = pair.rows(STATION.public, key_id(STATION.public))
    tokens = [RING.open_token(row.token) for row in rows]
    assert [row.code for row in rows] == ["507382", "567312"]
    assert [token.meaning for token in tokens] == [Meaning.DURESS, Meaning.NORMAL]
    assert tuple(token.slot_ref for token in tokens) == refs
    assert (pair.normal().reveal(), pair.duress().reveal()) == ("567312", "507382")
