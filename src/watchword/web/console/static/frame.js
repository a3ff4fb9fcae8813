// What every page of the station can do: light or dark, copying, leaving without a trace.

const YEAR_S = 31536000;

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    document.cookie = `watchword_theme=${root.dataset.theme}; path=/; max-age=${YEAR_S}; samesite=strict`;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(source); // no clipboard here: select it for the person
    }
  });
}

for (const form of document.querySelectorAll("form[data-leaves]")) {
  form.addEventListener("submit", () => sessionStorage.clear());
}
