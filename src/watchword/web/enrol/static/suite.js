/* The cipher suite (X25519, HKDF-SHA256, ChaCha20-Poly1305) in whatever browser this is.

   Browsers since about 2024 bring X25519 themselves. For older phones the same key exchange
   in plain JavaScript is fetched, and only when it is missing. Where neither works, this is
   known before the link is used up. */

import {
  CipherSuite,
  DhkemX25519HkdfSha256,
  HkdfSha256,
} from "../shared/vendor/hpke/core/mod.js";
import { Chacha20Poly1305 } from "../shared/vendor/hpke/chacha20poly1305/mod.js";

const PORTABLE = "../shared/vendor/hpke/dhkem-x25519/mod.js";
const SOME_PUBLIC_KEY = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0));

/** A suite that has sealed once already, so that it is known to work here. */
async function tried(kem) {
  const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(SOME_PUBLIC_KEY);
  await suite.seal({ recipientPublicKey, info: new Uint8Array(1) }, new Uint8Array(1));
  return suite;
}

/** The suite, by the browser's own X25519 or by the portable one; throws when neither works. */
export async function makeSuite() {
  try {
    return await tried(new DhkemX25519HkdfSha256());
  } catch {
    const portable = await import(PORTABLE);
    return tried(new portable.DhkemX25519HkdfSha256());
  }
}
