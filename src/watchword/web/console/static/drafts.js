// What an operator was writing, kept in this tab (sessionStorage) until it is sent: a reload
// loses nothing. It never leaves the browser, and signing out or another user wipes it.

const PREFIX = "watchword:";
const user = document.body.dataset.user ?? "";

function key(field) {
  const incident = field.closest("#work")?.dataset.incident ?? "";
  return `${PREFIX}draft:${incident}:${field.form?.getAttribute("action") ?? ""}:${field.name}`;
}

export function remember(name, value) {
  sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
}

export function recall(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function restoreDrafts(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    const kept = sessionStorage.getItem(key(field));
    if (kept && !field.value) field.value = kept;
  }
}

export function forgetDrafts(form) {
  for (const field of form.querySelectorAll("[data-draft]")) sessionStorage.removeItem(key(field));
}

export function keepDrafts() {
  if (recall("user", user) !== user) sessionStorage.clear();
  remember("user", user);
  addEventListener("input", ({ target }) => {
    if (!target.matches?.("[data-draft]")) return;
    if (target.value) sessionStorage.setItem(key(target), target.value);
    else sessionStorage.removeItem(key(target));
  });
}
