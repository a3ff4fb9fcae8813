"""Who may invite, remove and prove; every act is journaled, and a removal reaches the site."""

import pytest

from enrolling import SITE, Pair, enrol_one
from watchword.core.errors import InputError, NotAllowedError, NotFoundError
from watchword.core.watched import MONTH_S
from watchword.station.people import REFERENCE_CHARS_MAX, People
from watchword.station.views import SessionView
from watchword.storage.station import queries
from watchword.storage.station.queries import SiteRow, SlotState


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


@pytest.fixture
def people(pair):
    return People(
        store=pair.station,
        clock=pair.clock,
        enrolments=pair.enrolments,
        downlink=pair.woken,
        base_url="https://station.example/",
    )


def session(*may):
    return SessionView("ann", "Ann Berg", "off-site", "csrf", frozenset(may))


def journal(pair):
    rows = pair.station.read_now(lambda c: queries.journal_tail(c, 100, site=SITE))
    return [(row.who, row.key, row.params) for row in reversed(rows)]


async def test_an_invitation_is_a_link_and_a_code_that_open_one_enrolment(pair, people):
    made = await people.invite(SITE, session("people"), "Maria Lopez")
    base, link = made.link.rsplit("/", 1)
    assert base == "https://station.example/enrol"
    assert made.code[4] == "-" and len(made.code) == 9
    offer = await pair.enrolments.open(link, made.code)
    assert offer.name == "Maria Lopez"
    assert journal(pair) == [("ann", "person-invited", {"person": "Maria Lopez"})]
    assert link not in str(journal(pair)) and made.code not in str(journal(pair))


@pytest.mark.parametrize("may", [(), ("work",), ("work", "prove")])
async def test_who_may_not_manage_people_changes_nothing(pair, people, may):
    await enrol_one(pair)
    before = journal(pair)
    with pytest.raises(NotAllowedError):
        await people.invite(SITE, session(*may), "Ben Okafor")
    with pytest.raises(NotAllowedError):
        await people.remove(SITE, session(*may), "Maria Lopez")
    if "prove" not in may:
        with pytest.raises(NotAllowedError):
            await people.prove(SITE, session(*may), kind="psap", reference="R1")
    assert journal(pair) == before


async def test_a_removal_counts_at_once_and_reaches_the_site(pair, people):
    code, person = (await enrol_one(pair))[:2]
    assert pair.slots.find(pair.slots.derive(code)).person is not None
    pair.woken.sites.clear()
    await people.remove(SITE, session("people"), "Maria Lopez")
    slots = pair.station.read_now(lambda c: queries.slots_of_person(c, person))
    assert {slot.state for slot in slots} == {SlotState.RETIRED}, "before the site knows"
    assert pair.woken.sites == [SITE]
    await pair.carry()
    assert pair.slots.find(pair.slots.derive(code)).person is None
    assert journal(pair)[-1] == ("ann", "person-removed", {"person": "Maria Lopez"})
    with pytest.raises(NotFoundError, match="Nobody called 'Maria Lopez'"):
        await people.remove(SITE, session("people"), "Maria Lopez")


async def test_a_person_is_found_by_id_too(pair, people):
    person = (await enrol_one(pair))[1]
    await people.remove_as(SITE, person, by="command")
    assert pair.station.read_now(lambda c: queries.people(c, SITE)) == ()


async def test_a_site_that_was_never_paired_gets_no_letter(pair, people):
    await people.invite_as(SITE, "Maria Lopez", by="command")
    pair.station.write_now(lambda c: queries.site_update(c, SITE, hpke_public=None))
    await people.remove_as(SITE, "Maria Lopez", by="command")
    assert pair.station.read_now(lambda c: queries.letters_queued(c, SITE)) == ()


async def test_nothing_is_done_at_a_site_that_is_not_there(people):
    for act in (
        people.invite_as("x", "Maria Lopez", by="command"),
        people.remove_as("x", "Maria Lopez", by="command"),
        people.prove("x", session("prove"), kind="psap", reference="R1"),
    ):
        with pytest.raises(NotFoundError, match="no such site"):
            await act


async def test_a_proof_says_who_answered_and_for_how_long_it_counts(pair, people):
    said = "  Desk 4,\tM. Jensen  "
    await people.prove(SITE, session("prove"), kind="responders", reference=said)
    pair.clock.forward(60)
    await people.prove(SITE, session("prove"), kind="responders", reference="Desk 5")
    newest = pair.station.read_now(lambda c: queries.proofs(c, SITE))["responders"]
    assert (newest.reference, newest.who, newest.interval_s) == ("Desk 5", "ann", int(MONTH_S))
    assert newest.proven_ms == int(pair.clock.now() * 1000)
    assert journal(pair)[0] == (
        "ann",
        "hand-off-proven",
        {"kind": "responders", "reference": "Desk 4, M. Jensen"},
    )


@pytest.mark.parametrize(
    ("kind", "reference"),
    [("responders", "  "), ("responders", "x" * (REFERENCE_CHARS_MAX + 1)), ("hope", "R1")],
)
async def test_a_proof_of_nothing_is_refused(pair, people, kind, reference):
    with pytest.raises(InputError):
        await people.prove(SITE, session("prove"), kind=kind, reference=reference)
    assert pair.station.read_now(lambda c: queries.proofs(c, SITE)) == {}


def add_site(pair, number, name):
    with_defaults = pair.station.read_now(lambda c: queries.site_get(c, SITE))
    values = {name: getattr(with_defaults, name) for name in SiteRow.__slots__}
    values |= {"id": f"{number:032x}", "number": number, "name": name}
    values["tls_fingerprint"] = f"{number:064x}"
    pair.station.write_now(lambda c: queries.site_add(c, SiteRow(**values)))


class TestFindSite:
    async def test_the_only_one_need_not_be_named(self, people):
        assert (await people.find_site(None)).id == SITE

    async def test_by_name_or_id(self, pair, people):
        add_site(pair, 2, "Hotel Borealis")
        assert (await people.find_site("Hotel Borealis")).number == 2
        assert (await people.find_site(SITE)).number == 1

    async def test_one_of_several_must_be_named(self, pair, people):
        add_site(pair, 2, "Hotel Borealis")
        with pytest.raises(InputError) as caught:
            await people.find_site(None)
        assert caught.value.hint == "Use --site with one of: Hotel Aurora, Hotel Borealis."

    async def test_an_unknown_one_is_told_what_there_is(self, people):
        with pytest.raises(NotFoundError) as caught:
            await people.find_site("Hotel Cassiopeia")
        assert "Hotel Aurora" in caught.value.hint

    async def test_two_of_one_name_are_told_apart_by_id(self, pair, people):
        add_site(pair, 2, "Hotel Aurora")
        with pytest.raises(InputError, match="Several sites are called") as caught:
            await people.find_site("Hotel Aurora")
        assert SITE in caught.value.hint and f"{2:032x}" in caught.value.hint
        assert (await people.find_site(f"{2:032x}")).number == 2
