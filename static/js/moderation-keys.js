// Keys for whoever works through the queue: J and K walk along the lines or lessons, other letters press or
// focus what carries data-key. They can be switched off, and never take a key from somebody who types.
(() => {
  const help = document.querySelector("[data-keys]");
  const box = help?.querySelector("[data-keys-on]");
  if (!box) return;
  help.hidden = false;

  const KEY = "moderation-keys";
  try { box.checked = localStorage.getItem(KEY) !== "off"; } catch { /* private window */ }
  box.addEventListener("change", () => {
    try { localStorage.setItem(KEY, box.checked ? "on" : "off"); } catch { /* private window */ }
  });

  // When an item opens, a click or key that was meant for what stood there before decides nothing here.
  // The styles hold the buttons from the first paint on, this from when it runs: the later one counts.
  const aside = document.querySelector(".moderation-aside");
  const asleep = () => aside !== null && "asleep" in aside.dataset;
  const doze = () => {
    if (!aside) return;
    aside.dataset.asleep = "";
    setTimeout(() => delete aside.dataset.asleep, 700);
  };
  doze();
  addEventListener("pageshow", (event) => { if (event.persisted) doze(); });
  addEventListener("submit", (event) => {
    if (!asleep() || !aside.contains(event.submitter ?? event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const walk = (step) => {
    const stops = [...document.querySelectorAll("[data-walk]")];
    const here = stops.findIndex((stop) => stop === document.activeElement || stop.hasAttribute("aria-current"));
    const next = stops[here === -1 ? (step > 0 ? 0 : stops.length - 1) : here + step];
    if (!next) return;
    next.focus();
    if (next.hasAttribute("hx-get")) next.click();
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (target.closest("input, select, textarea, video, audio, [contenteditable], dialog[open]")) return;
    const letter = key.toLowerCase();
    if (letter === "j" || letter === "k") walk(letter === "j" ? 1 : -1);
    else {
      const found = /^[a-z]$/.test(letter) && document.querySelector(`[data-key="${letter}"]`);
      if (!found) return;
      if (!found.matches("button")) found.focus();
      else if (!asleep()) found.click();
    }
    event.preventDefault();
  });
})();
