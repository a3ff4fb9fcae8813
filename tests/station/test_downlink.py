"""Letters on their way down: the same cells until the whole letter is there, then no more."""

import pytest

from enrolling import SITE, Pair
from hotel import FaultyStore
from watchword.core.words import ReportClass
from watchword.station.downlink import Letters
from watchword.station.letters import queue_letter
from watchword.storage.shared.faults import DiskFullError
from watchword.storage.station import queries
from watchword.wire.letter import PIECES, Assembler, LetterKind, open_letter
from watchword.wire.seal import letter_info
from watchword.wire.uplink import CellId


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


@pytest.fixture
def letters(pair):
    return Letters(pair.station)


def queue(pair, body):
    def store(c):
        return queue_letter(c, queries.site_get(c, SITE), LetterKind.REMOVE, body, at_ms=5)

    return pair.station.write_now(store)


def ids(cells):
    return [cell.id for cell in cells]


async def test_cells_become_the_letters_again(pair, letters):
    for body in (b"first", b"second"):
        queue(pair, body)
    cells = await letters.cells(SITE)
    assert len(cells) == 2 * PIECES
    assert {cell.cls for cell in cells} == {ReportClass.SERVICE}
    assert len(set(ids(cells))) == len(cells)
    assembler = Assembler()
    whole = [one for cell in cells if (one := assembler.add(cell))]
    opened = [open_letter(pair.site_keys.secret, letter_info(1), one.sealed) for one in whole]
    assert [letter.body for letter in opened] == [b"first", b"second"]


async def test_a_letter_has_the_same_cells_each_time_within_a_run(pair, letters):
    queue(pair, b"x")
    assert await letters.cells(SITE) == await letters.cells(SITE)
    again = await Letters(pair.station).cells(SITE)  # after a restart
    assert not set(ids(again)) & set(ids(await letters.cells(SITE)))


async def test_it_is_done_when_every_piece_is_there_in_whatever_order(pair, letters):
    queue(pair, b"first")
    queue(pair, b"second")
    cells = ids(await letters.cells(SITE))
    first, second = cells[:PIECES], cells[PIECES:]
    for cell in reversed(second):
        assert len(await letters.cells(SITE)) == 2 * PIECES
        await letters.delivered([cell])
    assert ids(await letters.cells(SITE)) == first
    await letters.delivered(first[:-1])
    await letters.delivered(first[:-1])  # said again
    assert len(await letters.cells(SITE)) == PIECES
    await letters.delivered(first[-1:])
    assert await letters.cells(SITE) == []


async def test_acknowledgements_of_an_earlier_run_complete_nothing(pair, letters):
    queue(pair, b"x")
    mine = ids(await letters.cells(SITE))
    earlier = [CellId(cell.cls, cell.epoch ^ 1, cell.counter) for cell in mine]
    await letters.delivered(earlier)
    await letters.delivered(mine[1:])
    assert len(await letters.cells(SITE)) == PIECES


async def test_a_database_that_fails_leaves_the_letter_to_come_again(pair, tmp_path):
    store = FaultyStore(f"sqlite:///{tmp_path / 'station.db'}", name="station")
    store.start()
    letters = Letters(store)
    queue(pair, b"x")
    cells = ids(await letters.cells(SITE))
    store.fails = DiskFullError("full")
    with pytest.raises(DiskFullError):
        await letters.delivered(cells)
    store.fails = None
    assert len(await letters.cells(SITE)) == PIECES
    await letters.delivered(cells[:1])  # its repetition is acknowledged again
    assert await letters.cells(SITE) == []
    store.close()


async def test_other_sites_letters_are_not_shown(pair, letters):
    queue(pair, b"x")
    assert await letters.cells("b" * 32) == []
