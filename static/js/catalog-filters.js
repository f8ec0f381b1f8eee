// The sheet of filters closes when its button sends the form; without htmx the new page does that by itself.
(() => {
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "filters") return;
    const sheet = document.querySelector("#filter-sheet:popover-open");
    sheet?.hidePopover();
  });
})();
