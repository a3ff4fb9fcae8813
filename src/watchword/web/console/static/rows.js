// Keeps a list of rows the same as the station's, row by row: what did not change is not touched.

// Returns false when the list cannot be made right from what was sent; then ask for everything.
export function apply(list, { order, rows }) {
  const had = document.activeElement?.closest?.("#rows > li")?.dataset.id;
  for (const [id, html] of Object.entries(rows)) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.firstElementChild;
    const old = document.getElementById(`row-${id}`);
    if (!old) list.append(fresh);
    else {
      if ("chosen" in old.dataset) fresh.dataset.chosen = "";
      old.replaceWith(fresh);
    }
  }
  const wanted = new Set(order);
  for (const row of [...list.children]) if (!wanted.has(row.dataset.id)) row.remove();
  let place = list.firstElementChild;
  let whole = true;
  for (const id of order) {
    const row = document.getElementById(`row-${id}`);
    if (!row) whole = false;
    else if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
  }
  if (had) document.getElementById(`row-${had}`)?.querySelector("a")?.focus({ preventScroll: true });
  return whole;
}
