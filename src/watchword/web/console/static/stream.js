// The live connection to the station, read by fetch.
// Why not the browser's EventSource or the htmx extension: neither notices a connection that
// is open and silent, and neither goes on after a first answer that was an error. Here three
// things are kept: silence is noticed after 2.5 s, a new try comes after 2 s at most, and the
// page is told the state of the link in both directions.

const SILENCE_MS = 2500; // the station sends a beat every second
const RETRY_MS = [250, 500, 1000, 2000];

export class Stream {
  #address;
  #hear;
  #link;
  #lastId;
  #stop = null;
  #tries = 0;
  #ended = false;

  // hear(event, body) for every message; link("live" | "lost") when the state changes.
  constructor(address, lastId, hear, link) {
    this.#address = address;
    this.#lastId = lastId;
    this.#hear = hear;
    this.#link = link;
  }

  async run() {
    while (!this.#ended) {
      await this.#once();
      if (this.#ended) return;
      const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
      this.#tries += 1;
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  // Ask again from another address; with `afresh`, for everything.
  turn(address = this.#address, afresh = false) {
    this.#address = address;
    if (afresh) this.#lastId = "";
    this.#tries = -1; // not a failure: no wait beyond the shortest, and no word of it
    this.#stop?.abort("turn");
  }

  async #once() {
    const stop = new AbortController();
    this.#stop = stop;
    let silence = setTimeout(() => stop.abort("silence"), SILENCE_MS);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => stop.abort("silence"), SILENCE_MS);
    };
    try {
      const headers = { Accept: "text/event-stream", "X-Watchword": "1" };
      if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
      const answer = await fetch(this.#address, { headers, signal: stop.signal, cache: "no-store" });
      if (answer.status === 401) return this.#end();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      await this.#read(answer.body, heard);
      this.#lost();
    } catch {
      if (stop.signal.reason !== "turn") this.#lost();
    } finally {
      clearTimeout(silence);
    }
  }

  async #read(body, heard) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const parts = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
      rest = parts.pop();
      for (const part of parts) this.#message(part);
    }
  }

  #message(text) {
    const fields = { event: "message", data: "", id: null };
    for (const line of text.split("\n")) {
      const at = line.indexOf(":");
      if (at < 1) continue;
      const name = line.slice(0, at);
      const value = line.slice(at + 1).replace(/^ /, "");
      if (name === "data") fields.data += value;
      else if (name in fields) fields[name] = value;
    }
    if (!fields.data) return;
    this.#tries = 0;
    this.#link("live");
    if (fields.event === "signed-out") return this.#end();
    this.#hear(fields.event, JSON.parse(fields.data));
    // Only what was heard to its end counts as heard.
    if (fields.id !== null) this.#lastId = fields.id;
  }

  #lost() {
    if (this.#tries >= 0) this.#link("lost");
  }

  #end() {
    this.#ended = true;
    this.#stop?.abort("turn");
    this.#hear("signed-out", {});
  }
}
