/* For browsers without modules only: say that this one cannot do it. */
document.getElementById("old").removeAttribute("hidden");
