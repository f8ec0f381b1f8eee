// A <details data-menu> closes when the reader clicks elsewhere, leaves it or presses Escape.
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
})();
