// The curriculum by pointer: a row is dragged by its grip and its own form says where it went. The buttons in the
// row do the same for the keyboard, and without this script.
(() => {
  let drag = null;

  // Which modules are folded is remembered in the browser, and holds after every change of the list.
  const recall = (id) => { try { return localStorage.getItem(`folded ${id}`) === "1"; } catch { return false; } };
  const remember = ({ id, open }) => {
    try { if (open) localStorage.removeItem(`folded ${id}`); else localStorage.setItem(`folded ${id}`, "1"); } catch { /* not kept */ }
  };
  const dress = () => {
    document.querySelectorAll("[data-plan] [data-grip][hidden]").forEach((grip) => (grip.hidden = false));
    document.querySelectorAll("[data-plan-fold]:not([data-dressed])").forEach((fold) => {
      fold.dataset.dressed = "1";
      if (recall(fold.id)) fold.open = false;
      fold.addEventListener("toggle", () => remember(fold));
    });
  };
  dress();
  document.addEventListener("htmx:after:swap", dress);

  const put = (event) => {
    const below = document.elementsFromPoint(event.clientX, event.clientY);
    const find = (selector) => below.map((element) => element.closest(selector)).find((found) => found && found !== drag.row);
    const kind = drag.row.matches("[data-lesson]") ? "[data-lesson]" : "[data-module]";
    const other = find(kind);
    if (other) {
      const box = other.getBoundingClientRect();
      other[event.clientY < box.top + box.height / 2 ? "before" : "after"](drag.row);
    } else if (kind === "[data-lesson]") {
      const list = find("[data-module]")?.querySelector("[data-lessons]");
      if (list && !list.contains(drag.row)) list.append(drag.row);
    }
  };

  const place = (row) => {
    const lesson = row.matches("[data-lesson]");
    const before = row.previousElementSibling;
    if (lesson) {
      return before ? `after:${before.dataset.lesson}` : `first:${row.parentElement.dataset.lessons}`;
    }
    return before?.dataset.module ? `after:${before.dataset.module}` : "first";
  };

  const end = (keep) => {
    const { row, parent, next, from } = drag;
    drag = null;
    row.classList.remove("is-dragged");
    if (!keep) return parent.insertBefore(row, next);
    const to = place(row);
    if (to === from) return;
    const form = row.querySelector(".plan-actions");
    const button = document.createElement("button");
    Object.assign(button, { name: "to", value: to, hidden: true });
    form.append(button);
    form.requestSubmit(button);
    button.remove();
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    const row = grip.closest("[data-lesson], [data-module]");
    drag = { row, parent: row.parentElement, next: row.nextSibling, from: place(row) };
    row.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    put(event);
    if (event.clientY < 60) scrollBy(0, -12);
    if (event.clientY > innerHeight - 60) scrollBy(0, 12);
  });
  document.addEventListener("pointerup", () => drag && end(true));
  document.addEventListener("pointercancel", () => drag && end(false));
  document.addEventListener("keydown", (event) => drag && event.key === "Escape" && end(false));
})();
