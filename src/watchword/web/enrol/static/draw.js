/* Draws the pairs of codes and decides, afterwards and apart, what each of them means.

   This file owns one rule: nothing about a code, its place in the pair or its place in the
   batch tells which of the two is the everyday one. The policy draws a pair in which neither
   element is special; then a coin says which is the everyday one; then another coin, which
   does not know the first, says which goes first. Randomness is the browser's own. */

import { drawPair } from "./codes.js";

export const SLOT_REF_BYTES = 16;

/** A whole number in [0, n), each equally likely; `n` is at most 2^32. */
export function randomBelow(n) {
  if (!Number.isInteger(n) || n < 1 || n > 0x100000000) throw new RangeError("1 to 2^32");
  // The top of the range that is not a whole multiple of n is drawn again: no modulo bias.
  const limit = 0x100000000 - (0x100000000 % n);
  const word = new Uint32Array(1);
  do crypto.getRandomValues(word);
  while (word[0] >= limit);
  return word[0] % n;
}

/** `count` fresh random bytes. */
export function randomBytes(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

/**
 * One pair in batch order: `codes[everyday]` is the everyday code, the other one is for
 * being forced; `refs` are the slots' fresh references in the same order.
 */
export function drawOne(policy, digits, below = randomBelow, bytes = randomBytes) {
  const drawn = drawPair(policy, digits, below);
  const chosen = below(2); // the coin: which of the two drawn codes is the everyday one
  const swapped = below(2) === 1; // the shuffle: which of the two goes first
  const codes = swapped ? [drawn[1], drawn[0]] : [drawn[0], drawn[1]];
  return {
    codes,
    everyday: swapped ? 1 - chosen : chosen,
    refs: [bytes(SLOT_REF_BYTES), bytes(SLOT_REF_BYTES)],
  };
}

/** `count` independent pairs, each with its own coins. */
export function drawPairs(policy, digits, count, below = randomBelow, bytes = randomBytes) {
  return Array.from({ length: count }, () => drawOne(policy, digits, below, bytes));
}

/** Forget pairs as far as a browser can: references are zeroed, codes are let go. */
export function forget(pairs) {
  for (const pair of pairs) {
    for (const ref of pair.refs) ref.fill(0);
    pair.codes = ["", ""];
    pair.everyday = -1;
  }
  pairs.length = 0;
}
