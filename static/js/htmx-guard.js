// What htmx leaves to us: saying that an answer failed, and that one is on its way.
(() => {
  const sentences = {
    413: "That is too large to send.",
    429: "Too many tries. Wait a moment and try again.",
    503: "The site is busy or being updated. Try again in a minute.",
  };
  const say = (message) => document.dispatchEvent(new CustomEvent("toast", { detail: { message, tone: "bad" } }));

  document.addEventListener("htmx:response:error", (event) => {
    const status = event.detail.ctx.response.status;
    if (status >= 500 || status === 429 || status === 413) {
      say(sentences[status] || "Something went wrong on our side. Try again in a moment.");
    }
  });
  document.addEventListener("htmx:error", () => say("No answer from the site. Check your connection and try again."));

  // Remembered, because hx-status may give the answer another target.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.busy = ctx.target;
    ctx.busy?.setAttribute?.("aria-busy", "true");
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    ctx.busy?.removeAttribute?.("aria-busy");
  });
})();
