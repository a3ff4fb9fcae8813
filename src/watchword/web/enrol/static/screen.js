/* What is on the screen: which part is shown, the two codes, and what a screen reader is told.

   The codes are hidden from screen readers, which might say them aloud in a room; they are
   said digit by digit when the person asks for it. */

import { show as grouped } from "./codes.js";

const WHICH = ["everyday", "forced"];
const STEPS = ["codes", "what", "try"];
const LONG = 7; // digits that need a wider card
const SAID_FOR_MS = 20_000; // then it is gone from the page as well

/** The text of `template` with its {names} filled in. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The code as digits in two groups; digits that differ from `other` are marked. */
function digitsOf(document, code, other, mark) {
  return grouped(code).split(" ").reduce((groups, group) => {
    const from = groups.reduce((sum, each) => sum + each.childNodes.length, 0);
    const part = document.createElement("span");
    [...group].forEach((digit, at) => {
      const one = document.createElement("span");
      one.textContent = digit;
      if (mark && other[from + at] !== digit) one.className = "differs";
      part.append(one);
    });
    return [...groups, part];
  }, []);
}

export function makeScreen(document) {
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const texts = JSON.parse(find("[data-texts]").dataset.texts);
  let codes = null;
  let marked = false;
  let concealed = true;
  let saying = 0;

  const say = (text, forMs = 0) => {
    clearTimeout(saying);
    find("[data-say]").textContent = text;
    if (forMs) saying = setTimeout(() => say(""), forMs);
  };

  function paint() {
    for (const element of all("[data-code]")) {
      const which = element.dataset.code;
      const other = which === "everyday" ? "forced" : "everyday";
      const hidden = concealed || codes === null;
      element.classList.toggle("concealed", hidden);
      if (codes === null) element.replaceChildren();
      else if (hidden) element.textContent = grouped(codes[which]).replace(/\d/g, "•");
      else element.replaceChildren(...digitsOf(document, codes[which], codes[other], marked));
    }
    for (const element of all("[data-when-shown]")) element.hidden = concealed;
    for (const element of all("[data-when-hidden]")) element.hidden = !concealed;
    find("[data-differ]").hidden = !marked || concealed;
    find("[data-peeked]").hidden = concealed;
    find("[data-peek]").setAttribute("aria-expanded", String(!concealed));
  }

  function conceal(hide) {
    concealed = hide;
    paint();
  }

  function show(view) {
    find(".enrol").dataset.now = view;
    for (const element of all("[data-view]")) element.hidden = element.dataset.view !== view;
    const at = view === "done" ? STEPS.length : STEPS.indexOf(view);
    find("[data-steps]").hidden = !(at >= 0 && at < STEPS.length);
    all("[data-step]").forEach((element, step) => {
      element.dataset.state = step < at ? "done" : "";
      element.querySelector("[data-done]").hidden = step >= at;
      if (step === at) element.setAttribute("aria-current", "step");
      else element.removeAttribute("aria-current");
    });
    say("");
    conceal(view !== "codes");
    document.defaultView.scrollTo(0, 0);
    find(`[data-view="${view}"] h1`).focus({ preventScroll: true });
  }

  function stopped(reason, said = "") {
    find("[data-stopped-title]").textContent = texts[reason];
    find("[data-stopped-said]").textContent = said;
    find("[data-stopped-said]").hidden = said === "";
    find("[data-stopped-todo]").textContent = texts[`${reason}-todo`];
    find("[data-again]").hidden = true;
    show("stopped");
  }

  for (const button of all("[data-read]")) {
    button.addEventListener("click", () => {
      if (codes === null) return;
      const digits = [...codes[button.dataset.read]].join(", ");
      say(fill(texts[`spoken-${button.dataset.read}`], { digits }), SAID_FOR_MS);
    });
  }
  find("[data-conceal]").addEventListener("click", () => conceal(!concealed));
  find("[data-peek]").addEventListener("click", () => {
    conceal(!concealed);
    find("[data-peeked]").scrollIntoView({ block: "nearest" });
  });

  return {
    texts,
    say,
    show,
    conceal,
    stopped,

    /** Show who and where, as soon as the link has told. */
    introduce({ name, site }) {
      find("[data-site]").textContent = site;
      find("[data-name]").textContent = name;
      for (const element of all("[data-with-site]")) {
        element.textContent = fill(element.dataset.withSite, { site });
      }
    },

    /** Put both codes on the page; digits that differ are marked where that helps to learn. */
    fillCodes(both, policy) {
      codes = both;
      marked = policy !== "independent";
      for (const element of all(".codes")) {
        element.classList.toggle("long", both.everyday.length >= LONG);
      }
      paint();
    },

    clearCodes() {
      codes = null;
      concealed = true;
      say("");
      paint();
    },

    /** The bar of the waiting view, 0 to 1. */
    progress(share) {
      const percent = Math.round(share * 100);
      find("[data-progress]").setAttribute("aria-valuenow", String(percent));
      find("[data-progress-bar]").style.width = `${percent}%`;
      find("[data-percent]").textContent = fill(texts.percent, { percent });
    },

    slow(isSlow) {
      find("[data-slow]").hidden = !isSlow;
    },

    /** Say why it stopped, and resolve when the person presses "Try again". */
    askAgain(reason) {
      stopped(reason);
      const again = find("[data-again]");
      again.hidden = false;
      return new Promise((resolve) => {
        again.addEventListener("click", resolve, { once: true });
      });
    },

    onStep(go) {
      for (const button of all("[data-go]")) {
        button.addEventListener("click", () => go(button.dataset.go));
      }
    },

    onCode(open) {
      listenForCode(find, open);
    },
  };
}

/** The form with the one-time code: shaped while typed, sent once at a time. */
function listenForCode(find, open) {
  const [form, input, error] = [find("[data-form]"), find("#one-time"), find("[data-form-error]")];
  const button = find("[data-continue]");
  const complain = (text) => {
    error.textContent = text;
    error.hidden = text === "";
    if (text === "") input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  };
  const prepared = (name) => find(`template[data-text="${name}"]`).content.textContent;

  input.addEventListener("input", () => {
    complain("");
    if (input.selectionStart !== input.value.length) return; // somebody corrects in the middle
    const plain = input.value.toUpperCase().replace(/[^A-Z0-9]/g, "");
    input.value = plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : plain;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    if (input.value.trim() === "") {
      complain(prepared("empty"));
      input.focus();
      return;
    }
    button.disabled = true;
    try {
      await open(input.value);
      input.value = "";
    } catch (problem) {
      complain(problem.message || prepared("unreachable"));
      input.focus();
    } finally {
      button.disabled = false;
    }
  });
}
