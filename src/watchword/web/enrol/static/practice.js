/* The practice: what to type next, and what a typed code was. Pure; nothing is sent or kept.

   Each code has to be right twice. They come in turns, because going from one to the other
   is what has to work under stress. */

export const ORDER = Object.freeze(["everyday", "forced", "everyday", "forced"]);

/** The practice before the first digit. */
export const START = Object.freeze({ done: 0, misses: 0 });

/** Which code is asked for now, or null when the practice is over. */
export function wanted(state) {
  return ORDER[state.done] ?? null;
}

/** How often a code has been right so far: 0, 1 or 2. */
export function rightSoFar(state, which) {
  return ORDER.slice(0, state.done).filter((each) => each === which).length;
}

/** The state after `typed`, and what it was: "right", "other" (the other code) or "wrong". */
export function step(state, typed, codes) {
  const want = wanted(state);
  if (want === null) return [state, "right"];
  if (typed === codes[want]) return [{ done: state.done + 1, misses: 0 }, "right"];
  const other = want === "everyday" ? "forced" : "everyday";
  const what = typed === codes[other] ? "other" : "wrong";
  return [{ done: state.done, misses: state.misses + 1 }, what];
}
