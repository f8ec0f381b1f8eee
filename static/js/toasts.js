// Toasts: close on a button or after a while, and wait while they are read (pointer or focus on them).
// Others add one with: document.dispatchEvent(new CustomEvent("toast", {detail: {message, tone}}))
(() => {
  const region = document.querySelector("[data-toasts]");
  const template = document.getElementById("toast-template");
  if (!region || !template) return;

  const dress = (toast) => {
    if (toast.dataset.toast === "on") return;
    toast.dataset.toast = "on";
    if (!toast.querySelector("[data-dismiss]")) {
      toast.append(template.content.querySelector("[data-dismiss]").cloneNode(true));
    }
    toast.querySelector("[data-dismiss]").addEventListener("click", () => toast.remove());
    const seconds = Number(toast.dataset.seconds) || (toast.classList.contains("is-bad") ? 12 : 6);
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, seconds * 1000);
  };

  const dressAll = () => region.querySelectorAll("[data-toast]").forEach(dress);
  new MutationObserver(dressAll).observe(region, { childList: true, subtree: true });
  dressAll();

  document.addEventListener("toast", (event) => {
    const { message, tone = "good" } = event.detail || {};
    if (!message) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.classList.add(`is-${tone}`);
    toast.querySelector("p").textContent = message;
    region.append(toast);
  });
})();
