"""A letter is sealed to one site, queued with its cause, and says nothing by its size."""

import pytest

from enrolling import SITE, Pair
from watchword.core.errors import RefusedError
from watchword.station.letters import queue_letter
from watchword.storage.station import queries
from watchword.wire.faults import UnopenableError
from watchword.wire.letter import LETTER_BYTES, LetterKind, open_letter
from watchword.wire.seal import KeyPair, letter_info


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


def queue(pair, body, kind=LetterKind.REMOVE):
    def store(c):
        return queue_letter(c, queries.site_get(c, SITE), kind, body, at_ms=5)

    return pair.station.write_now(store)


def waiting(pair):
    return pair.station.read_now(lambda c: queries.letters_queued(c, SITE))


def test_only_the_site_that_it_is_for_can_open_it(pair):
    number = queue(pair, b"somebody")
    (row,) = waiting(pair)
    assert (row.id, row.kind, row.created_ms) == (number, "remove", 5)
    letter = open_letter(pair.site_keys.secret, letter_info(1), row.sealed)
    assert (letter.known_kind, letter.body) == (LetterKind.REMOVE, b"somebody")
    for secret, info in (
        (KeyPair.generate().secret, letter_info(1)),
        (pair.site_keys.secret, letter_info(2)),  # played to another number
    ):
        with pytest.raises(UnopenableError):
            open_letter(secret, info, row.sealed)


def test_letters_look_alike_and_the_same_one_never_twice(pair):
    queue(pair, b"a" * 16)
    queue(pair, b"a" * 16)
    queue(pair, b"b" * 2000, LetterKind.ENROL)
    sealed = [row.sealed for row in waiting(pair)]
    assert {len(each) for each in sealed} == {LETTER_BYTES}
    assert len(set(sealed)) == 3
    opened = [open_letter(pair.site_keys.secret, letter_info(1), each) for each in sealed]
    assert len({letter.letter_id for letter in opened}) == 3


def test_a_cause_that_is_given_up_leaves_no_letter(pair):
    def store(c):
        queue_letter(c, queries.site_get(c, SITE), LetterKind.REMOVE, b"x", at_ms=5)
        raise RefusedError("the cause does not happen")

    with pytest.raises(RefusedError):
        pair.station.write_now(store)
    assert waiting(pair) == ()


def test_a_site_that_was_never_paired_has_no_key_to_seal_to(pair):
    pair.station.write_now(lambda c: queries.site_update(c, SITE, hpke_public=None))
    with pytest.raises(RefusedError, match=r"Hotel Aurora was never paired.*watchword pair site"):
        queue(pair, b"x")
    assert waiting(pair) == ()
