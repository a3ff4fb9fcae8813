/* The three requests of an enrolment. Codes never pass through here: only what is sealed does.

   A cut connection is tried again, with the same bytes: the station takes one batch for one
   enrolment, so repeating is safe. What the station refuses is not tried again. */

const TRIES = 6;
const FIRST_WAIT_MS = 500;
const POLL_MS = 500;
const REQUEST_MS = 15_000;

/** The station answered, and the answer is no; `message` is for the person. */
export class Refused extends Error {}

/** The station could not be reached, or could not answer, after every try. */
export class Unreachable extends Error {}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function request(path, init) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), REQUEST_MS);
  try {
    const answer = await fetch(path, {
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      signal: abort.signal,
      ...init,
    });
    if (answer.status >= 500 || answer.status === 429) throw new Unreachable();
    const body = await answer.json();
    if (!answer.ok) throw new Refused(body.detail ?? "");
    return body;
  } catch (error) {
    throw error instanceof Refused ? error : new Unreachable();
  } finally {
    clearTimeout(timer);
  }
}

async function persistently(path, init) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await request(path, init);
    } catch (error) {
      if (error instanceof Refused || tried === TRIES) throw error;
      await pause(FIRST_WAIT_MS * 2 ** (tried - 1));
    }
  }
}

const posting = (body) => ({
  method: "POST",
  headers: { "content-type": "application/json", "x-watchword": "1" },
  body: JSON.stringify(body),
});

/** The requests for one link; `base` is the path of the page as it was opened. */
export function makeApi(base) {
  return {
    /** The offer behind the one-time code. Tried once: a second try might find it used. */
    open: (code) => request(`${base}/open`, posting({ code })),

    /** Hand over the sealed batch. */
    submit: (batch) => persistently(`${base}/batch`, posting(batch)),

    /** Wait until the site has answered: the index of the pair it took. */
    async taken(enrolment, onProgress) {
      const path = `${base}/result?enrolment=${enrolment}`;
      for (;;) {
        const now = await persistently(path, { method: "GET" });
        if (now.state === "taken") return now.pair;
        if (now.state === "refused") throw new Refused(now.message);
        onProgress(now.progress);
        await pause(POLL_MS);
      }
    },
  };
}
