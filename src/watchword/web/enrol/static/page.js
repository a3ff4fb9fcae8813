/* The enrolment page: asks for the one-time code, draws, seals, waits, shows, and lets practise.

   This file owns one rule: the codes live in one object of this script and on the screen, for
   as long as the person needs them, and nowhere else. Nothing is stored; leaving, finishing or
   a long silence lets go of them. */

import { makeApi, Refused } from "./api.js";
import { drawPairs, forget } from "./draw.js";
import { makePractice } from "./pad.js";
import { PAIRS, sealEnrolment } from "./seal.js";
import { makeScreen } from "./screen.js";

const IDLE_MS = 15 * 60_000;
const SLOW_MS = 20_000;
const DRAWING_SHARE = 0.1; // of the bar: sealing is quick, the site's check is not

const screen = makeScreen(document);
const api = makeApi(location.pathname.replace(/\/+$/, ""));
let suite = null; // a promise of the cipher suite, started while the person types
let codes = null; // { everyday, forced } once the site took them
let busy = false; // leaving now would lose something

/** Let go of the codes, in the script and on the screen. */
function letGo() {
  codes = null;
  busy = false;
  screen.clearCodes();
}

function stop(reason, said = "") {
  letGo();
  screen.stopped(reason, said);
}

/** Draw and seal; the other seven pairs are forgotten as soon as one was taken. */
async function enrol(offer) {
  const pairs = drawPairs(offer.policy, offer.digits, PAIRS);
  try {
    const batch = await sealEnrolment(await suite, offer, pairs, (share) =>
      screen.progress(share * DRAWING_SHARE),
    );
    const { codes: drawn, everyday } = pairs[await settled(offer, batch)];
    return { everyday: drawn[everyday], forced: drawn[1 - everyday] };
  } finally {
    forget(pairs);
  }
}

/** Send the batch and wait for the index of the pair; a cut line is the person's to try again. */
async function settled(offer, batch) {
  for (;;) {
    screen.show("working");
    const slow = setTimeout(() => screen.slow(true), SLOW_MS);
    try {
      await api.submit(batch);
      return await api.taken(offer.enrolment, (share) =>
        screen.progress(DRAWING_SHARE + share * (1 - DRAWING_SHARE)),
      );
    } catch (error) {
      if (error instanceof Refused) throw error;
      await screen.askAgain("unreachable");
    } finally {
      clearTimeout(slow);
      screen.slow(false);
    }
  }
}

/** From the one-time code to both codes on the screen. */
async function open(typed) {
  if (!(await suite.catch(() => null))) return; // said already; the link is not used up
  const offer = await api.open(typed);
  busy = true;
  // The link is used up now: it has no business in the bar and the history any more.
  history.replaceState(null, "", location.pathname.replace(/\/[^/]+\/*$/, ""));
  screen.introduce(offer);
  screen.progress(0);
  screen.show("working");
  try {
    codes = await enrol(offer);
  } catch (error) {
    if (error instanceof Refused) stop("refused", error.message);
    else stop("broken");
    return;
  }
  screen.fillCodes(codes, offer.policy);
  screen.show("codes");
}

function start() {
  if (!(globalThis.isSecureContext && globalThis.crypto?.subtle)) {
    screen.show("insecure");
    return;
  }
  suite = import("./suite.js").then((module) => module.makeSuite());
  suite.catch(() => stop("old"));
  screen.onCode(open);
  screen.show("code");
}

const practice = makePractice(screen, () => codes, () => {
  letGo();
  screen.show("done");
});
screen.onStep((step) => {
  screen.show(step);
  if (step === "try") practice.begin();
});

let idle = 0;
function stirred() {
  clearTimeout(idle);
  idle = setTimeout(() => codes && stop("idle"), IDLE_MS);
}
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, stirred, { passive: true });

// A phone takes a picture of the page when it goes to the background: the codes are not on it.
document.addEventListener("visibilitychange", () => document.hidden && screen.conceal(true));
addEventListener("beforeunload", (event) => {
  if (!busy) return;
  event.preventDefault();
  event.returnValue = ""; // for older browsers; the words are the browser's own
});
addEventListener("pagehide", letGo);
addEventListener("pageshow", (event) => event.persisted && location.reload());

start();
