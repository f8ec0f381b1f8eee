// A password can be looked at: a button beside each password field shows and hides it.
(() => {
  const add = (input) => {
    if (input.dataset.reveal) return;
    input.dataset.reveal = "1";
    const row = document.createElement("div");
    row.className = "reveal";
    const button = document.createElement("button");
    button.type = "button";
    const label = document.querySelector(`label[for="${input.id}"]`)?.textContent.trim() ?? "";
    const say = (shown) => {
      button.textContent = shown ? "Hide" : "Show";
      button.setAttribute("aria-label", `${button.textContent} ${label.toLowerCase()}`);
    };
    button.addEventListener("click", () => {
      input.type = input.type === "password" ? "text" : "password";
      say(input.type === "text");
    });
    // Sent as a password again, so that the browser offers to keep it and never lists it as plain text.
    input.form?.addEventListener("submit", () => {
      input.type = "password";
      say(false);
    });
    say(false);
    const focused = document.activeElement === input;
    input.replaceWith(row);
    row.append(input, button);
    if (focused) input.focus();
  };
  const addAll = () => document.querySelectorAll(".field > input[type='password']").forEach(add);
  document.addEventListener("htmx:after:swap", addAll);
  addAll();
})();
