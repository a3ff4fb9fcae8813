"""A device becomes an entry point by a code that works once and soon expires."""

from dataclasses import replace

import pytest

from hotel import Hotel
from watchword.core.errors import InputError, NotFoundError
from watchword.core.words import Event
from watchword.site.pairing import ALPHABET, CODE_CHARACTERS


class TestDevices:
    async def test_a_code_pairs_one_device_once(self, hotel: Hotel) -> None:
        await hotel.open()
        code = await hotel.panel.offer("Bar tablet")
        secret = await hotel.panel.pair(code.lower())
        entry = await hotel.panel.device(secret)
        assert entry is not None
        assert (entry.name, entry.area) == ("Bar tablet", "Lobby")
        assert hotel.kept.opened()[-1].event == Event.DIRECTORY
        with pytest.raises(InputError, match="does not work"):
            await hotel.panel.pair(code)
        assert await hotel.panel.device(secret + "x") is None
        assert hotel.journal()[-1] == "paired"

    async def test_a_code_expires(self, hotel: Hotel) -> None:
        await hotel.open()
        code = await hotel.panel.offer("Bar tablet", "Lobby")
        hotel.clock.move(15 * 60 + 1)
        with pytest.raises(InputError):
            await hotel.panel.pair(code)

    async def test_a_new_device_takes_the_place_of_the_old_one(self, hotel: Hotel) -> None:
        await hotel.open()
        old = await hotel.panel.pair(await hotel.panel.offer("Lobby keypad"))
        new = await hotel.panel.pair(await hotel.panel.offer("Lobby keypad"))
        assert await hotel.panel.device(old) is None
        assert await hotel.panel.device(new) == hotel.keypad

    async def test_wrong_codes_are_answered_slowly(self, hotel: Hotel) -> None:
        await hotel.open()
        with pytest.raises(InputError):
            await hotel.panel.pair("AAAA-AAAA")
        assert hotel.clock.slept[-1] == 0.5

    async def test_a_device_of_an_area_that_is_gone_is_none(self, hotel: Hotel) -> None:
        await hotel.open()
        secret = await hotel.panel.pair(await hotel.panel.offer("Lobby keypad"))
        other = replace(hotel.settings.areas[0], name="Yard")
        moved = replace(hotel.settings, areas=(other,), entry_points=())
        hotel.settings = moved
        hotel = await hotel.again()
        assert await hotel.panel.device(secret) is None
        hotel.store.close()

    async def test_an_offer_for_an_unknown_area_is_refused(self, hotel: Hotel) -> None:
        await hotel.open()
        with pytest.raises(NotFoundError, match="Areas: Lobby"):
            await hotel.panel.offer("Bar tablet", "Cellar")


class TestSecrets:
    async def test_a_code_can_be_read_aloud_and_is_never_stored(self, hotel: Hotel) -> None:
        await hotel.open()
        code = await hotel.panel.offer("Bar tablet")
        plain = code.replace("-", "")
        assert len(plain) == CODE_CHARACTERS
        assert set(plain) <= set(ALPHABET)
        secret = await hotel.panel.pair(f" {code} ")
        hotel.store.close()
        for path in hotel.folder.iterdir():
            data = path.read_bytes()
            assert plain.encode() not in data
            assert secret.encode() not in data
