"""Sealing agrees with RFC 9180, never repeats itself and binds its context.

The library's one-shot call takes no associated data, and the RFC's vectors all have
some. So the RFC's section 5 is written out here from primitives, held to the RFC's own
numbers (appendix A.2.1), and then used as the other side of `seal` and of the opener.
"""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from watchword.wire import seal as s
from watchword.wire.faults import MalformedError

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "hpke.json").read_text())
KEM_ID = b"KEM" + VECTOR["kem_id"].to_bytes(2, "big")
SUITE_ID = b"HPKE" + b"".join(VECTOR[i].to_bytes(2, "big") for i in ("kem_id", "kdf_id", "aead_id"))


def _hex(name: str) -> bytes:
    return bytes.fromhex(VECTOR[name])


def _extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, hashlib.sha256)


def _expand(prk: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, text + b"\1", hashlib.sha256)[:length]


def _shared(dh: bytes, enc: bytes, receiver: bytes) -> bytes:
    eae = _extract(b"", b"eae_prk", dh, KEM_ID)
    return _expand(eae, b"shared_secret", enc + receiver, 32, KEM_ID)


def _schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    psk_id = _extract(b"", b"psk_id_hash", b"", SUITE_ID)
    context = b"\0" + psk_id + _extract(b"", b"info_hash", info, SUITE_ID)
    secret = _extract(shared, b"secret", b"", SUITE_ID)
    key = _expand(secret, b"key", context, 32, SUITE_ID)
    return key, _expand(secret, b"base_nonce", context, 12, SUITE_ID)


def reference_seal(
    ephemeral: bytes, receiver: bytes, info: bytes, plain: bytes, aad: bytes
) -> bytes:
    sender = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = sender.public_key().public_bytes_raw()
    dh = sender.exchange(X25519PublicKey.from_public_bytes(receiver))
    key, nonce = _schedule(_shared(dh, enc, receiver), info)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plain, aad)


def reference_open(secret: bytes, info: bytes, sealed: bytes, aad: bytes = b"") -> bytes:
    receiver = X25519PrivateKey.from_private_bytes(secret)
    enc, ct = sealed[:32], sealed[32:]
    dh = receiver.exchange(X25519PublicKey.from_public_bytes(enc))
    public = receiver.public_key().public_bytes_raw()
    key, nonce = _schedule(_shared(dh, enc, public), info)
    return ChaCha20Poly1305(key).decrypt(nonce, ct, aad)


def test_the_reference_reproduces_every_number_of_the_rfc() -> None:
    sender = X25519PrivateKey.from_private_bytes(_hex("skEm"))
    dh = sender.exchange(X25519PublicKey.from_public_bytes(_hex("pkRm")))
    shared = _shared(dh, _hex("enc"), _hex("pkRm"))
    assert shared == _hex("shared_secret")
    assert _schedule(shared, _hex("info")) == (_hex("key"), _hex("base_nonce"))
    made = VECTOR["encryption"]
    plain, aad = bytes.fromhex(made["pt"]), bytes.fromhex(made["aad"])
    sealed = reference_seal(_hex("skEm"), _hex("pkRm"), _hex("info"), plain, aad)
    assert sealed == _hex("enc") + bytes.fromhex(made["ct"])
    assert reference_open(_hex("skRm"), _hex("info"), sealed, aad) == plain


def test_the_library_opens_what_the_rfc_keys_seal() -> None:
    plain = bytes.fromhex(VECTOR["encryption"]["pt"])
    sealed = reference_seal(_hex("skEm"), _hex("pkRm"), _hex("info"), plain, b"")
    secret = X25519PrivateKey.from_private_bytes(_hex("skRm"))
    assert s.SUITE.decrypt(sealed, secret, info=_hex("info")) == plain


@given(plain=st.binary(max_size=200), info=st.binary(max_size=40))
def test_the_reference_opens_what_seal_made(plain: bytes, info: bytes) -> None:
    sealed = s.seal(_hex("pkRm"), info, plain)
    assert len(sealed) == len(plain) + s.OVERHEAD_BYTES
    assert reference_open(_hex("skRm"), info, sealed) == plain


def test_sealing_twice_gives_nothing_in_common() -> None:
    one, two = (s.seal(_hex("pkRm"), b"x", b"same") for _ in range(2))
    assert one[:32] != two[:32]
    assert one[32:] != two[32:]


def test_a_dummy_token_is_fresh_and_as_long_as_any() -> None:
    one, two = s.dummy_token(_hex("pkRm")), s.dummy_token(_hex("pkRm"))
    assert one != two
    assert len(one) == s.TOKEN_BYTES == 80
    assert reference_open(_hex("skRm"), s.TOKEN_INFO, one) == bytes(32)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32), b"\1" + bytes(31)])
def test_a_key_that_cannot_be_sealed_to_is_named(key: bytes) -> None:
    with pytest.raises(MalformedError, match="public key"):
        s.seal(key, b"x", b"y")


def test_info_names_the_site() -> None:
    assert s.report_info(7) == b"watchword/report/1|\0\0\0\x07"
    assert s.letter_info(0x01020304) == b"watchword/letter/1|\x01\x02\x03\x04"


def test_a_key_pair_is_restored_and_hides_its_secret() -> None:
    pair = s.KeyPair.generate()
    assert s.KeyPair.from_secret(pair.secret) == pair
    assert "secret" not in repr(pair)
    assert len(s.key_id(pair.public)) == s.KEY_ID_BYTES
    with pytest.raises(MalformedError, match="31 bytes"):
        s.KeyPair.from_secret(bytes(31))
