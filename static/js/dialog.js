// <button data-opens="id"> opens the dialog with that id; a click beside it closes it. A link with data-opens
// keeps its address for browsers without JavaScript.
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
    } else if (event.target.matches("dialog[open]")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    } else if (event.target.closest("[data-closes]")) {
      event.target.closest("dialog")?.close();
    }
  });
})();
