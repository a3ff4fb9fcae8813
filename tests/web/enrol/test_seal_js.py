"""What a browser seals is what the other halves open: Node seals, Python opens."""

import base64

import pytest

from watchword.core.codes import Policy, check_pair
from watchword.wire.batch import BATCH_BYTES
from watchword.wire.seal import BATCH_INFO, TOKEN_BYTES, TOKEN_INFO, KeyPair, key_id
from watchword.wire.slot import Meaning
from watchword.wire.unseal import Keyring
from web.enrol.fake import open_batch
from web.enrol.node import run

STATION, SITE = KeyPair.generate(), KeyPair.generate()
ENROLMENT = bytes(range(16))

SEAL = """
import { drawPairs } from "./enrol/draw.js";
import { sealEnrolment } from "./enrol/seal.js";
import { makeSuite } from "./enrol/suite.js";

const told = [];
const pairs = drawPairs(given.policy, given.digits, 8);
const sent = await sealEnrolment(await makeSuite(), given, pairs, (share) => told.push(share));
answer({ sent, told, pairs: pairs.map(({ codes, everyday }) => ({ codes, everyday })) });
"""
# As a phone of 2022 is: everything but X25519.
WITHOUT_X25519 = """
for (const name of ["generateKey", "importKey", "deriveBits"]) {
  const real = crypto.subtle[name].bind(crypto.subtle);
  Object.defineProperty(crypto.subtle, name, { value: (...args) =>
    JSON.stringify(args).includes("X25519")
      ? Promise.reject(new DOMException("no", "NotSupportedError"))
      : real(...args) });
}
"""


def offer(policy=Policy.PRIVATE, digits=6, **changes):
    return {
        "policy": policy,
        "digits": digits,
        "enrolment": ENROLMENT.hex(),
        "station_key": base64.b64encode(STATION.public).decode(),
        "station_key_id": key_id(STATION.public).hex(),
        "site_key": base64.b64encode(SITE.public).decode(),
        "token_info": TOKEN_INFO.decode(),
        "batch_info": BATCH_INFO.decode(),
        "pairs": 8,
    } | changes


def opened(got):
    return open_batch(SITE, base64.b64decode(got["sent"]["sealed"], validate=True))


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("digits", [4, 6, 8])
def test_what_the_page_seals_is_what_both_halves_read(served, policy, digits):
    got = run(served, SEAL, offer(policy, digits))
    batch = opened(got)  # strict: version, padding and counts are checked there
    ring = Keyring({key_id(STATION.public): STATION.secret})
    assert (batch.enrolment, batch.digits, len(batch.pairs)) == (ENROLMENT, digits, 8)
    assert got["sent"]["enrolment"] == ENROLMENT.hex()
    for drawn, slots, rows in zip(got["pairs"], got["sent"]["slots"], batch.pairs, strict=True):
        assert [row.code for row in rows] == drawn["codes"]
        assert check_pair(policy, tuple(drawn["codes"]), lambda _: False) is None
        tokens = [ring.open_token(row.token) for row in rows]
        assert [token.slot_ref.hex() for token in tokens] == slots
        meanings = [Meaning.DURESS, Meaning.DURESS]
        meanings[drawn["everyday"]] = Meaning.NORMAL
        assert [token.meaning for token in tokens] == meanings
        assert {token.key_id for token in tokens} == {key_id(STATION.public)}


def test_sizes_are_fixed_and_nothing_repeats(served):
    first, second = (run(served, SEAL, offer(digits=digits)) for digits in (4, 8))
    for got in (first, second):
        sealed = base64.b64decode(got["sent"]["sealed"])
        assert len(sealed) == BATCH_BYTES == 2096
        rows = [row for pair in opened(got).pairs for row in pair]
        assert {len(row.token) for row in rows} == {TOKEN_BYTES} == {80}
        assert len({row.token[:32] for row in rows}) == 16  # an encapsulation each
        refs = [ref for pair in got["sent"]["slots"] for ref in pair]
        assert len(set(refs)) == 16
        assert all(len(ref) == 32 for ref in refs)
        assert got["told"] == [n / 8 for n in range(1, 9)]
    assert set(first["sent"]["slots"][0]).isdisjoint(second["sent"]["slots"][0])


def test_a_browser_without_x25519_seals_too(served):
    direct = 'crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"])'
    proof = f"const native = await {direct}.then(() => true, () => false);\n"
    script = WITHOUT_X25519 + SEAL.replace("answer({", proof + "answer({ native,")
    got = run(served, script, offer())
    assert got["native"] is False
    assert len(opened(got).pairs) == 8


def test_where_nothing_works_it_is_known_before_anything_is_asked(served):
    script = """
    import { makeSuite } from "./enrol/suite.js";
    Object.defineProperty(crypto.subtle, "sign", { value: () => Promise.reject(new Error("no")) });
    Object.defineProperty(crypto.subtle, "importKey", { value: crypto.subtle.sign });
    answer(await makeSuite().then(() => "made", () => "refused"));
    """
    assert run(served, script) == "refused"


@pytest.mark.parametrize(
    "wrong",
    [
        {"station_key": base64.b64encode(bytes(31)).decode()},
        {"site_key": "not base64!"},
        {"station_key_id": "0102"},
        {"station_key_id": "ABCDEF01"},
        {"enrolment": "00"},
        {"pairs": 7},
    ],
)
def test_a_strange_offer_seals_nothing(served, wrong):
    script = SEAL.replace("const sent", "let sent = null; try { sent").replace(
        "told.push(share));", "told.push(share)); } catch (error) { answer('refused'); }"
    )
    script = script.replace("answer({ sent", "if (sent) answer({ sent")
    assert run(served, script, offer(**wrong)) == "refused"


def test_plain_bytes_are_wiped_after_sealing(served):
    script = """
    import { seal, tokenPlain } from "./enrol/seal.js";
    import { makeSuite } from "./enrol/suite.js";
    const plain = tokenPlain(new Uint8Array(16).fill(7), new Uint8Array(4).fill(7), 2);
    const before = [...plain];
    await seal(await makeSuite(), Uint8Array.from({ length: 32 }, () => 9), "info", plain);
    answer({ before, after: [...plain] });
    """
    got = run(served, script)
    assert got["before"] == [7] * 20 + [2] + [0] * 11
    assert got["after"] == [0] * 32
