/* Seals what was drawn: tokens to the station, the batch of codes and tokens to the site.

   This file owns the layout of both on the browser's side; `wire.slot` and `wire.batch` own
   it on the other. Every token and every batch has one size, whatever it holds.

   token, 32 bytes   slot_ref 16 | key id 4 | meaning 1 | zeros 11           sealed: 80
   batch, 2,048      version 1 | digits 1 | pairs 1 | spare 1 | enrolment 16 |
                     8 pairs x 2 x (code 8, ASCII, zero padded | token 80) | zeros
                                                                          sealed: 2,096
   Sealed bytes are HPKE's enc (32) followed by the ciphertext with its tag (16); there is no
   associated data, the context is bound by `info`. */

import { fromBase64, fromHex, toBase64, toHex } from "./bytes.js";

export const PAIRS = 8;
export const TOKEN_SEALED_BYTES = 80;
export const BATCH_SEALED_BYTES = 2096;

const TOKEN_BYTES = 32;
const BATCH_BYTES = 2048;
const BATCH_VERSION = 1;
const BATCH_HEADER_BYTES = 20;
const CODE_BYTES = 8;
const KEY_ID_OFFSET = 16;
const MEANING_OFFSET = 20;

/** The meanings of a slot, as in `wire.slot`. */
export const MEANING = Object.freeze({ everyday: 1, forced: 2 });

/** The 32 plain bytes of a token. */
export function tokenPlain(ref, keyId, meaning) {
  const plain = new Uint8Array(TOKEN_BYTES);
  plain.set(ref, 0);
  plain.set(keyId, KEY_ID_OFFSET);
  plain[MEANING_OFFSET] = meaning;
  return plain;
}

/** The 2,048 plain bytes of a batch; `rows` are (code, token) in batch order. */
export function batchPlain(digits, enrolment, rows) {
  const plain = new Uint8Array(BATCH_BYTES);
  plain.set([BATCH_VERSION, digits, rows.length / 2, 0]);
  plain.set(enrolment, 4);
  let at = BATCH_HEADER_BYTES;
  for (const { code, token } of rows) {
    for (let i = 0; i < code.length; i += 1) plain[at + i] = code.charCodeAt(i);
    plain.set(token, at + CODE_BYTES);
    at += CODE_BYTES + TOKEN_SEALED_BYTES;
  }
  return plain;
}

/** `plain` sealed to a public key, the key being 32 bytes; `plain` is wiped afterwards. */
export async function seal(suite, key, info, plain) {
  const recipientPublicKey = await suite.kem.deserializePublicKey(key);
  const context = { recipientPublicKey, info: new TextEncoder().encode(info) };
  const { enc, ct } = await suite.seal(context, plain);
  plain.fill(0);
  const sealed = new Uint8Array(enc.byteLength + ct.byteLength);
  sealed.set(new Uint8Array(enc), 0);
  sealed.set(new Uint8Array(ct), enc.byteLength);
  return sealed;
}

/** The (code, token) rows of drawn pairs, in batch order. */
async function rowsOf(suite, offer, pairs, onProgress) {
  const key = fromBase64(offer.station_key, 32);
  const keyId = fromHex(offer.station_key_id, 4);
  const rows = [];
  for (const { codes, everyday, refs } of pairs) {
    for (const place of [0, 1]) {
      const meaning = place === everyday ? MEANING.everyday : MEANING.forced;
      const plain = tokenPlain(refs[place], keyId, meaning);
      const token = await seal(suite, key, offer.token_info, plain);
      rows.push({ code: codes[place], token });
    }
    onProgress(rows.length / (2 * pairs.length));
  }
  return rows;
}

/**
 * What is sent to the station for `pairs`: the sealed batch in base64, and each pair's
 * slot references in the same order. `onProgress` hears 0 to 1 as the tokens are sealed.
 */
export async function sealEnrolment(suite, offer, pairs, onProgress = () => {}) {
  if (pairs.length !== PAIRS || offer.pairs !== PAIRS) throw new RangeError(`${PAIRS} pairs`);
  const rows = await rowsOf(suite, offer, pairs, onProgress);
  const plain = batchPlain(offer.digits, fromHex(offer.enrolment, 16), rows);
  const sealed = await seal(suite, fromBase64(offer.site_key, 32), offer.batch_info, plain);
  if (sealed.length !== BATCH_SEALED_BYTES) throw new RangeError("batch of the wrong size");
  return {
    enrolment: offer.enrolment,
    sealed: toBase64(sealed),
    slots: pairs.map(({ refs }) => refs.map(toHex)),
  };
}
