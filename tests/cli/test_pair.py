"""`pair site` and `pair keypad`: strings and links that work once."""

import httpx
import pytest

from running import Stack, watchword
from telling import one_line
from watchword.wire.pairing import read_offer

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_a_string_goes_alone_to_standard_output(hotel: Stack) -> None:
    """So that `pair site | ssh site pair join -` works; what a person should know goes apart."""
    done = watchword("pair", "site", "Hotel Borealis", "--data", str(hotel.data))
    (line,) = done.stdout.splitlines()
    assert read_offer(line).address == f"127.0.0.1:{hotel.ports[2]}"
    assert "15 minutes" in done.stderr
    made = hotel.ask("pair", "site", "Hotel Borealis")
    assert read_offer(made["string"]).expires_at == made["expires_at"]


def test_a_keypad_link_works_once_and_so_does_its_code(hotel: Stack) -> None:
    made = hotel.ask("pair", "keypad", "Gate", "--area", "Lobby")
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        assert browser.get(made["url"]).status_code == 200
        base = f"http://127.0.0.1:{hotel.ports[0]}"
        assert browser.get(f"{base}/state").json()["area"] == "Lobby"
    with httpx.Client(trust_env=False) as other:
        assert other.get(made["url"]).status_code == 400
        given = {"code": made["code"]}
        again = other.post(f"{base}/pair", json=given, headers={"x-watchword": "1"})
        assert again.status_code == 400
    text = watchword("pair", "keypad", "--data", str(hotel.data))
    assert text.stdout.splitlines()[0].startswith("link  http")
    assert text.stdout.splitlines()[1].startswith("code  ")


def test_a_new_device_takes_the_place_of_the_old_one(hotel: Stack) -> None:
    base = f"http://127.0.0.1:{hotel.ports[0]}"
    first, second = httpx.Client(trust_env=False), httpx.Client(trust_env=False)
    with first, second:
        for browser in (first, second):
            link = hotel.ask("pair", "keypad", "Side door")["url"]
            assert browser.get(link).status_code == 303
        assert second.get(f"{base}/state").status_code == 200
        assert first.get(f"{base}/state").status_code == 401


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("site", " "), "printable characters"),
        (("keypad", "Gate", "--area", "Cellar"), "Cellar"),
        (("keypad", " "), "needs a name"),
    ],
)
def test_what_cannot_be_offered_is_one_line(hotel: Stack, args: tuple[str, ...], says: str) -> None:
    one_line(watchword("pair", *args, "--data", str(hotel.data)), says)
