// The wall display: the same stream as the console, and nothing to press.

import { keepTicking, tick } from "./ages.js";
import { beat, fault, fill, keepSaying, linkIs, texts } from "./link.js";
import { apply } from "./rows.js";
import { Stream } from "./stream.js";

const list = document.getElementById("rows");
const ROW = 80; // px, as in wall.css
const fits = () => Math.max(1, Math.floor((list.parentElement.clientHeight - ROW) / ROW));
const waiting = new Set();

function count(name, value) {
  for (const element of document.querySelectorAll(`[data-count="${name}"]`)) {
    element.textContent = value;
  }
}

function limitRows() {
  const rows = [...list.children];
  const limit = fits();
  rows.forEach((row, at) => row.toggleAttribute("data-over", at >= limit));
  const more = document.getElementById("wall-more");
  more.hidden = rows.length <= limit;
  more.textContent = fill(more.dataset.text, { count: rows.length - limit });
  for (const row of rows) {
    if (!("waits" in row.dataset) || waiting.has(row.dataset.id)) continue;
    const { kind, site, place } = row.dataset;
    document.getElementById("say-now").textContent = fill(texts.new_life, { kind, site, place });
  }
  waiting.clear();
  for (const row of rows) if ("waits" in row.dataset) waiting.add(row.dataset.id);
}

function hear(event, body) {
  if (event === "beat") {
    beat(body);
    if (body.open !== list.children.length) stream.turn(undefined, true);
  } else if (event === "queue") {
    fault(false);
    if (!apply(list, body)) stream.turn(undefined, true);
    for (const name of ["open", "unclaimed", "life"]) count(name, body[name]);
    document.getElementById("wall-life").dataset.toneOf = body.life ? "red" : "grey";
    document.getElementById("queue-empty").hidden = body.open > 0;
    limitRows();
    tick();
  } else if (event === "fault") fault(true);
  else if (event === "signed-out") location.assign("/sign-in?next=/wall");
}

const stream = new Stream("/events?view=wall", list.dataset.version, hear, linkIs);
limitRows();
addEventListener("resize", limitRows);
keepTicking();
keepSaying();
stream.run();
