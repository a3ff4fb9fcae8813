// Printing is the one thing that the dispatch sheet does.
document.querySelector("[data-print]").addEventListener("click", () => print());
