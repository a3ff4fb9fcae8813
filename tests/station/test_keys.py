"""The station's keys: their file, their back-up, and a restore that opens what was sealed."""

import json

import pytest

from watchword.core.errors import ConfigError, InputError
from watchword.station import keys as keys_module
from watchword.station.keys import (
    StationKeys,
    back_up,
    from_file,
    new_key,
    restore,
    to_file,
)
from watchword.wire.seal import TOKEN_INFO, seal
from watchword.wire.slot import Meaning, Token, pack_token

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_COST", {"time": 1, "memory_kib": 64, "lanes": 1})


@pytest.fixture
def keys() -> StationKeys:
    return StationKeys((new_key(1),)).with_key(new_key(2))


def test_the_file_and_back(keys: StationKeys) -> None:
    again = from_file(to_file(keys))
    assert again == keys
    assert again.newest.created_ms == 2
    (first, _) = json.loads(to_file(keys))
    assert set(first) == {"key_id", "secret", "created_at"}


def test_a_restore_opens_what_was_sealed_before(keys: StationKeys) -> None:
    token = Token(b"r" * 16, keys.keys[0].id, Meaning.DURESS)
    sealed = seal(keys.keys[0].pair.public, TOKEN_INFO, pack_token(token))
    restored = restore(back_up(keys, PASSPHRASE), PASSPHRASE)
    assert restored == keys
    assert restored.ring().open_token(sealed) == token


def test_no_secret_shows(keys: StationKeys) -> None:
    secret = keys.newest.pair.secret
    shown = f"{keys!r} {keys.newest!r} {keys.ring()!r} {back_up(keys, PASSPHRASE)!r}"
    assert secret.hex() not in shown
    assert repr(secret) not in shown


def test_another_passphrase(keys: StationKeys) -> None:
    with pytest.raises(InputError, match="does not open"):
        restore(back_up(keys, PASSPHRASE), PASSPHRASE + "!")
    with pytest.raises(InputError, match="12 characters"):
        back_up(keys, "short")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key_ids", []),
        ("salt", "00" * 16),
        ("nonce", "00" * 12),
        ("time", 2),
        ("sealed", "00" * 40),
    ],
)
def test_a_changed_back_up_does_not_open(keys: StationKeys, field: str, value: object) -> None:
    plain = json.loads(back_up(keys, PASSPHRASE))
    plain[field] = value
    with pytest.raises(InputError):
        restore(json.dumps(plain).encode(), PASSPHRASE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "other"),
        ("memory_kib", 2**40),
        ("memory_kib", "64"),
        ("time", 10**9),
        ("lanes", 0),
        ("salt", "zz"),
        ("salt", "00"),
        ("nonce", "00"),
        ("sealed", None),
    ],
)
def test_what_is_no_back_up_is_refused_before_it_costs(
    keys: StationKeys, field: str, value: object
) -> None:
    plain = json.loads(back_up(keys, PASSPHRASE))
    plain[field] = value
    with pytest.raises(InputError, match="no back-up"):
        restore(json.dumps(plain).encode(), PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'"x"', b"[1]", b"null"])
def test_no_back_up_at_all(content: bytes) -> None:
    with pytest.raises(InputError, match="no back-up"):
        restore(content, PASSPHRASE)
    with pytest.raises(ConfigError):
        from_file(content)


def test_a_key_filed_under_another_id(keys: StationKeys) -> None:
    rows = json.loads(to_file(keys))
    rows[0]["key_id"] = rows[1]["key_id"]
    with pytest.raises(ConfigError):
        from_file(json.dumps(rows).encode())
    rows[0]["secret"] = "00"
    with pytest.raises(ConfigError):
        from_file(json.dumps(rows).encode())
