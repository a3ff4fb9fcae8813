"""The panel end to end, on a real database: what a keypad sees, what is kept, what is sent."""

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from hotel import ANN, ANNS, TOKENS, WRONG, Hotel, hotels
from watchword.core.area import attempt_action
from watchword.core.errors import InputError, LocalFaultError, NotFoundError
from watchword.core.words import Action, Event, ReportClass
from watchword.site.slots import Slots
from watchword.site.views import Keypads
from watchword.storage.shared.store import Store
from watchword.storage.site import queries


async def armed(hotel: Hotel) -> None:
    assert (await hotel.code(ANN, Action.ARM_AWAY)).accepted
    await hotel.after(60)
    assert hotel.panel.state(hotel.keypad).phase == "armed"


class TestAttempt:
    async def test_arms_and_disarms_and_says_so(self, hotel: Hotel) -> None:
        await hotel.open()
        ready = hotel.panel.state(hotel.keypad)
        assert (ready.sentence, ready.phase, ready.digits) == ("Ready to arm", "disarmed", 6)
        answer = await hotel.code(ANN, Action.ARM_AWAY)
        assert (answer.accepted, answer.message) == (True, "Arming away. Leave now")
        assert (answer.state.sentence, answer.state.sound) == ("Leave now", "exit")
        assert answer.state.actions == (Action.DISARM,)
        await hotel.after(60)
        assert hotel.panel.state(hotel.keypad).sentence == "Armed away"
        answer = await hotel.code(ANNS)
        assert (answer.accepted, answer.message) == (True, "Disarmed")
        assert hotel.journal() == ["started", "arm-away", "armed-away", "disarmed"]

    async def test_its_report_carries_the_token_of_that_code_and_the_place(
        self, hotel: Hotel
    ) -> None:
        await hotel.open()
        for code in (ANN, ANNS):
            await hotel.code(code)
            report = hotel.kept.opened()[-1]
            assert report.event == Event.ATTEMPT_ACCEPTED
            assert report.cls == ReportClass.VALID
            assert report.payload == TOKENS[code]
            assert report.area == 1
            assert report.place == hotel.keypad.number
            assert attempt_action(report.detail) == (Action.DISARM, True)
            assert hotel.kept.cells[-1] in hotel.outbox(), "with the id of its row"

    async def test_a_wrong_code_is_reported_in_the_same_form(self, hotel: Hotel) -> None:
        await hotel.open()
        answer = await hotel.code(WRONG, Action.ARM_HOME)
        assert (answer.accepted, answer.message) == (False, "Code not accepted")
        report = hotel.kept.opened()[-1]
        assert (report.event, report.cls) == (Event.ATTEMPT_REFUSED, ReportClass.INVALID)
        assert attempt_action(report.detail) == (Action.ARM_HOME, True)
        assert report.payload not in TOKENS.values()
        assert len(report.payload) == 80
        assert hotel.journal()[-1] == "attempt-refused"

    async def test_refused_arming_names_the_open_zones_and_still_is_a_valid_code(
        self, hotel: Hotel
    ) -> None:
        await hotel.open()
        shown = await hotel.panel.zone("Back door", is_open=True)
        assert shown.sentence == "Back door open"
        answer = await hotel.code(ANN, Action.ARM_AWAY)
        assert answer.message == "Not armed. Open: Back door"
        assert [zone.name for zone in answer.state.open_zones] == ["Back door"]
        report = hotel.kept.opened()[-1]
        assert report.event == Event.ATTEMPT_ACCEPTED
        assert report.payload == TOKENS[ANN]
        assert attempt_action(report.detail) == (Action.ARM_AWAY, False)
        answer = await hotel.code(ANN, Action.ARM_AWAY, "Back door")
        assert answer.accepted
        assert answer.state.bypassed == ("Back door",)

    async def test_a_code_of_another_length_is_told_without_repeating_it(
        self, hotel: Hotel
    ) -> None:
        await hotel.open()
        for code in ("12345", "1234567", "abcdef", ""):
            with pytest.raises(InputError) as caught:
                await hotel.code(code)
            assert "6 digits" in str(caught.value)
            assert not code or code not in str(caught.value)
        assert hotel.kept.events() == []

    async def test_an_area_that_is_gone_is_named(self, hotel: Hotel) -> None:
        await hotel.open()
        with pytest.raises(NotFoundError, match='no area "Cellar"'):
            await hotel.panel.attempt(replace(hotel.keypad, area="Cellar"), ANN, Action.DISARM)

    async def test_waits_its_turn_and_not_for_ever(self, hotel: Hotel) -> None:
        await hotel.open()
        keypad = hotel.keypad
        hotel.clock.move(10)
        for _ in range(3):
            await hotel.panel.attempt(keypad, ANN, Action.DISARM)
        long = [wait_s for wait_s in hotel.clock.slept if wait_s > 1]
        assert len(long) == 2, "the first one goes at once, each other 2 s after the one before"

    async def test_of_a_crowd_the_last_ones_are_told_to_wait(self, hotel: Hotel) -> None:
        await hotel.open()
        gate = asyncio.Event()

        async def stuck(wait_s: float) -> None:
            await gate.wait()
            hotel.clock.move(max(wait_s, 0.01))

        hotel.panel._sleep = stuck
        keypad = hotel.keypad
        tasks = [
            asyncio.ensure_future(hotel.panel.attempt(keypad, ANN, Action.DISARM)) for _ in range(9)
        ]
        await asyncio.sleep(0)
        gate.set()
        answers = await asyncio.gather(*tasks)
        busy = [answer for answer in answers if "Too many" in answer.message]
        assert len(busy) == 3, "one at once, five wait"
        assert hotel.kept.events().count(Event.ATTEMPTS_NOT_EVALUATED) == 1, "told once a minute"


class TestSameness:
    """What a code meant cannot be told from anything; what was valid, only where all may know."""

    async def script(self, hotel: Hotel, code: str) -> list[object]:
        """A day with one code; everything public that it leaves."""
        await hotel.open()
        seen: list[object] = []
        seen += [await hotel.code(code, Action.ARM_AWAY)]
        await hotel.after(60)
        await hotel.panel.zone("Front door", is_open=True)
        seen += [await hotel.code(code)]
        for _ in range(12):
            seen += [await hotel.code(WRONG)]
        seen += [await hotel.code(code), await hotel.code(code, Action.ARM_HOME)]
        await hotel.after(100)
        seen += [await hotel.code(code), hotel.panel.state(hotel.keypad)]
        cells = [(c.report_class, c.counter, len(c.cell), c.created_ms) for c in hotel.outbox()]
        stored = hotel.store.read_now(
            lambda c: (
                queries.areas_load(c),
                queries.value_get(c, "lockout"),
                queries.journal_tail(c, 1000),
            )
        )
        return [*seen, cells, stored, [round(wait_s, 3) for wait_s in hotel.clock.slept]]

    async def test_two_codes_of_a_person_leave_the_same_trace(
        self, tmp_path: Path, empty: Path
    ) -> None:
        traces = []
        for name, code in (("one", ANN), ("other", ANNS), ("again", ANN)):
            (tmp_path / name).mkdir()
            traces += [await self.script(hotel, code) for hotel in hotels(tmp_path / name, empty)]
        assert traces[0] == traces[1] == traces[2]

    async def test_every_attempt_does_the_same_work(
        self, hotel: Hotel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Counted at the seams: derivations, scans, seals, and rows by table, in one commit."""
        await hotel.open()
        done: list[str] = []
        counted = [
            (Slots, "derive"),
            (Slots, "find"),
            (type(hotel.reports), "nothing_to_say"),
            (type(hotel.reports), "make"),
            (Store, "write"),
            (Store, "read"),
        ]
        for owner, name in counted:
            real = getattr(owner, name)

            def call(*args, real=real, name=name, **named):
                done.append(name)
                return real(*args, **named)

            monkeypatch.setattr(owner, name, call)
        for name in ("area_save", "value_set", "journal_append", "outbox_add"):
            real = getattr(queries, name)

            def row(c, *args, real=real, name=name, **named):
                done.append(name)
                return real(c, *args, **named)

            monkeypatch.setattr(queries, name, row)

        async def work(code: str, action: Action = Action.DISARM) -> list[str]:
            done.clear()
            await hotel.code(code, action)
            return list(done)

        valid = await work(ANN)
        assert valid == [
            "derive", "read", "find", "nothing_to_say", "make", "write",
            "area_save", "value_set", "value_set", "journal_append", "outbox_add",
        ]  # fmt: skip
        assert await work(ANNS) == valid
        assert await work(ANN, Action.ARM_AWAY) == valid
        assert await work(ANN, Action.ARM_AWAY) == valid, "refused: it is armed already"
        assert await work(WRONG) == valid
        for _ in range(8):
            await work(WRONG)
        await work(WRONG)  # the tenth: a lock begins, which everybody sees
        assert await work(ANN) == valid, "locked"
        assert await work(WRONG) == valid

    async def test_no_token_and_no_code_is_stored_or_logged(
        self, hotel: Hotel, capfd: pytest.CaptureFixture[str]
    ) -> None:
        await self.script(hotel, ANN)
        hotel.store.close()
        out = capfd.readouterr()
        for path in hotel.folder.iterdir():
            data = path.read_bytes()
            for secret in (*TOKENS.values(), ANN.encode(), ANNS.encode(), WRONG.encode()):
                assert secret not in data, path
        for code in (ANN, ANNS, WRONG):
            assert code not in out.out + out.err


class TestLockout:
    async def lock(self, hotel: Hotel) -> None:
        for _ in range(10):
            await hotel.code(WRONG)

    async def test_answers_every_code_alike_and_reports_the_first_three(self, hotel: Hotel) -> None:
        await hotel.open()
        await self.lock(hotel)
        assert hotel.journal()[-1] == "locked"
        hotel.kept.cells.clear()
        answers = [await hotel.code(code) for code in (ANN, WRONG, ANNS, ANN)]
        assert [answer.message for answer in answers] == [
            f"Locked. Try again in {seconds} s" for seconds in (88, 86, 84, 82)
        ]
        assert not any(answer.accepted for answer in answers)
        reports = hotel.kept.opened()
        attempts = [r for r in reports if r.event == Event.ATTEMPT_LOCKED]
        assert [r.payload in TOKENS.values() for r in attempts] == [True, False, True, False]
        assert [r.cls for r in attempts] == [ReportClass.VALID] * 3 + [ReportClass.INVALID]
        told = [r for r in reports if r.event == Event.ATTEMPTS_NOT_EVALUATED]
        assert len(told) == 1
        await hotel.code(ANN)
        assert hotel.kept.events().count(Event.ATTEMPTS_NOT_EVALUATED) == 1

    async def test_ends_by_itself_and_outlives_a_restart(self, hotel: Hotel) -> None:
        await hotel.open()
        await self.lock(hotel)
        hotel = await hotel.again()
        assert hotel.panel.state(hotel.keypad).locked_s == 90
        assert (await hotel.code(ANN)).message.startswith("Locked")
        waiting = asyncio.ensure_future(hotel.panel.changed(hotel.keypad, within_s=5))
        await asyncio.sleep(0)
        await hotel.after(90)
        await waiting
        assert hotel.panel.state(hotel.keypad).locked_s is None
        assert (await hotel.code(ANN)).accepted
        hotel.store.close()

    async def test_is_over_for_the_first_code_after_it_without_a_timer(self, hotel: Hotel) -> None:
        await hotel.open()
        await self.lock(hotel)
        hotel.clock.move(90)
        assert (await hotel.code(ANN)).accepted

    async def test_is_of_one_keypad(self, hotel: Hotel) -> None:
        await hotel.open()
        await self.lock(hotel)
        other = hotel.panel.command_line("Lobby")
        assert hotel.panel.state(other).locked_s is None
        hotel.clock.move(2)
        assert (await hotel.panel.attempt(other, ANN, Action.DISARM)).accepted

    async def test_of_the_whole_site_is_written_down(self, hotel: Hotel) -> None:
        await hotel.open()
        for _ in range(3):
            for _ in range(9):
                await hotel.code(WRONG)
            await hotel.code(ANN)
        for _ in range(3):
            await hotel.code(WRONG)
        assert "locked-site" in hotel.journal()
        assert hotel.panel.state(hotel.panel.command_line()).locked_s == 90


class TestTime:
    async def test_a_door_an_entry_delay_an_alarm_a_report(self, hotel: Hotel) -> None:
        await hotel.open()
        await armed(hotel)
        shown = await hotel.panel.zone("Front door", is_open=True)
        assert (shown.sentence, shown.countdown_s, shown.sound) == ("Enter code", 30, "entry")
        await hotel.after(30)
        assert hotel.panel.state(hotel.keypad).sentence == "Alarm"
        assert hotel.panel.state(hotel.keypad).memory == ("Front door",)
        assert Event.ALARM not in hotel.kept.events()
        await hotel.after(30)
        report = hotel.kept.opened()[-1]
        assert (report.event, report.cls, report.place) == (Event.ALARM, ReportClass.ALARM, 1)
        answer = await hotel.code(ANN)
        assert answer.accepted
        assert hotel.kept.events()[-1] == Event.ALARM_ABORTED

    async def test_a_restart_in_the_entry_delay_forgets_nothing(self, hotel: Hotel) -> None:
        await hotel.open()
        await armed(hotel)
        await hotel.panel.zone("Front door", is_open=True)
        hotel.clock.move(10)
        hotel = await hotel.again()
        shown = hotel.panel.state(hotel.keypad)
        assert (shown.phase, shown.countdown_s) == ("entering", 20)
        await hotel.after(50)
        assert hotel.kept.events()[-1] == Event.ALARM
        hotel.store.close()

    async def test_a_wall_clock_that_jumps_moves_no_deadline(self, hotel: Hotel) -> None:
        await hotel.open()
        await hotel.code(ANN, Action.ARM_AWAY)
        hotel.clock.utc += 3600
        await hotel.panel.tick()
        assert hotel.panel.state(hotel.keypad).phase == "exiting"
        hotel.clock.utc -= 7200
        await hotel.after(60)
        assert hotel.panel.state(hotel.keypad).phase == "armed"

    async def test_a_wall_clock_set_back_while_off_is_not_believed(self, hotel: Hotel) -> None:
        await hotel.open()
        await hotel.after(61)
        noted = hotel.panel.now()
        hotel.clock.utc -= 86_400
        hotel = await hotel.again()
        assert hotel.panel.now() >= noted
        hotel.store.close()

    async def test_follows_the_station_and_not_an_old_frame(self, hotel: Hotel) -> None:
        await hotel.open()
        before = hotel.panel.now()
        hotel.panel.heard_station(before - 50)
        assert hotel.panel.now() == pytest.approx(before, abs=0.1)
        hotel.panel.heard_station(before + 500)
        assert hotel.panel.now() == pytest.approx(before + 500, abs=0.1)

    async def test_a_clock_that_was_far_ahead_at_one_boot_comes_back(self, hotel: Hotel) -> None:
        right = hotel.clock.utc
        hotel.clock.utc += 30 * 86_400
        await hotel.open()
        hotel.clock.utc = right  # somebody set it right while the site was off
        hotel = await hotel.again()
        hotel.panel.heard_station(hotel.clock.utc)
        assert hotel.panel.now() > right + 29 * 86_400, "sensors settle for a minute: a deadline"
        await hotel.after(61)
        for _ in range(31):
            hotel.panel.heard_station(hotel.clock.utc)
        assert hotel.panel.now() == pytest.approx(hotel.clock.utc, abs=0.1)
        await hotel.after(61)
        hotel = await hotel.again()  # and what was noted went back too
        assert hotel.panel.now() == pytest.approx(hotel.clock.utc, abs=1)
        hotel.store.close()

    async def test_it_does_not_go_back_while_a_delay_or_a_lock_runs(self, hotel: Hotel) -> None:
        hotel.clock.utc += 3600
        await hotel.open()
        await hotel.after(61)
        await hotel.code(ANN, Action.ARM_AWAY)
        ahead = hotel.panel.now()
        hotel.panel.heard_station(ahead - 3600)
        assert hotel.panel.now() == pytest.approx(ahead, abs=0.1)
        await hotel.after(60)
        assert hotel.panel.state(hotel.keypad).phase == "armed"
        hotel.panel.heard_station(ahead - 3540)
        assert hotel.panel.now() == pytest.approx(ahead - 3540, abs=0.1)
        await hotel.panel.zone("Front door", is_open=True)
        assert hotel.panel.state(hotel.keypad).phase == "entering"
        await hotel.after(31)
        assert hotel.panel.state(hotel.keypad).phase == "alarm"

    async def test_too_many_attempts_are_told_after_the_clock_went_back(self, hotel: Hotel) -> None:
        hotel.clock.utc += 3600
        await hotel.open()

        async def crowd() -> int:
            """Nine at once: five may wait for their turn, the rest is too many."""
            gate, before = asyncio.Event(), len(hotel.kept.cells)

            async def stuck(wait_s: float) -> None:
                await gate.wait()
                hotel.clock.move(max(wait_s, 0.01))

            hotel.panel._sleep = stuck
            attempts = [
                asyncio.ensure_future(hotel.panel.attempt(hotel.keypad, ANN, Action.DISARM))
                for _ in range(9)
            ]
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(*attempts)
            told = hotel.kept.opened()[before:]
            return sum(report.event == Event.ATTEMPTS_NOT_EVALUATED for report in told)

        await hotel.after(61)
        assert await crowd() == 1
        hotel.clock.move(20)
        assert await crowd() == 0, "once a minute"
        hotel.panel.heard_station(hotel.panel.now() - 3600)
        hotel.clock.move(20)
        assert await crowd() == 1, "a minute that begins an hour ahead would last an hour"

    async def test_deadlines_fall_due_by_themselves(self, hotel: Hotel) -> None:
        await hotel.open()
        await hotel.code(ANN, Action.ARM_AWAY)
        hotel.clock.move(59.99)
        running = asyncio.ensure_future(hotel.panel.run())
        await asyncio.sleep(0)
        hotel.clock.move(0.1)
        await asyncio.wait_for(hotel.panel.changed(hotel.keypad, within_s=5), 5)
        assert hotel.panel.state(hotel.keypad).phase == "armed"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def test_an_idle_panel_writes_the_time_once_a_minute(self, hotel: Hotel) -> None:
        await hotel.open()
        before = hotel.store.commits
        for _ in range(12):
            await hotel.after(10.01)
        assert hotel.store.commits - before == 2

    async def test_nobody_waits_longer_than_was_asked(self, hotel: Hotel) -> None:
        await hotel.open()
        await hotel.panel.changed(hotel.keypad, within_s=0.01)


class TestZones:
    async def test_an_unknown_zone_is_named(self, hotel: Hotel) -> None:
        await hotel.open()
        with pytest.raises(NotFoundError, match='no zone "Gate"'):
            await hotel.panel.zone("Gate", is_open=True)

    async def test_a_button_is_reported_and_nothing_else_changes(self, hotel: Hotel) -> None:
        await hotel.open()
        before = json.dumps(hotel.store.read_now(queries.areas_load))
        shown, journal = hotel.panel.state(hotel.keypad), hotel.journal()
        after = await hotel.panel.zone("Reception desk", is_open=True)
        assert replace(after, at_ms=0) == replace(shown, at_ms=0)
        assert hotel.journal() == journal
        assert json.dumps(hotel.store.read_now(queries.areas_load)) == before
        report = hotel.kept.opened()[-1]
        assert (report.event, report.cls, report.place) == (Event.BUTTON, ReportClass.BUTTON, 6)

    async def test_two_open_doors_are_counted(self, hotel: Hotel) -> None:
        await hotel.open()
        await hotel.panel.zone("Front door", is_open=True)
        shown = await hotel.panel.zone("Back door", is_open=True)
        assert shown.sentence == "2 doors open"
        shown = await hotel.panel.zone("Back door", is_open=False)
        assert shown.sentence == "Front door open"


class TestStart:
    async def test_names_its_numbers_to_the_station(self, hotel: Hotel) -> None:
        await hotel.open()
        events = [report.event for report in hotel.kept.opened()]
        assert events.count(Event.STARTED) == 1
        assert events.count(Event.DIRECTORY) == 2 + 1 + 6, "entry points, area, zones"
        assert len(hotel.outbox()) == len(events)

    async def test_entry_points_of_the_settings_are_added_once(self, hotel: Hotel) -> None:
        await hotel.open()
        hotel = await hotel.again()
        rows = hotel.store.read_now(queries.entry_points)
        assert [(row.name, row.area) for row in rows] == [
            ("Command line", "Lobby"),
            ("Lobby keypad", "Lobby"),
        ]
        hotel.store.close()

    async def test_a_damaged_state_is_told_and_not_guessed(self, hotel: Hotel) -> None:
        hotel.store.write_now(lambda c: queries.area_save(c, "Lobby", {"phase": "dozing"}))
        with pytest.raises(LocalFaultError, match="cannot be read"):
            await hotel.open()

    async def test_is_what_the_pages_ask_for(self, hotel: Hotel) -> None:
        keypads: Keypads = hotel.panel
        assert keypads


class TestTrouble:
    async def test_is_shown_written_and_told_once(self, hotel: Hotel) -> None:
        await hotel.open()
        for _ in range(2):
            await hotel.panel.trouble("uplink", on=True)
        assert hotel.panel.state(hotel.keypad).trouble == ("No connection to the station",)
        for _ in range(2):
            await hotel.panel.trouble("uplink", on=False)
        assert hotel.panel.state(hotel.keypad).trouble == ()
        assert hotel.kept.events() == [Event.TROUBLE, Event.TROUBLE_RESTORED]
        assert hotel.journal()[-2:] == ["trouble", "trouble-over"]

    async def test_an_unknown_one_is_a_mistake_of_ours(self, hotel: Hotel) -> None:
        await hotel.open()
        with pytest.raises(KeyError):
            await hotel.panel.trouble("ghosts", on=True)


def test_the_database_holds_no_word_of_meaning(hotel: Hotel) -> None:
    with sqlite3.connect(hotel.folder / "site.db") as db:
        schema = " ".join(row[0] or "" for row in db.execute("select sql from sqlite_master"))
    assert not any(word in schema.lower() for word in ("duress", "meaning", "normal"))
