// The pairing page: the same form, sent without leaving the page so that errors stay beside the field.

const form = document.getElementById("pair");
const field = form.elements.namedItem("code");
const button = form.querySelector("button");
const idle = button.textContent;

function wrong(text) {
  document.getElementById("error-text").textContent = text;
  document.getElementById("error").hidden = false;
  field.setAttribute("aria-invalid", "true");
  field.focus();
  field.select();
}

async function pair(code) {
  const answer = await fetch("/pair", {
    method: "POST",
    headers: { "content-type": "application/json", "x-watchword": "1" },
    body: JSON.stringify({ code }),
    cache: "no-store",
    signal: AbortSignal.timeout(15_000),
  });
  if (answer.ok) {
    field.value = "";
    location.replace("/");
    return;
  }
  const problem = await answer.json();
  wrong(problem.detail);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = field.value.trim();
  if (!code) return wrong(form.dataset.empty);
  button.disabled = true;
  button.textContent = form.dataset.checking;
  try {
    await pair(code);
  } catch {
    wrong(form.dataset.unreachable);
  } finally {
    button.disabled = false;
    button.textContent = idle;
  }
});
