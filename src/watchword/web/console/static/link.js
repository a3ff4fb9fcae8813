// Says whether the page is live, in words, at once when it is not, and how old what is shown is.

import { ageWords, exact, now, setClock } from "./ages.js";

export const texts = JSON.parse(document.getElementById("texts").textContent);

export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

let state = "connecting";
let lastHeard = null;
let faulty = false;

const box = document.getElementById("lost");
const words = document.getElementById("lost-words");
const badge = document.getElementById("link");

function draw() {
  box.hidden = state !== "lost" && !faulty;
  if (state === "lost") {
    const age = lastHeard === null ? 0 : Math.max(0, Math.floor((now() - lastHeard) / 1000));
    const values = lastHeard === null ? {} : { age: ageWords(age), exact: exact(lastHeard) };
    words.textContent = fill(lastHeard === null ? texts.never : texts.lost, values);
  } else if (faulty) words.textContent = texts.fault;
  const bad = state === "lost" || faulty;
  document.getElementById("desk")?.toggleAttribute("data-stale", bad);
  if (!badge) return;
  badge.dataset.tone = bad ? "amber" : state === "live" ? "green" : "grey";
  const word = bad ? texts.lost_short : texts[state];
  const place = document.getElementById("link-word");
  if (place.textContent !== word) place.textContent = word;
}

export function linkIs(next) {
  const say = document.getElementById("say");
  if (state === "lost" && next === "live") say.textContent = texts.back_live;
  if (state !== "lost" && next === "lost") say.textContent = texts.lost_short;
  state = next;
  draw();
}

export function beat({ at_ms: at }) {
  setClock(at);
  lastHeard = at;
  draw();
}

export function fault(on) {
  faulty = on;
  draw();
}

export function keepSaying() {
  setInterval(draw, 1000);
}
