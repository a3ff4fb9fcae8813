// Words from the catalogue, handed over in the page; a missing one is an error.

let texts = {};

export function learn(given) {
  texts = given;
}

/** The text of `key` with its parameters put in. */
export function t(key, params = {}) {
  const text = texts[key];
  if (text === undefined) throw new Error(`no string ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(params[name]));
}
