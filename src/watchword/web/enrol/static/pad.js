/* The practice pad: the same layout as a keypad, and it sends nothing. */

import { show } from "./codes.js";
import { ORDER, rightSoFar, START, step, wanted } from "./practice.js";
import { fill } from "./screen.js";

const OFTEN = 2;

export function makePractice(screen, codesNow, finished) {
  const { texts } = screen;
  const find = (selector) => document.querySelector(selector);
  let state = START;
  let typed = "";

  function paintDots() {
    let at = 0;
    const groups = show(codesNow()?.everyday ?? "").split(" ").map((group) => {
      const part = document.createElement("span");
      part.className = "dot-group";
      for (const _ of group) {
        const dot = document.createElement("span");
        dot.className = at < typed.length ? "dot filled" : "dot";
        part.append(dot);
        at += 1;
      }
      return part;
    });
    find("[data-dots]").replaceChildren(...groups);
  }

  function paintTally() {
    for (const item of document.querySelectorAll("[data-tally]")) {
      const count = rightSoFar(state, item.dataset.tally);
      item.querySelectorAll(".tick").forEach((tick, at) => {
        tick.toggleAttribute("data-right", at < count);
      });
      const label = item.firstElementChild.textContent;
      item.querySelector("[data-tally-text]").textContent = fill(texts.tally, { label, count });
    }
  }

  function ask(feedback, tone) {
    const [when, question] = ["when", "ask"].map((part) => texts[`${part}-${wanted(state)}`]);
    const line = find("[data-feedback]");
    line.textContent = feedback;
    if (tone) line.dataset.tone = tone;
    else delete line.dataset.tone;
    find("[data-when]").textContent = when;
    find("[data-ask]").textContent = question;
    screen.say(`${feedback} ${when} ${question}`);
    paintDots();
    paintTally();
  }

  function judge() {
    const asked = wanted(state);
    const [next, what] = step(state, typed, codesNow());
    state = next;
    typed = "";
    if (state.done === ORDER.length) {
      finished();
    } else if (what === "right") {
      ask(texts.right, "green");
    } else if (what === "other") {
      ask(texts[asked === "forced" ? "other-everyday" : "other-forced"], "amber");
    } else {
      ask(texts[state.misses >= OFTEN ? "wrong-often" : "wrong"], "amber");
    }
  }

  function press(digit) {
    const codes = codesNow();
    if (codes === null) return;
    screen.conceal(true); // typing from memory is the point
    typed += digit;
    if (typed.length === codes.everyday.length) judge();
    else paintDots();
  }

  function erase() {
    typed = typed.slice(0, -1);
    paintDots();
  }

  for (const key of document.querySelectorAll("[data-digit]")) {
    key.addEventListener("click", () => press(key.dataset.digit));
  }
  find("[data-delete]").addEventListener("click", erase);
  document.addEventListener("keydown", (event) => {
    if (find('[data-view="try"]').hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) press(event.key);
    else if (event.key === "Backspace") erase();
  });

  return {
    begin() {
      state = START;
      typed = "";
      ask("", "");
    },
  };
}
