// Sends attempts one after the other. Each has an id, and is repeated with the same id when the
// connection breaks, so that it is evaluated once. After GIVE_UP_MS it is dropped and said so.

const GIVE_UP_MS = 30_000;
const TRY_MS = 12_000; // an attempt may have to wait its turn
const AGAIN_MS = 700;
const QUEUE_MAX = 2;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// crypto.randomUUID needs a secure context; ids need to be new, not secret.
function newId() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function post(body) {
  const answer = await fetch("/attempt", {
    method: "POST",
    headers: { "content-type": "application/json", "x-watchword": "1" },
    body,
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(TRY_MS),
  });
  if (answer.status === 401) return { kind: "gone" };
  if (!answer.ok) return { kind: "failed" };
  return { kind: "answer", answer: await answer.json() };
}

/** `onEnd({kind, answer})` for each attempt: answer, failed, not-sent or gone. */
export function makeSender({ onWaiting, onEnd }) {
  let waiting = 0;
  let last = Promise.resolve();

  async function run(code, action, bypass) {
    const body = JSON.stringify({ code, action, bypass, id: newId() });
    const until = performance.now() + GIVE_UP_MS;
    while (performance.now() < until) {
      try {
        return await post(body);
      } catch {
        onWaiting();
        await pause(AGAIN_MS);
      }
    }
    return { kind: "not-sent" };
  }

  return {
    get busy() {
      return waiting > 0;
    },
    get full() {
      return waiting >= QUEUE_MAX;
    },
    send(code, action, bypass) {
      waiting += 1;
      last = last.then(async () => {
        const end = await run(code, action, bypass);
        waiting -= 1;
        onEnd(end);
      });
    },
  };
}
