// A copy button on every block of code in a lesson, and on any <button data-copy="text">.
(() => {
  if (!navigator.clipboard) return;

  const copy = async (button, text) => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Couldn’t copy";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  };

  const dress = () => document.querySelectorAll(".prose .code[data-copy]:not(.has-copy)").forEach((block) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "code-copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(button, block.querySelector("pre").textContent.trimEnd()));
    block.classList.add("has-copy");
    block.append(button);
  });

  dress();
  document.addEventListener("htmx:after:swap", dress);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (button) copy(button, button.dataset.copy);
  });
})();
