// How long ago and at what time, by the station's clock and in its zone.
// The words are those of times.py; a browser test keeps the two alike.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const two = (number) => String(number).padStart(2, "0");

export function ageWords(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${two(seconds % MINUTE)} s`;
  if (seconds < DAY) {
    return `${Math.floor(seconds / HOUR)} h ${two(Math.floor((seconds % HOUR) / MINUTE))} min`;
  }
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

export function ageShort(seconds) {
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}:${two(seconds % MINUTE)}`;
  if (seconds < DAY) {
    return `${Math.floor(seconds / HOUR)} h ${two(Math.floor((seconds % HOUR) / MINUTE))}`;
  }
  return `${Math.floor(seconds / DAY)} d`;
}

// The workstation's own clock may be wrong; only how fast it runs is believed.
let anchorStation = Number(document.body.dataset.now);
let anchorHere = performance.now();

export function setClock(stationMs) {
  anchorStation = stationMs;
  anchorHere = performance.now();
}

export function now() {
  return anchorStation + (performance.now() - anchorHere);
}

export function exact(ms) {
  const clock = document.getElementById("clock");
  const local = new Date(ms + Number(clock.dataset.offset) * 1000);
  return `${local.toISOString().slice(11, 19)} ${clock.dataset.zone}`;
}

function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tick() {
  const at = now();
  for (const element of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.floor((at - Number(element.dataset.since)) / 1000));
    show(element, "short" in element.dataset ? ageShort(seconds) : ageWords(seconds));
  }
  show(document.getElementById("clock"), exact(at));
}

export function keepTicking() {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
