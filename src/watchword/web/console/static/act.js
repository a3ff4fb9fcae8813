// What an operator does is sent here, once, and its outcome is said: done, refused and why, or
// not answered. A refusal changes nothing on the page; an answer never wipes what is being typed.

import { tick } from "./ages.js";
import { forgetDrafts, restoreDrafts } from "./drafts.js";
import { fill, texts } from "./link.js";

const ANSWER_MS = 8000;
const SLOW_MS = 1000;
const OURS = { Accept: "text/html", "X-Watchword": "1" };

const work = document.getElementById("work");
const notice = document.getElementById("notice");

export function say(text) {
  document.getElementById("say").textContent = text;
}

export function tell(text, tone = "amber") {
  notice.dataset.tone = tone;
  document.getElementById("notice-words").textContent = text;
  notice.hidden = !text;
}

export function toSignIn() {
  location.assign(`/sign-in?next=${location.pathname}`);
}

// Answers may overtake each other; an older one never covers a newer one.
let asked = 0;
let shown = 0;

// Put the station's answer for one incident on the page, if that incident is still chosen.
async function show(incident, html, turn) {
  if (work.dataset.incident !== incident || turn < shown) return;
  shown = turn;
  const same = document.getElementById("incident")?.dataset.incident === incident;
  if (same && window.htmx) {
    await window.htmx.swap({ text: html, target: "#work", swap: "innerMorph", sourceElement: work });
  } else {
    work.innerHTML = html;
    restoreDrafts(work);
  }
  work.removeAttribute("aria-busy");
  if (work.dataset.missed === incident) {
    delete work.dataset.missed;
    tell("");
  }
  tick();
}

export async function load(incident, signal) {
  asked += 1;
  const turn = asked;
  try {
    const answer = await fetch(`/fragments/incidents/${incident}`, { headers: OURS, signal });
    if (answer.status === 401) return toSignIn();
    if (answer.status === 404 && work.dataset.incident === incident) {
      work.replaceChildren(document.getElementById("pick").content.cloneNode(true));
    }
    if (!answer.ok) return tell((await answer.json()).detail);
    await show(incident, await answer.text(), turn);
  } catch (error) {
    if (error.name === "AbortError") return;
    work.dataset.missed = incident; // read again with the next word from the station
    tell(texts.unreachable_read);
  }
}

// True when it was done.
export async function send(address, body, label) {
  const incident = address.split("/")[2];
  asked += 1;
  const turn = asked;
  const slow = setTimeout(() => tell(texts.sending, "grey"), SLOW_MS);
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(address, { method: "POST", headers: OURS, body, signal });
    if (answer.status === 401) {
      toSignIn();
      return false;
    }
    if (!answer.ok) {
      tell(fill(texts.refused, { detail: (await answer.json()).detail }));
      return false;
    }
    await show(incident, await answer.text(), turn);
    tell("");
    say(fill(texts.done, { label }));
    return true;
  } catch {
    tell(texts.unreachable);
    return false;
  } finally {
    clearTimeout(slow);
  }
}

export async function submit(form, submitter = null) {
  if ("busy" in form.dataset) return false;
  form.dataset.busy = "";
  const body = new URLSearchParams(new FormData(form, submitter));
  const done = await send(form.getAttribute("action"), body, form.dataset.label);
  delete form.dataset.busy;
  if (!done) return false;
  forgetDrafts(form);
  form.reset();
  form.closest("dialog")?.close();
  return true;
}
