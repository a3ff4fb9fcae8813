// What the screen shows, as a function of what the site last said and of the time since.
// Pure: no DOM, no clock of its own. Times are seconds.

const TONES = { disarmed: "grey", exiting: "blue", armed: "ink", entering: "amber", alarm: "red" };
const ICONS = {
  disarmed: "shield-check",
  exiting: "away",
  armed: "lock",
  entering: "key",
  alarm: "bell",
};
const MODE_ICONS = { away: "away", home: "home", night: "night" };

/** Seconds left of the countdown, `agoS` after the state came; null when there is none. */
export function remaining(state, agoS) {
  if (state.countdown_s === null) return null;
  return Math.max(0, Math.ceil(state.countdown_s - agoS));
}

/** Part of the countdown that is left, 0 to 1. */
export function fraction(state, agoS) {
  const left = remaining(state, agoS);
  if (left === null || !state.countdown_of_s) return 0;
  return Math.min(1, left / state.countdown_of_s);
}

/** Seconds of lock-out left, null when there is none or it is over. */
export function locked(state, agoS) {
  if (state.locked_s === null) return null;
  const left = Math.ceil(state.locked_s - agoS);
  return left > 0 ? left : null;
}

/** The tone of the screen: one word that the style sheet knows. */
export function tone(state) {
  if (state.phase === "disarmed") return state.open_zones.length ? "amber" : "green";
  return TONES[state.phase] ?? "grey";
}

/** The icon beside the sentence. */
export function icon(state) {
  if (state.phase === "disarmed" && state.open_zones.length) return "door";
  if (state.phase === "armed" && state.mode === "night") return MODE_ICONS.night;
  return ICONS[state.phase] ?? "info";
}

/** Sizes of the two groups in which a code of `digits` digits is shown: 6 is 3 and 3. */
export function groups(digits) {
  const first = Math.ceil(digits / 2);
  return [first, digits - first];
}

/** Seconds from one beep to the next: faster towards the end; null when silent. */
export function beepGap(sound, left) {
  if (sound === "alarm") return 0.5;
  if (left === null || left <= 0) return null;
  if (sound === "exit") return left > 10 ? 1 : left > 5 ? 0.5 : 0.25;
  if (sound === "entry") return left > 20 ? 1 : left > 10 ? 0.5 : 0.25;
  return null;
}

/** Whether a full pad is sent by itself: when there is one thing that can be done. */
export function onlyAction(state) {
  return state.actions.length === 1 ? state.actions[0] : null;
}

/** The moments of a countdown that are read aloud. */
export function spoken(left) {
  return left === 60 || left === 30 || left === 10 || left === 5;
}
