"""The one-time string tells a typing error; pairing messages are read strictly."""

import json
import random
from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import InputError, RemoteFaultError
from watchword.wire import pairing as p
from watchword.wire.faults import MalformedError

OFFER = p.Offer("station.example:8082", bytes(range(32)), b"\xaa" * 16, 1_790_000_000)
REQUEST = p.PairRequest("aa" * 16, "Hotel Aurora", "-----BEGIN...", "bb" * 32)
ANSWER = p.PairAnswer("cc" * 16, 7, "-----BEGIN...", "dd" * 32, "ee" * 4, 250, "DP4")
REFUSAL = p.PairRefusal("expired", "This string is too old.")
ADDRESSES = st.sampled_from(
    ["127.0.0.1:8082", "[2001:db8::1]:1", "a-b.example:65535", "x" * 250 + ":1"]
)


@given(
    ADDRESSES,
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**40 - 1),
)
def test_every_string_comes_back_however_it_was_typed(
    address: str, fingerprint: bytes, secret: bytes, expires_at: int
) -> None:
    offer = p.Offer(address, fingerprint, secret, expires_at)
    text = p.show_offer(offer)
    assert text.isascii()
    assert text.startswith("ww1-")
    assert p.read_offer(text) == offer
    assert p.read_offer(text.lower().replace("-", " ") + "\n") == offer
    assert p.read_offer(text.replace("O", "0").replace("I", "1").replace("B", "8")) == offer


@given(st.integers(0), st.sampled_from("ABCXYZ234567"))
def test_a_typing_error_is_told(where: int, letter: str) -> None:
    text = p.show_offer(OFFER)
    at = 4 + where % (len(text) - 4)
    for typed in (text[:at] + letter + text[at + 1 :], text[:at], text[:at] + letter + text[at:]):
        try:
            assert p.read_offer(typed) == OFFER
        except InputError as told:
            assert "typing error" in told.message
            assert typed not in str(told)


@given(st.text(max_size=300) | st.text("ABCDEFGH234567-", max_size=200).map("ww1-".__add__))
def test_any_text_gives_an_offer_or_our_error(text: str) -> None:
    with pytest.raises(InputError):
        p.read_offer(text)


def test_a_string_that_is_far_too_long_is_not_looked_at() -> None:
    with pytest.raises(InputError, match="not a pairing string"):
        p.read_offer("ww1-" + "A" * 10_000)


def _forged(plain: bytes) -> str:
    return "ww1" + b32encode(plain + p._check(plain)).decode().rstrip("=")


def test_a_string_with_a_right_check_and_wrong_parts_is_refused() -> None:
    with pytest.raises(InputError, match="typing error"):
        p.read_offer(_forged(bytes(53)))
    with pytest.raises(InputError, match="typing error"):
        p.read_offer(_forged(bytes(53) + b"\xff:1"))
    with pytest.raises(InputError, match="not a host and a port"):
        p.read_offer(_forged(bytes(53) + b"nowhere"))


def test_the_secret_hides_itself() -> None:
    assert "secret" not in repr(OFFER)
    assert "aaaa" not in repr(REQUEST)


@pytest.mark.parametrize("wrong", [{"fingerprint": b""}, {"secret": bytes(15)}])
def test_an_offer_of_wrong_lengths_is_not_made(wrong: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        p.Offer(
            **(
                {"address": "a:1", "fingerprint": bytes(32), "secret": bytes(16), "expires_at": 0}
                | wrong
            )
        )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["", "host", "host:", "host:0", "host:65536", "a b:1", "[::1]", "h:1:2"]
)
def test_an_address_without_host_or_port_is_named(address: str) -> None:
    with pytest.raises(InputError, match="not a host and a port"):
        p.split_address(address)


def test_an_address_is_split() -> None:
    assert p.split_address("[2001:db8::1]:8082") == ("2001:db8::1", 8082)
    assert p.split_address("station.example:1") == ("station.example", 1)


def test_an_address_that_is_too_long_is_not_handed_out() -> None:
    with pytest.raises(InputError, match="too long"):
        p.show_offer(p.Offer("x" * 300 + ":1", bytes(32), bytes(16), 0))


@pytest.mark.parametrize("message", [REQUEST, ANSWER, REFUSAL])
def test_every_message_comes_back(message: p.Message) -> None:
    assert p.decode(p.encode(message)) == message
    assert p.decode(p.encode(message).decode()) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"1",
        b"[" * 8000,
        b"1" * 8000,
        b'{"kind":"request"}',
        b'{"kind":["request"]}',
        b'{"kind":"other"}',
        b" " * 9000,
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="A pairing message"):
        p.decode(data)


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        (REQUEST, "digits", 3),
        (REQUEST, "digits", "6"),
        (REQUEST, "policy", "chosen"),
        (REQUEST, "secret", "AA" * 16),
        (REQUEST, "secret", "aa" * 15),
        (REQUEST, "secret", "aa" * 16 + "\n"),
        (REQUEST, "secret", 5),
        (REQUEST, "name", "x" * 101),
        (REQUEST, "name", "a\nb"),
        (REQUEST, "name", ""),
        (REQUEST, "csr", None),
        (ANSWER, "number", 0),
        (ANSWER, "number", 2**32),
        (ANSWER, "number", "7"),
        (ANSWER, "number", 7.0),
        (ANSWER, "tick_ms", True),
        (ANSWER, "tick_ms", 9),
        (ANSWER, "station_key", "zz" * 32),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    message: p.Message, field: str, value: object
) -> None:
    plain = json.loads(p.encode(message))
    plain[field] = value
    with pytest.raises(MalformedError, match=field):
        p.decode(json.dumps(plain))


def test_a_message_with_a_field_too_many_is_refused() -> None:
    plain = json.loads(p.encode(ANSWER)) | {"more": 1}
    with pytest.raises(MalformedError, match="other fields"):
        p.decode(json.dumps(plain))


@given(st.binary(max_size=60), st.integers())
def test_any_bytes_give_a_message_or_our_error(data: bytes, seed: int) -> None:
    rng = random.Random(seed)
    torn = bytearray(p.encode(ANSWER))
    for _ in range(rng.randint(0, 3)):
        torn[rng.randrange(len(torn))] = rng.randrange(256)
    for given_ in (data, bytes(torn)):
        try:
            p.decode(given_)
        except RemoteFaultError:
            continue
