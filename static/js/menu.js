// A <details data-menu> closes when the reader clicks elsewhere, leaves it or presses Escape. What it sends may
// make its page anew, and the menu with it: then its button has the focus again.
(() => {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  const closeOutside = (event) => open().forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("click", closeOutside);
  document.addEventListener("focusin", closeOutside);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  let left = "";
  document.addEventListener("submit", (event) => {
    left = event.target.closest("details[data-menu]")?.querySelector("summary").id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    const summary = left && document.getElementById(left);
    left = "";
    // After htmx has focused what it finds by its id, or what the answer marks.
    if (summary) setTimeout(() => document.activeElement === document.body && summary.focus());
  });
})();
