"""What goes down to a site: the cells of its letters, and nothing that an incident could change.

The import contract holds this file: it cannot see incidents, plans or meanings. A letter
has the same cells each time within one run of the station, so that repetitions are known.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence

from watchword.core.words import ReportClass
from watchword.storage.shared.store import Store
from watchword.storage.station import queries
from watchword.storage.station.queries import LetterRow
from watchword.wire.letter import PIECES, cut
from watchword.wire.uplink import Cell, CellId

LETTERS_MAX = 500  # 8,500 cells: what a link's outbox holds; more come after a reconnect


class Letters:
    """The queued letters of all sites, as cells of one epoch for each run of the station."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._epoch = secrets.randbits(64)
        self._delivered: defaultdict[int, set[int]] = defaultdict(set)

    async def cells(self, site: str) -> Sequence[Cell]:
        """The cells of every letter that waits for this site (its id), in order."""
        rows = await self._store.read(lambda c: queries.letters_queued(c, site, limit=LETTERS_MAX))
        return [cell for row in rows for cell in self._cut(row)]

    async def delivered(self, cells: Sequence[CellId]) -> None:
        """The site has committed what these cells carried; a whole letter is then done."""
        for cell in cells:
            if cell.epoch == self._epoch:
                letter, piece = divmod(cell.counter - 1, PIECES)
                self._delivered[letter].add(piece)
        whole = [letter for letter, pieces in self._delivered.items() if len(pieces) == PIECES]
        if whole:
            await self._store.write(lambda c: queries.letters_done(c, whole))
            for letter in whole:
                del self._delivered[letter]

    def _cut(self, row: LetterRow) -> list[Cell]:
        first = row.id * PIECES + 1  # 32 bits are enough for 250 million letters
        return [
            Cell(cls=ReportClass.SERVICE, epoch=self._epoch, counter=first + index, body=body)
            for index, body in enumerate(cut(row.sealed))
        ]
