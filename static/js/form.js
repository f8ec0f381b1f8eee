// Forms: the first error gets the focus, a form is sent once, Ctrl S saves, and data-autosubmit sends it when a
// choice changes.
(() => {
  const focusError = (root) => {
    const wrong = ["[aria-invalid='true']", ".has-error input", "[data-form-errors]"];
    wrong.map((selector) => root.querySelector(selector)).find(Boolean)?.focus();
  };
  if (document.querySelector(".has-error, [data-form-errors]")) focusError(document);
  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail.ctx.target;
    if ([409, 422].includes(event.detail.ctx.response?.status) && target) {
      focusError(target.isConnected === false || !target.querySelector ? document : target);
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // Not `disabled`: a disabled button would leave its own name out of what is sent.
    event.submitter?.classList.add("is-busy");
  });
  // A page from the back-forward cache is as it was left: its forms may be sent again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
    document.querySelectorAll(".is-busy").forEach((button) => button.classList.remove("is-busy"));
  });

  // Ctrl S or Cmd S presses the button that says so: that of the form one is in, or the first on the page.
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "s") return;
    const saving = '[aria-keyshortcuts~="Control+S"]';
    const button = event.target.closest?.("form")?.querySelector(saving) ?? document.querySelector(saving);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  document.addEventListener("change", (event) => {
    event.target.closest("form[data-autosubmit]")?.requestSubmit();
  });
})();
