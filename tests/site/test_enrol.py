"""What the site does with letters that are not as they should be."""

import secrets

import pytest

from enrolling import SITE, Pair, draw, enrol_one
from watchword.core.words import Event
from watchword.site.enrol import REFUSED_FULL, REFUSED_UNREADABLE, Keys
from watchword.storage.site import queries as q
from watchword.wire.batch import BATCH_BYTES
from watchword.wire.letter import LETTER_BYTES, Enrol, Letter, LetterKind, pack_enrol, pack_letter
from watchword.wire.report import unpack_reference
from watchword.wire.seal import letter_info, seal


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


def sealed_letter(pair, kind, body):
    plain = pack_letter(Letter(kind, secrets.token_bytes(16), body))
    return seal(pair.site_keys.public, letter_info(1), plain)


async def test_a_letter_that_does_not_open_changes_nothing(pair):
    await pair.at_site.take(secrets.token_bytes(LETTER_BYTES))
    await pair.at_site.take(b"short")
    assert await pair.carry() == []


async def test_a_letter_of_a_later_release_is_passed_over(pair):
    await pair.at_site.take(sealed_letter(pair, 77, b"?"))
    assert await pair.carry() == []


async def test_a_batch_that_does_not_open_is_refused_with_its_reason(pair):
    body = pack_enrol(Enrol(b"e" * 16, b"p" * 16, "Maria", secrets.token_bytes(BATCH_BYTES)))
    await pair.at_site.take(sealed_letter(pair, LetterKind.ENROL, body))
    (answer,) = await pair.carry()
    assert answer.event == Event.REFUSED
    assert unpack_reference(answer.payload).number == REFUSED_UNREADABLE


async def test_removing_a_person_takes_both_rows_and_draws_the_table_anew(pair):
    code, person = await enrol_one(pair)
    before = await pair.site.read(q.rows_load)
    await pair.at_site.take(sealed_letter(pair, LetterKind.REMOVE, bytes.fromhex(person)))
    (answer,) = await pair.carry()
    assert answer.event == Event.REMOVED
    assert pair.slots.find(pair.slots.derive(code)).person is None
    after = await pair.site.read(q.rows_load)
    assert len(after) == len(before)
    assert not {r.tag for r in after} & {r.tag for r in before}
    assert await pair.site.read(q.people) == ()


async def test_what_was_taken_out_of_the_table_is_in_no_file_of_the_database(pair, tmp_path):
    await enrol_one(pair)
    before = await pair.site.read(q.rows_load)
    assert on_disk(tmp_path, before[0].tag)
    await enrol_one(pair)
    after = {row.tag for row in await pair.site.read(q.rows_load)}
    gone = [row.tag for row in before if row.tag not in after]
    assert gone and not [tag for tag in gone if on_disk(tmp_path, tag)]


def on_disk(folder, content):
    return any(content in path.read_bytes() for path in folder.glob("site.db*"))


def test_the_key_that_opens_letters_does_not_show_itself():
    assert "5353" not in repr(Keys(b"5353" * 8, 1))


async def test_removing_somebody_unknown_is_answered_all_the_same(pair):
    await pair.at_site.take(sealed_letter(pair, LetterKind.REMOVE, b"n" * 16))
    (answer,) = await pair.carry()
    assert answer.event == Event.REMOVED


async def test_the_site_itself_refuses_one_person_too_many(pair, monkeypatch):
    monkeypatch.setattr("watchword.site.enrol.max_people", lambda _digits: 1)
    await enrol_one(pair)
    offer = await pair.enrolments.begin(SITE, "Ben Okafor", by="test")
    batch = draw(offer)
    body = pack_enrol(Enrol(offer.enrolment, b"q" * 16, "Ben", batch.sealed))
    await pair.at_site.take(sealed_letter(pair, LetterKind.ENROL, body))
    (answer,) = await pair.carry()
    assert unpack_reference(answer.payload).number == REFUSED_FULL
