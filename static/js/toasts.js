// Toasts: close on a button or after a while, and wait while they are read (pointer or focus on them). New ones
// take the place of older ones, unless those are in use or take something back, and go to the top where they would
// lie on what has the focus.
// Others add one with: document.dispatchEvent(new CustomEvent("toast", {detail: {message, tone}}))
(() => {
  const region = document.querySelector("[data-toasts]");
  const template = document.getElementById("toast-template");
  if (!region || !template) return;

  // “Saved.” beside an error would be taken for its answer.
  document.addEventListener("htmx:response:error", () => region.querySelectorAll(".toast.is-good").forEach((toast) => toast.remove()));

  const isUsed = (toast) => toast.matches(":hover, :focus-within");
  const moveAside = (toast) => {
    const focused = document.activeElement;
    if (!focused || focused === document.body || region.contains(focused)) return;
    region.classList.remove("is-up");
    const [mine, theirs] = [toast.getBoundingClientRect(), focused.getBoundingClientRect()];
    const apart = mine.bottom < theirs.top || theirs.bottom < mine.top || mine.right < theirs.left || theirs.right < mine.left;
    region.classList.toggle("is-up", !apart);
  };

  const dress = (toast) => {
    toast.dataset.toast = "on";
    if (!toast.querySelector("[data-dismiss]")) {
      toast.append(template.content.querySelector("[data-dismiss]").cloneNode(true));
    }
    toast.querySelector("[data-dismiss]").addEventListener("click", () => toast.remove());
    const seconds = Number(toast.dataset.seconds) || (toast.classList.contains("is-bad") ? 12 : 6);
    const leave = () => (isUsed(toast) ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, seconds * 1000);
  };

  const dressAll = () => {
    const fresh = region.querySelectorAll('[data-toast]:not([data-toast="on"])');
    if (!fresh.length) return;
    region.querySelectorAll('[data-toast="on"]').forEach((old) => isUsed(old) || old.querySelector("form") || old.remove());
    fresh.forEach(dress);
    moveAside(fresh[fresh.length - 1]);
  };
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
