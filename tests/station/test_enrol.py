"""Enrolment through both halves, without a network: letters down, answers up."""

import pytest

from enrolling import SITE, Pair, draw
from watchword.core.codes import Policy
from watchword.core.errors import InputError, NotFoundError, RefusedError
from watchword.core.words import Event
from watchword.station.enrol import TRIES_MAX
from watchword.station.enrol_views import LinkUnusableError, Refused, Taken, Waiting
from watchword.storage.site import queries as site_q
from watchword.storage.station import queries as q
from watchword.wire.slot import Meaning


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


async def enrol(pair, name):
    offer = await pair.enrolments.begin(SITE, name, by="test")
    batch = draw(offer)
    await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
    await pair.settle()
    outcome = await pair.enrolments.outcome(offer.enrolment)
    assert isinstance(outcome, Taken)
    return batch.pair(outcome.pair)


async def test_a_person_gets_two_codes_that_both_find_them_and_mean_two_things(pair):
    mine = await enrol(pair, "Maria Lopez")
    meanings = {}
    for code in (mine.normal().reveal(), mine.duress().reveal()):
        found = pair.slots.find(pair.slots.derive(code))
        assert found.person is not None
        token = pair.ring.open_token(found.token)
        slot = await pair.station.read(lambda c, t=token: q.slot_get(c, t.slot_ref.hex()))
        assert slot.state == "active" and slot.person == found.person.hex()
        meanings[code] = token.meaning
    assert meanings == {
        mine.normal().reveal(): Meaning.NORMAL,
        mine.duress().reveal(): Meaning.DURESS,
    }


async def test_only_the_taken_pair_is_in_use_and_the_rest_is_retired(pair):
    await enrol(pair, "Maria Lopez")
    people = await pair.station.read(lambda c: q.people(c, SITE))
    slots = await pair.station.read(lambda c: q.slots_of_person(c, people[0].id))
    assert sorted(s.state for s in slots) == ["active"] * 2 + ["retired"] * 14


async def test_the_same_batch_twice_changes_nothing_and_another_is_refused(pair):
    offer = await pair.enrolments.begin(SITE, "Maria Lopez", by="test")
    batch, other = draw(offer), draw(offer)
    await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
    await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
    with pytest.raises(RefusedError, match="other codes"):
        await pair.enrolments.send(offer.enrolment, other.sealed, other.slots)
    letters = await pair.station.read(lambda c: q.letters_queued(c, SITE))
    assert len(letters) == 1


async def test_the_same_letter_twice_gets_the_same_answer_and_one_change(pair):
    offer = await pair.enrolments.begin(SITE, "Maria Lopez", by="test")
    batch = draw(offer)
    await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
    letter = (await pair.station.read(lambda c: q.letters_queued(c, SITE)))[0]
    first = await pair.carry()
    rows = await pair.site.read(site_q.rows_load)
    await pair.at_site.take(letter.sealed)
    again = await pair.carry()
    assert [r.event for r in first + again] == [Event.ENROLLED, Event.ENROLLED]
    assert first[0].payload == again[0].payload
    assert await pair.site.read(site_q.rows_load) == rows


async def test_codes_near_somebody_elses_are_passed_over(pair):
    taken = await enrol(pair, "Maria Lopez")
    near = pair.at_site._first_acceptable
    offer = await pair.enrolments.begin(SITE, "Ben Okafor", by="test")
    batch = draw(offer)

    class Row:
        def __init__(self, code):
            self.code = code

    code = taken.normal().reveal()
    slip = code[:-1] + str((int(code[-1]) + 1) % 10)

    class Batch:
        pairs = ((Row(slip), Row("907152")), (Row(code), Row("907152")))

    assert near(Batch) is None
    assert batch.sealed


async def test_new_codes_for_the_same_person_replace_both_old_ones(pair):
    old = await enrol(pair, "Maria Lopez")
    new = await enrol(pair, "Maria Lopez")
    for code in (old.normal().reveal(), old.duress().reveal()):
        assert pair.slots.find(pair.slots.derive(code)).person is None
    for code in (new.normal().reveal(), new.duress().reveal()):
        assert pair.slots.find(pair.slots.derive(code)).person is not None
    assert len(await pair.site.read(site_q.people)) == 1
    assert len(await pair.station.read(lambda c: q.people(c, SITE))) == 1


async def test_a_refusal_retires_every_slot_and_says_no_code_and_no_name(tmp_path):
    pair = Pair(tmp_path, digits=4)
    try:
        pair.at_site._digits = 6  # the site was set to other codes meanwhile
        offer = await pair.enrolments.begin(SITE, "Maria Lopez", by="test")
        batch = draw(offer)
        await pair.enrolments.send(offer.enrolment, batch.sealed, batch.slots)
        await pair.settle()
        outcome = await pair.enrolments.outcome(offer.enrolment)
        assert isinstance(outcome, Refused)
        assert "Maria" not in outcome.message
        slots = await pair.station.read(lambda c: q.slots_of_enrolment(c, offer.enrolment.hex()))
        assert {s.state for s in slots} == {"retired"}
        assert await pair.site.read(site_q.people) == ()
    finally:
        pair.close()


async def test_a_full_site_takes_nobody_more(tmp_path):
    pair = Pair(tmp_path, digits=4, policy=Policy.INDEPENDENT)
    try:
        for n in range(5):
            await enrol(pair, f"Person {n}")
        with pytest.raises(RefusedError, match="as many people"):
            await pair.enrolments.begin(SITE, "One more", by="test")
        assert await pair.enrolments.begin(SITE, "Person 3", by="test")
    finally:
        pair.close()


async def test_a_link_opens_once_with_its_code_however_it_is_typed(pair):
    invited = await pair.enrolments.invite(SITE, "Maria Lopez", by="desk")
    typed = f" {invited.code[:4].lower()}-{invited.code[4:]} "
    offer = await pair.enrolments.open(invited.link, typed)
    assert offer.name == "Maria Lopez" and offer.site == "Hotel Aurora"
    with pytest.raises(LinkUnusableError):
        await pair.enrolments.open(invited.link, invited.code)
    batch = draw(offer)
    await pair.enrolments.submit(invited.link, offer.enrolment, batch.sealed, batch.slots)
    assert isinstance(await pair.enrolments.result(invited.link, offer.enrolment), Waiting)
    await pair.settle()
    assert isinstance(await pair.enrolments.result(invited.link, offer.enrolment), Taken)


async def test_wrong_codes_are_counted_and_the_sixth_try_is_lost_even_when_right(pair):
    invited = await pair.enrolments.invite(SITE, "Maria Lopez", by="desk")
    for _ in range(TRIES_MAX):
        with pytest.raises(LinkUnusableError):
            await pair.enrolments.open(invited.link, "AAAA-AAAA")
    with pytest.raises(LinkUnusableError):
        await pair.enrolments.open(invited.link, invited.code)


async def test_an_expired_link_is_like_an_unknown_one(pair):
    invited = await pair.enrolments.invite(SITE, "Maria Lopez", by="desk")
    pair.clock.forward(24 * 3600 + 1)
    with pytest.raises(LinkUnusableError) as late:
        await pair.enrolments.open(invited.link, invited.code)
    with pytest.raises(LinkUnusableError) as unknown:
        await pair.enrolments.open("nothing", invited.code)
    assert str(late.value) == str(unknown.value)


async def test_a_link_is_for_its_own_enrolment_only(pair):
    one = await pair.enrolments.invite(SITE, "Maria Lopez", by="desk")
    two = await pair.enrolments.invite(SITE, "Ben Okafor", by="desk")
    offer = await pair.enrolments.open(one.link, one.code)
    await pair.enrolments.open(two.link, two.code)
    with pytest.raises(LinkUnusableError):
        await pair.enrolments.result(two.link, offer.enrolment)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "tab\tno\x00"])
async def test_a_bad_name_is_refused(pair, name):
    with pytest.raises(InputError):
        await pair.enrolments.begin(SITE, name, by="test")


async def test_an_unknown_site_or_enrolment_is_told(pair):
    with pytest.raises(NotFoundError):
        await pair.enrolments.begin("b" * 32, "Maria Lopez", by="test")
    with pytest.raises(NotFoundError):
        await pair.enrolments.outcome(bytes(16))


@pytest.mark.parametrize(
    ("sealed", "slots"),
    [
        (b"short", None),
        (None, ()),
        (None, ((b"a" * 16, b"a" * 16),) * 8),
        (None, ((b"a" * 15, b"b" * 16),) * 8),
    ],
)
async def test_a_malformed_batch_is_refused_and_leaves_no_slot(pair, sealed, slots):
    offer = await pair.enrolments.begin(SITE, "Maria Lopez", by="test")
    batch = draw(offer)
    with pytest.raises(InputError, match="wrong form"):
        await pair.enrolments.send(
            offer.enrolment,
            batch.sealed if sealed is None else sealed,
            batch.slots if slots is None else slots,
        )
    assert await pair.station.read(lambda c: q.slots_of_enrolment(c, offer.enrolment.hex())) == ()


async def test_no_code_is_anywhere_in_either_database(pair, tmp_path):
    mine = await enrol(pair, "Maria Lopez")
    pair.close()
    stored = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    for code in (mine.normal().reveal(), mine.duress().reveal()):
        assert code.encode() not in stored
