// Puts a picture of the state into the document; touches only what changed. Text goes in as text.

import { groups } from "./state.js";
import { t } from "./text.js";

const byId = (id) => document.getElementById(id);
const sprite = document.body.dataset.sprite;

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function makeIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

// Lists are rebuilt only when what they are made of differs, so that focus stays where it is.
const made = new Map();
function rebuild(id, facts, nodes) {
  const key = JSON.stringify(facts);
  if (made.get(id) === key) return;
  made.set(id, key);
  const list = byId(id);
  const at = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...nodes());
  list.hidden = !list.childElementCount;
  if (at >= 0) list.querySelectorAll("button")[at]?.focus();
}

export function showFrame({ area, clock, tone, phase, icon, sentence }) {
  set(byId("area"), area);
  set(byId("clock"), clock);
  document.body.dataset.look = tone;
  document.body.dataset.phase = phase;
  const use = byId("emblem-icon");
  const href = `${sprite}#${icon}`;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
  set(byId("sentence"), sentence);
}

export function showCountdown(left, part) {
  byId("emblem").classList.toggle("counting", left !== null);
  set(byId("number"), left === null ? "" : String(left));
  byId("ring").style.setProperty("--left", String(part));
}

export function showLost(text) {
  byId("lost").hidden = text === null;
  set(byId("lost-text"), text ?? "");
  document.body.classList.toggle("is-lost", text !== null);
}

export function showMessage(text, tone) {
  const node = byId("message");
  set(node, text);
  node.dataset.weight = tone;
}

export function showDots(count, length, busy) {
  const dots = byId("dots");
  dots.classList.toggle("busy", busy);
  document.body.classList.toggle("is-full", count === length && !busy);
  if (dots.querySelectorAll("i").length !== length) {
    const parts = groups(length).map((size) => {
      const group = make("span", "dots-group");
      group.append(...Array.from({ length: size }, () => make("i")));
      return group;
    });
    dots.replaceChildren(...parts);
  }
  dots.querySelectorAll("i").forEach((dot, n) => dot.classList.toggle("on", n < count));
  dots.setAttribute("aria-label", t("entered", { n: count, of: length }));
}

export function shake() {
  const dots = byId("dots");
  dots.classList.remove("shake");
  void dots.offsetWidth; // restarts the animation
  dots.classList.add("shake");
}

export function showZones(zones, bypass, toggle) {
  document.body.classList.toggle("has-zones", zones.length > 0);
  rebuild("zones", [zones, [...bypass]], () =>
    zones.map((zone) => {
      const row = make("li", "zone");
      const name = make("span", "zone-name");
      name.append(makeIcon("door"), make("span", "", zone.name));
      row.append(name);
      if (!zone.bypass) {
        row.append(make("span", "zone-fixed", t("cannot-bypass")));
        return row;
      }
      const button = make("button", "button small zone-bypass");
      button.append(makeIcon("check"), make("span", "", t("bypass")));
      button.type = "button";
      button.setAttribute("aria-label", t("bypass-name", { name: zone.name }));
      button.setAttribute("aria-pressed", String(bypass.has(zone.name)));
      button.addEventListener("click", () => toggle(zone.name));
      row.append(button);
      return row;
    }),
  );
}

export function showNotes(notes) {
  rebuild("notes", notes, () =>
    notes.map(({ icon, tone, text }) => {
      const row = make("li", "note");
      row.dataset.tone = tone;
      row.append(makeIcon(icon), make("span", "", text));
      return row;
    }),
  );
}

export function showActions(actions, chosen, press) {
  rebuild("actions", [actions, chosen], () =>
    actions.map(({ action, label, icon }) => {
      const button = make("button", "action");
      button.type = "button";
      button.setAttribute("aria-pressed", String(action === chosen));
      button.append(makeIcon(icon), make("span", "", label));
      button.addEventListener("click", () => press(action));
      return button;
    }),
  );
}

/** Say it to screen readers: once, politely, or at once for an alarm. */
export function say(text, { now = false } = {}) {
  byId(now ? "say-now" : "say").textContent = text;
}
