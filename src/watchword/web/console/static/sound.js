// The alarm: on while anybody's life may be at stake and nobody has taken it. Claiming ends it;
// nothing else does. It loops inside the audio system, so that a tab in the background sounds too.

const RATE = 22050;
const LOOP_S = 2;

let context = null;
let source = null;
let wanted = false;

function pattern() {
  const buffer = context.createBuffer(1, RATE * LOOP_S, RATE);
  const data = buffer.getChannelData(0);
  const tones = [
    [0, 0.22, 880],
    [0.28, 0.22, 660],
    [0.56, 0.22, 880],
  ];
  for (const [start, length, pitch] of tones) {
    for (let at = 0; at < length * RATE; at += 1) {
      const edge = Math.min(1, at / 300, (length * RATE - at) / 300); // no click
      data[Math.floor(start * RATE) + at] = 0.5 * edge * Math.sin((2 * Math.PI * pitch * at) / RATE);
    }
  }
  return buffer;
}

function show() {
  const blocked = context !== null && context.state !== "running";
  document.getElementById("sound-blocked").hidden = !blocked;
  document.documentElement.dataset.sound = !wanted ? "off" : blocked ? "blocked" : "on";
}

export function sound(on) {
  wanted = on;
  if (on && !source) {
    source = context.createBufferSource();
    source.buffer = pattern();
    source.loop = true;
    source.connect(context.destination);
    source.start();
  } else if (!on && source) {
    source.stop();
    source = null;
  }
  show();
}

export function prepareSound() {
  context = new AudioContext({ sampleRate: RATE });
  context.addEventListener("statechange", show);
  // Browsers let a page sound only after a person touched it.
  const wake = () => context.resume().then(show, () => {});
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { capture: true });
  wake();
  show();
}
