// The digits while they are typed. They live in this closure only, never in the document,
// and are forgotten when they are handed over, cleared, or left alone.

const FORGET_MS = 30_000;

/**
 * A pad for codes of one length, which the site may change.
 * `onChange(count)` is told after each key; `held()` says whether forgetting must wait.
 */
export function makePad({ length: given, onChange, held }) {
  let digits = [];
  let length = given;
  let timer = 0;

  function changed() {
    clearTimeout(timer);
    if (digits.length) timer = setTimeout(forget, FORGET_MS);
    onChange(digits.length);
  }

  function forget() {
    if (held()) {
      timer = setTimeout(forget, 1000);
      return;
    }
    clear();
  }

  function clear() {
    digits.fill("");
    digits = [];
    changed();
  }

  return {
    get count() {
      return digits.length;
    },
    get full() {
      return digits.length === length;
    },
    get length() {
      return length;
    },
    set length(given) {
      if (given === length) return;
      length = given;
      clear();
    },
    push(digit) {
      if (digits.length < length) {
        digits.push(digit);
        changed();
      }
    },
    remove() {
      digits.pop();
      changed();
    },
    clear,
    /** Hand the code over and forget it here. */
    take() {
      const code = digits.join("");
      clear();
      return code;
    },
  };
}
