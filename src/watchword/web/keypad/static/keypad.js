// The keypad: joins digits, state, connection, sound and picture. It knows what a code is made
// of and never what it means; what it shows depends on the site's public answer alone.

import { makeSender } from "./attempt.js";
import { connect } from "./connection.js";
import { makePad } from "./pad.js";
import * as sound from "./sound.js";
import { beepGap, fraction, icon, locked, onlyAction, remaining, spoken, tone } from "./state.js";
import { learn, t } from "./text.js";
import * as view from "./view.js";

const MESSAGE_MS = 6000;
const NAMES = { "arm-away": "away", "arm-home": "home", "arm-night": "night", disarm: "disarm" };
const ICONS = { "arm-away": "away", "arm-home": "home", "arm-night": "night", disarm: "unlock" };
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

const boot = JSON.parse(document.getElementById("boot").textContent);
learn(boot.text);

let state = boot.state;
let stateAt = performance.now();
let chosen = null; // an action pressed before the code
let message = null; // {text, weight, until}
let slow = 0;
const bypass = new Set();
const said = { sentence: "", left: null };

const agoS = () => (performance.now() - stateAt) / 1000;
const pad = makePad({ length: state.digits, onChange: typed, held: () => connection.lost });
const sender = makeSender({ onWaiting: waiting, onEnd: ended });
const beep = sound.makeBeeper(
  () => beepGap(state.sound, remaining(state, agoS())),
  () => state.sound,
);

function tell(text, weight = "plain", forMs = MESSAGE_MS) {
  message = { text, weight, until: performance.now() + forMs };
  view.say(text);
}

// What the line under the dots says: an answer, then the lock-out, then what to do next.
function line() {
  if (message && performance.now() > message.until) message = null;
  const wait = locked(state, agoS());
  if (wait !== null) return [t("locked", { n: wait }), "strong"];
  if (message) return [message.text, message.weight];
  if (connection.lost) return [t("lost-detail"), "strong"];
  if (state.phase === "exiting") return [t("stop-hint"), "plain"];
  if (onlyAction(state) === "disarm") return [t("disarm-hint"), "plain"];
  if (!state.actions.length) return ["", "plain"];
  if (chosen) return [t("arm-with", { action: t(NAMES[chosen]) }), "plain"];
  return [t(pad.full ? "choose" : "arm-hint"), "plain"];
}

function notes() {
  const list = [];
  const add = (key, icon, tone, names) =>
    names.length && list.push({ icon, tone, text: t(key, { names: names.join(", ") }) });
  if (state.phase === "alarm") add("alarm-at", "pin", "amber", state.memory);
  else add("memory", "history", "amber", state.memory);
  add("bypassed", "bypass", "grey", state.bypassed);
  add("trouble", "tool", "amber", state.trouble);
  return list;
}

function actions() {
  return state.actions.map((action) => ({ action, label: t(NAMES[action]), icon: ICONS[action] }));
}

function draw() {
  const ago = agoS();
  view.showFrame({
    area: state.area,
    clock: clock.format(state.at_ms + ago * 1000),
    tone: tone(state),
    phase: state.phase,
    icon: icon(state),
    sentence: state.sentence,
  });
  view.showCountdown(remaining(state, ago), fraction(state, ago));
  view.showLost(connection.lost ? t("lost", { n: connection.silentS }) : null);
  const sent = sender.busy && !pad.count; // full until the answer is there
  view.showDots(sent ? pad.length : pad.count, pad.length, sent);
  view.showMessage(...line());
  view.showZones(state.open_zones, bypass, toggle);
  view.showNotes(notes());
  view.showActions(actions(), chosen, act);
}

function speak() {
  if (state.sentence !== said.sentence) {
    said.sentence = state.sentence;
    view.say(state.sentence, { now: state.phase === "alarm" });
    if (state.phase !== "alarm") view.say("", { now: true });
  }
  const left = remaining(state, agoS());
  if (left !== said.left && left !== null && spoken(left)) view.say(t("seconds", { n: left }));
  said.left = left;
}

function take(given) {
  if (given.phase !== state.phase) message = null; // it belonged to the phase before
  state = given;
  stateAt = performance.now();
  pad.length = state.digits;
  if (!state.actions.includes(chosen)) chosen = null;
  const open = new Set(state.open_zones.filter((z) => z.bypass).map((z) => z.name));
  for (const name of bypass) if (!open.has(name)) bypass.delete(name);
  speak();
  draw();
}

function typed(count) {
  if (count) view.say(t("entered", { n: count, of: pad.length }));
  const action = chosen ?? (onlyAction(state) === "disarm" ? "disarm" : null);
  if (pad.full && action) send(action);
  draw();
}

function send(action) {
  const code = pad.take();
  chosen = null;
  message = null;
  slow = setTimeout(() => tell(t("checking"), "plain", 15_000), 1000);
  sender.send(code, action, action === "disarm" ? [] : [...bypass]);
}

function waiting() {
  clearTimeout(slow);
  if (message?.text !== t("waiting")) tell(t("waiting"), "strong", 35_000);
}

function ended({ kind, answer }) {
  clearTimeout(slow);
  message = null;
  if (kind === "gone") return location.reload();
  if (kind !== "answer") {
    sound.answer(false);
    tell(t(kind), "strong", 15_000);
    return draw();
  }
  sound.answer(answer.accepted);
  if (answer.accepted) bypass.clear();
  take(answer.state);
  if (answer.accepted) return;
  view.shake();
  tell(answer.message, "strong");
  draw();
}

function act(action) {
  press();
  if (pad.full) send(action);
  else if (action !== "disarm") chosen = chosen === action ? null : action;
  view.say(line()[0]);
  draw();
}

function toggle(name) {
  press();
  if (!bypass.delete(name)) bypass.add(name);
  draw();
}

function press() {
  sound.wake();
  sound.click();
  navigator.vibrate?.(8);
}

function key(name) {
  press();
  if (name === "clear") {
    chosen = null;
    message = null;
    pad.clear();
  } else if (name === "delete") pad.remove();
  else if (!sender.full) pad.push(name);
}

// A finger acts when it comes down; a click without one comes from a keyboard or a screen reader.
const downAt = new WeakMap();
const keys = document.getElementById("keys");
keys.addEventListener("pointerdown", (event) => {
  const button = event.target.closest("[data-press]");
  if (!button || event.button !== 0) return;
  downAt.set(button, event.timeStamp);
  key(button.dataset.press);
});
keys.addEventListener("click", (event) => {
  const button = event.target.closest("[data-press]");
  if (!button) return;
  const down = downAt.get(button);
  downAt.delete(button);
  if (down === undefined || event.timeStamp - down > 1000) key(button.dataset.press);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9]$/.test(event.key)) key(event.key);
  else if (event.key === "Backspace") key("delete");
  else if (event.key === "Escape") key("clear");
  else return;
  event.preventDefault();
});
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("pointerdown", stayAwake);

// A wall tablet must not fall asleep; browsers may refuse, and give the lock up in the background.
let lock = null;
async function stayAwake() {
  if (document.visibilityState !== "visible" || (lock && !lock.released)) return;
  try {
    lock = await navigator.wakeLock?.request("screen");
  } catch {
    lock = null;
  }
}
document.addEventListener("visibilitychange", stayAwake);
void stayAwake();

const build = document.querySelector("meta[name=build]").content;
const connection = connect({
  onState: take,
  onLost() {
    view.say(t("lost", { n: connection.silentS }));
    draw();
  },
  onBack() {
    view.say(t("back"));
  },
  onGone: () => location.reload(),
  onBuild(name) {
    // The site was updated: take its new page, but not out of somebody's hands.
    if (name !== build && !pad.count && !sender.busy) location.reload();
  },
});

setInterval(() => {
  speak();
  draw();
}, 200);
setInterval(() => beep(performance.now() / 1000), 50);
speak();
draw();
