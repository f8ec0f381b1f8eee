// A film on somebody else's site is asked for only when it is wanted.
(() => {
  document.querySelectorAll("[data-embed]").forEach((facade) => {
    const button = facade.querySelector("[data-embed-load]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const frame = document.createElement("iframe");
      frame.src = facade.dataset.embed;
      frame.title = facade.dataset.title;
      frame.allow = "autoplay; fullscreen; picture-in-picture; encrypted-media";
      frame.referrerPolicy = "strict-origin-when-cross-origin";
      frame.allowFullscreen = true;
      facade.replaceChildren(frame);
      facade.classList.add("is-loaded");
      frame.focus();
    });
  });
})();
