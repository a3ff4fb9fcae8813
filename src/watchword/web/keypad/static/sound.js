// Every sound the keypad makes. All follow from public state; no sound depends on a code.
// Browsers allow sound only after the first touch or key: `wake` is called on each.

const CLICK = { hz: 1100, s: 0.018, level: 0.06, shape: "triangle" };
const BEEP = { exit: { hz: 880, s: 0.09, level: 0.1 }, entry: { hz: 1320, s: 0.09, level: 0.14 } };
const ALARM_HZ = [1480, 1108];

let context = null;

/** Start, or start again, what the browser may have held back. */
export function wake() {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") void context.resume();
  } catch {
    context = null; // a device without sound still has a keypad
  }
}

function tone({ hz, s, level, shape = "sine" }, after = 0) {
  if (context?.state !== "running") return;
  const at = context.currentTime + after;
  const wave = new OscillatorNode(context, { type: shape, frequency: hz });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(level, at + 0.004);
  volume.gain.setValueAtTime(level, at + Math.max(0.004, s - 0.01));
  volume.gain.linearRampToValueAtTime(0, at + s);
  wave.connect(volume).connect(context.destination);
  wave.start(at);
  wave.stop(at + s + 0.01);
}

/** The same click for every key. */
export function click() {
  tone(CLICK);
}

/** Two notes up when something was done, one low when not. */
export function answer(accepted) {
  if (accepted) {
    tone({ hz: 784, s: 0.08, level: 0.1 });
    tone({ hz: 1175, s: 0.12, level: 0.1 }, 0.09);
  } else {
    tone({ hz: 196, s: 0.22, level: 0.14, shape: "triangle" });
  }
}

/** Beeps of a countdown or an alarm; `gap()` gives seconds to the next one, or null. */
export function makeBeeper(gap, kind) {
  let next = 0;
  let turn = 0;
  return function tick(nowS) {
    const wait = gap();
    if (wait === null) {
      next = 0;
      return;
    }
    if (nowS < next) return;
    next = nowS + wait - 0.02;
    const sound = kind();
    if (sound === "alarm") tone({ hz: ALARM_HZ[turn++ % 2], s: 0.46, level: 0.3, shape: "square" });
    else if (BEEP[sound]) tone(BEEP[sound]);
  };
}
