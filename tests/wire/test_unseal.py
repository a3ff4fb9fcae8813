"""What a station opens: its own reports and tokens, by any key of its ring, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import RemoteFaultError
from watchword.wire.faults import MalformedError, UnknownKeyError, UnopenableError
from watchword.wire.report import Report, pack_report
from watchword.wire.seal import TOKEN_INFO, KeyPair, dummy_token, key_id, report_info, seal
from watchword.wire.slot import DUMMY, Meaning, Token, pack_token
from watchword.wire.unseal import Keyring

OLD, NEW, STRANGER = KeyPair.generate(), KeyPair.generate(), KeyPair.generate()
RING = Keyring({key_id(pair.public): pair.secret for pair in (OLD, NEW)})
REPORT = Report(cls=2, event=1, site=7, epoch=9, counter=3, at_ms=5)


def _report(pair: KeyPair, site: int = 7) -> bytes:
    return seal(pair.public, report_info(site), pack_report(REPORT))


@pytest.mark.parametrize("pair", [OLD, NEW])
def test_reports_and_tokens_open_by_every_key_of_the_ring(pair: KeyPair) -> None:
    name = key_id(pair.public)
    token = Token(b"s" * 16, name, Meaning.DURESS)
    assert RING.open_report(name, 7, _report(pair)) == REPORT
    assert RING.open_token(seal(pair.public, TOKEN_INFO, pack_token(token))) == token
    assert RING.open_token(dummy_token(pair.public)) == DUMMY
    assert name in RING
    assert RING.public(name) == pair.public
    assert RING.pair(name) == pair


def test_the_ring_hides_its_secrets() -> None:
    assert repr(RING) == f"Keyring({key_id(OLD.public).hex()}, {key_id(NEW.public).hex()})"


def test_a_key_that_is_not_in_the_ring_is_named() -> None:
    with pytest.raises(UnknownKeyError, match="73746e67"):
        RING.open_report(b"stng", 7, _report(STRANGER))
    with pytest.raises(UnknownKeyError):
        RING.public(b"stng")


def test_a_report_of_another_site_or_a_changed_one_does_not_open() -> None:
    name = key_id(NEW.public)
    with pytest.raises(UnopenableError):
        RING.open_report(name, 8, _report(NEW))
    body = bytearray(_report(NEW))
    body[70] ^= 1
    with pytest.raises(UnopenableError):
        RING.open_report(name, 7, bytes(body))


def test_a_token_of_a_stranger_does_not_open() -> None:
    with pytest.raises(UnopenableError, match="no key"):
        RING.open_token(dummy_token(STRANGER.public))


def test_a_token_that_names_another_key_than_its_own_is_refused() -> None:
    lie = Token(b"s" * 16, key_id(OLD.public), Meaning.NORMAL)
    with pytest.raises(MalformedError, match="another key"):
        RING.open_token(seal(NEW.public, TOKEN_INFO, pack_token(lie)))


@pytest.mark.parametrize("keys", [{b"abc": bytes(32)}, {b"abcd": bytes(31)}])
def test_a_ring_of_wrong_lengths_is_not_made(keys: dict[bytes, bytes]) -> None:
    with pytest.raises(MalformedError, match="bytes, not"):
        Keyring(keys)


@given(st.binary(min_size=160, max_size=160) | st.binary(), st.binary(min_size=80, max_size=80))
def test_any_bytes_give_only_our_errors(body: bytes, token: bytes) -> None:
    with pytest.raises(RemoteFaultError):
        RING.open_report(key_id(NEW.public), 7, body)
    for data in (body, token, bytes(80), bytes(32) + token[32:]):
        with pytest.raises(RemoteFaultError):
            RING.open_token(data)
