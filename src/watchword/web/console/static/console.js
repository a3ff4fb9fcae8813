// The desk: choosing, the keys, and what is told as it happens.

import "./frame.js";
import { load, say, send, submit, tell, toSignIn } from "./act.js";
import { keepTicking, tick } from "./ages.js";
import { keepDrafts, recall, remember, restoreDrafts } from "./drafts.js";
import { beat, fault, fill, keepSaying, linkIs, texts } from "./link.js";
import { apply } from "./rows.js";
import { prepareSound, sound } from "./sound.js";
import { Stream } from "./stream.js";

const desk = document.getElementById("desk");
const list = document.getElementById("rows");
const work = document.getElementById("work");
const find = document.getElementById("find");
const waiting = new Set();
const known = new Set();
let filter = recall("filter", "all");
let loading = null; // aborts the load of an incident that is no longer chosen
let settled = Promise.resolve(); // what Enter waits for: the chosen incident as it is now

const rowOf = (id) => document.getElementById(`row-${id}`);
const waits = (row) => "waits" in row.dataset;
const shownRows = () => [...list.children].filter((row) => !row.hidden);
const address = (id) => (id ? `/events?incident=${id}` : "/events");

// choosing

function mark(id) {
  for (const row of list.querySelectorAll("[data-chosen]")) {
    delete row.dataset.chosen;
    row.querySelector("a").removeAttribute("aria-current");
  }
  const row = rowOf(id);
  if (!row) return;
  row.dataset.chosen = "";
  row.querySelector("a").setAttribute("aria-current", "true");
}

function choose(id, { push = true, focus = false } = {}) {
  if (id !== work.dataset.incident) {
    keepScroll();
    tell("");
    work.dataset.incident = id;
    desk.dataset.shows = id ? "incident" : "queue";
    if (push) history.pushState(null, "", id ? `/incidents/${id}` : "/");
    loading?.abort();
    loading = new AbortController();
    if (id) {
      work.setAttribute("aria-busy", "true");
      settled = load(id, loading.signal).then(restoreScroll);
    } else work.replaceChildren(document.getElementById("pick").content.cloneNode(true));
    stream.turn(address(id));
  }
  mark(id);
  const link = rowOf(id)?.querySelector("a");
  if (focus) link?.focus({ preventScroll: true });
  rowOf(id)?.scrollIntoView({ block: "nearest" });
}

function step(by, rows = shownRows()) {
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.dataset.id === work.dataset.incident);
  const to = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
  choose(rows[to].dataset.id, { focus: true });
}

// J goes to who needs somebody first: that is what makes alarm to dispatch three keys.
function forward() {
  const first = [...list.children].find(waits);
  const here = rowOf(work.dataset.incident);
  if (first && !(here && waits(here))) choose(first.dataset.id, { focus: true });
  else step(1);
}

// scroll survives a reload

function keepScroll() {
  remember("scroll", { list: list.scrollTop, of: work.dataset.incident, at: scrolled()?.scrollTop });
}

function restoreScroll() {
  const kept = recall("scroll", {});
  if (kept.of === work.dataset.incident && scrolled()) scrolled().scrollTop = kept.at ?? 0;
}

const scrolled = () => document.getElementById("incident");

// filters; a threat to life that nobody has taken is never filtered away

function applyFilter() {
  const wanted = find.value.trim().toLocaleLowerCase();
  let shown = 0;
  for (const row of list.children) {
    const { kind, site, place, who } = row.dataset;
    const named = `${kind} ${site} ${place} ${who}`.toLocaleLowerCase().includes(wanted);
    const fits = { all: true, mine: "mine" in row.dataset, unclaimed: !who }[filter];
    row.hidden = !waits(row) && !(named && fits);
    shown += row.hidden ? 0 : 1;
  }
  for (const button of document.querySelectorAll(".filter")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
  }
  document.getElementById("queue-empty").hidden = list.children.length > 0;
  document.getElementById("queue-filtered").hidden = shown > 0 || !list.children.length;
}

// what is told as it happens

function count(body) {
  for (const name of ["open", "life"]) {
    document.querySelector(`[data-count="${name}"]`).textContent = body[name];
  }
  document.getElementById("queue-life").hidden = !body.life;
}

function announce() {
  const fresh = { life: [], other: [] };
  for (const row of list.children) {
    const { id, kind, site, place } = row.dataset;
    if (waits(row) && !waiting.has(id)) fresh.life.push(fill(texts.new_life, { kind, site, place }));
    else if (!known.has(id)) fresh.other.push(fill(texts.new, { kind, site, place }));
  }
  waiting.clear();
  known.clear();
  for (const row of list.children) {
    known.add(row.dataset.id);
    if (waits(row)) waiting.add(row.dataset.id);
  }
  if (fresh.life.length) document.getElementById("say-now").textContent = fresh.life.join(" ");
  if (fresh.other.length) say(fresh.other.slice(0, 3).join(" "));
  const count = waiting.size ? `${fill(texts.unclaimed, { count: waiting.size })} · ` : "";
  document.title = count + document.title.replace(/^\(\d+\).*? · /, "");
  sound(waiting.size > 0);
}

function queueChanged(body) {
  fault(false);
  if (!apply(list, body)) stream.turn(undefined, true);
  count(body);
  applyFilter();
  mark(work.dataset.incident);
  announce();
  tick();
}

// The station says how the chosen incident stands each time it differs and after every
// connection; what the page shows already, by an answer of its own, is not asked for again.
function incidentChanged({ id, version }) {
  const shown = document.getElementById("incident")?.dataset.version;
  if (id === work.dataset.incident && version !== shown) settled = load(id);
}

function hear(event, body) {
  if (event === "beat") {
    beat(body);
    const { incident, missed } = work.dataset;
    if (missed && missed === incident) settled = load(incident);
    if (body.open !== list.children.length) stream.turn(undefined, true);
  } else if (event === "queue") queueChanged(body);
  else if (event === "incident") incidentChanged(body);
  else if (event === "fault") fault(true);
  else if (event === "signed-out") toSignIn();
}

// the keys

async function claim() {
  const id = work.dataset.incident;
  if (!id) return tell(texts.choose, "grey");
  const token = document.querySelector('input[name="_csrf_token"]').value;
  const body = new URLSearchParams({ _csrf_token: token });
  await settle(send(`/incidents/${id}/claim`, body, texts.claim));
}

// An Enter pressed meanwhile waits for this and sees whether it was refused; a later one is free.
async function settle(promise) {
  settled = promise;
  await promise;
  if (settled === promise) settled = Promise.resolve();
}

async function doNext() {
  const id = work.dataset.incident;
  if (!id) return tell(texts.choose, "grey");
  // What was pressed just before comes first; if that was refused, this is not done either.
  if ((await settled) === false || work.dataset.incident !== id) return;
  const area = document.getElementById("do");
  const button = document.getElementById("do-button");
  if (!area || !button) return tell(texts.nothing, "grey");
  if (area.dataset.yours === "no") return tell(fill(texts.others, { who: area.dataset.who }));
  if (button.form) await settle(submit(button.form));
  else button.click();
}

function write() {
  const field = work.querySelector("[data-note]");
  if (!field) return;
  field.focus();
  field.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: forward,
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  c: claim,
  n: write,
  s: () => work.querySelector("[data-sheet]")?.click(),
  "/": () => find.focus(),
  "?": () => openDialog("help"),
};

function typing(target) {
  return target.matches?.("input:not([type=radio], [type=checkbox]), textarea, select");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (document.querySelector("dialog[open]")) return;
  const { key, target } = event;
  if (typing(target)) return onFieldKey(event);
  if (key === "Enter") {
    const row = target.closest?.("#rows > li");
    const free = target === document.body || target.id === "main" || target.id === "incident-title";
    if (!free && row?.dataset.id !== work.dataset.incident) return; // a button or another row
    if (!free && !row) return;
    event.preventDefault();
    doNext();
    return;
  }
  if (!recall("keys", true) && key !== "?") return;
  const act = KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (!act) return;
  event.preventDefault();
  act();
}

function onFieldKey(event) {
  if (event.key === "Escape") event.target.blur();
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("[data-note]")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
}

// dialogs and forms

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  restoreDrafts(dialog);
  dialog.showModal();
}

function onClick(event) {
  const { target } = event;
  const link = target.closest(".row-link");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (link && plain) {
    event.preventDefault();
    choose(link.parentElement.dataset.id);
  } else if (target.closest(".back") && plain) {
    event.preventDefault();
    choose("");
  } else if (target.closest("[data-opens]")) openDialog(target.closest("[data-opens]").dataset.opens);
  else if (target.closest("[data-closes]")) target.closest("dialog").close();
  else if (target.closest("[data-dismiss]")) tell("");
  else if (target.closest("[data-note-focus]")) write();
  else if (target.closest(".filter")) {
    filter = target.closest(".filter").dataset.filter;
    remember("filter", filter);
    applyFilter();
  }
}

addEventListener("submit", (event) => {
  if (!event.target.matches("[data-act]")) return;
  event.preventDefault();
  settle(submit(event.target, event.submitter));
});
addEventListener("click", onClick);
addEventListener("keydown", onKey);
addEventListener("pagehide", keepScroll);
addEventListener("popstate", () => {
  choose(location.pathname.match(/^\/incidents\/([\w-]+)$/)?.[1] ?? "", { push: false });
});
find.addEventListener("input", () => {
  remember("find", find.value);
  applyFilter();
});
const singleKeys = document.getElementById("single-keys");
singleKeys.checked = recall("keys", true);
singleKeys.addEventListener("change", () => remember("keys", singleKeys.checked));

keepDrafts();
find.value = recall("find", "");
const stream = new Stream(address(work.dataset.incident), list.dataset.version, hear, linkIs);
prepareSound();
applyFilter();
mark(work.dataset.incident);
list.scrollTop = recall("scroll", {}).list ?? 0;
restoreDrafts(work);
restoreScroll();
announce();
keepTicking();
keepSaying();
stream.run();
