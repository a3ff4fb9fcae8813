"""A disk that takes nothing stops nobody: what is owed is sent at once and written later."""

import asyncio

import pytest
from sqlalchemy import Connection

from hotel import ANN, ANNS, TOKENS, Hotel
from watchword.core.words import Action, Event
from watchword.site.panel import OWED_S
from watchword.storage.shared.faults import DiskFullError, StorageFaultError
from watchword.storage.site import queries


class TestFullDisk:
    """The disk takes nothing: the panel goes on, reports at once, and shows it."""

    def fill(self, hotel: Hotel) -> None:
        """Let the database have no page more than it has."""

        def limit(c: Connection) -> None:
            pages = c.exec_driver_sql("pragma page_count").scalar_one()
            c.exec_driver_sql(f"pragma max_page_count = {pages}")

        hotel.store.write_now(limit)
        with pytest.raises(DiskFullError):
            for _ in range(100):
                hotel.store.write_now(lambda c: queries.value_set(c, "filler", "x" * 4000))
                hotel.store.write_now(
                    lambda c: [queries.journal_append(c, 0, "", "filler", {"x": "y" * 400})
                               for _ in range(40)]
                )  # fmt: skip

    def empty(self, hotel: Hotel) -> None:
        hotel.store.write_now(lambda c: c.exec_driver_sql("pragma max_page_count = 1000000"))

    async def test_goes_on_from_memory_alike_for_every_code(self, hotel: Hotel) -> None:
        await hotel.open()
        self.fill(hotel)
        hotel.kept.cells.clear()
        for _ in range(30):  # the last free bytes of a page still take some
            answer = await hotel.code(ANN)
        assert answer.state.trouble == ("Cannot save to disk",)
        hotel.kept.cells.clear()
        for code in (ANN, ANNS):
            answer = await hotel.code(code)
            assert answer.accepted
            report = next(r for r in hotel.kept.opened() if r.payload == TOKENS[code])
            assert report.event == Event.ATTEMPT_ACCEPTED
            assert all(cell.id == 0 for cell in hotel.kept.cells)

    async def test_writes_what_it_owes_when_there_is_room_again(self, hotel: Hotel) -> None:
        await hotel.open()
        self.fill(hotel)
        for _ in range(30):
            await hotel.code(ANN)
        assert hotel.panel.state(hotel.keypad).trouble
        await hotel.code(ANN, Action.ARM_AWAY)
        self.empty(hotel)
        await hotel.after(5)
        assert hotel.panel.state(hotel.keypad).trouble == ()
        sent = {(c.report_class, c.epoch, c.counter) for c in hotel.kept.cells}
        stored = {(c.report_class, c.epoch, c.counter) for c in hotel.outbox()}
        assert sent == stored
        assert hotel.journal().count("disarmed") == 30
        assert hotel.store.read_now(queries.journal_verify) is None
        assert {Event.TROUBLE, Event.TROUBLE_RESTORED} <= set(hotel.kept.events())
        hotel = await hotel.again()
        assert hotel.panel.state(hotel.keypad).phase == "exiting"
        hotel.store.close()


class TestFault:
    """The store fails altogether: reports still leave, names are those that were read last."""

    async def test_names_and_reports_outlive_a_store_that_answers_nothing(
        self, hotel: Hotel
    ) -> None:
        await hotel.open()
        hotel.kept.cells.clear()
        hotel.store.fails = StorageFaultError("gone")
        answer = await hotel.code(ANN, Action.ARM_AWAY)
        assert answer.accepted
        assert hotel.kept.opened()[0].payload == TOKENS[ANN]
        assert hotel.panel._next() <= hotel.panel.now() + OWED_S
        hotel.store.fails = None
        await hotel.after(OWED_S)
        entries = hotel.store.read_now(lambda c: queries.journal_tail(c, 10))
        assert {"person": "Ann"} in [entry.params for entry in entries]

    async def test_a_mistake_of_ours_is_no_reason_to_be_mute(self, hotel: Hotel) -> None:
        await hotel.open()
        hotel.kept.cells.clear()
        await hotel.panel.zone("Front door", is_open=True)
        hotel.store.fails = ValueError("a mistake")
        with pytest.raises(ValueError, match="a mistake"):
            await hotel.panel.zone("Reception desk", is_open=True)
        assert [report.event for report in hotel.kept.opened()] == [Event.BUTTON]


async def test_a_cancelled_attempt_is_written_and_sent_all_the_same(hotel: Hotel) -> None:
    """A browser that goes away while the disk works takes nothing with it."""
    await hotel.open()
    hotel.kept.cells.clear()
    hotel.clock.move(2)
    task = asyncio.ensure_future(hotel.panel.attempt(hotel.keypad, ANN, Action.DISARM))
    while not hotel.panel._ledger._running:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await hotel.panel.close()
    assert [report.payload for report in hotel.kept.opened()] == [TOKENS[ANN]]
    assert hotel.journal()[-1] == "disarmed"
