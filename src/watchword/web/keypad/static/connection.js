// The stream of states. Says within three seconds that it is lost, and keeps trying.

const SILENT_MS = 2500; // the site speaks once a second
const RETRY_MS = 2000;
const PROBE_MS = 1800;

/**
 * `onState(state)` for each state, `onLost()` and `onBack()` at each change,
 * `onGone()` when this device is no longer paired, `onBuild(name)` on each connection.
 */
export function connect({ onState, onLost, onBack, onGone, onBuild }) {
  let source = null;
  let heardAt = performance.now();
  let triedAt = 0;
  let lost = false;

  function heard(state) {
    heardAt = performance.now();
    if (lost) {
      lost = false;
      onBack();
    }
    onState(state);
  }

  function open() {
    source?.close();
    triedAt = performance.now();
    source = new EventSource("/events");
    source.onmessage = (event) => heard(JSON.parse(event.data));
    source.addEventListener("build", (event) => onBuild(event.data));
  }

  async function probe() {
    const stop = AbortSignal.timeout(PROBE_MS);
    try {
      const answer = await fetch("/state", { cache: "no-store", signal: stop });
      if (answer.status === 401) onGone();
    } catch {
      // no connection: the watch goes on
    }
  }

  function watch() {
    const now = performance.now();
    if (now - heardAt < SILENT_MS) return;
    if (!lost) {
      lost = true;
      onLost();
    }
    if (now - triedAt < RETRY_MS) return;
    void probe();
    open();
  }

  open();
  setInterval(watch, 250);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  return {
    get lost() {
      return lost;
    },
    /** Whole seconds since the site was last heard. */
    get silentS() {
      return Math.floor((performance.now() - heardAt) / 1000);
    },
  };
}
