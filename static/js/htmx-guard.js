// What htmx leaves to us: a request that goes on after signing in again, no page inside a page, and saying that an
// answer failed or is on its way.
(() => {
  const sentences = {
    413: "That’s too large to send.",
    429: "Too many attempts. Wait a moment and try again.",
    503: "The site is busy or being updated. Try again in a minute.",
  };
  const say = (message) => document.dispatchEvent(new CustomEvent("toast", { detail: { message, tone: "bad" } }));
  const sentence = (status) => sentences[status]
    || (status >= 500 ? "Something went wrong on our side. Try again in a moment." : "The site couldn’t process that. Try again.");

  // Ours send a toast along with a refusal; what stands in between (a proxy) sends a page of its own.
  document.addEventListener("htmx:response:error", (event) => {
    const { status, headers } = event.detail.ctx.response;
    if (!headers.has("HX-Trigger") && (status >= 500 || sentences[status])) say(sentence(status));
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const isForAll = ctx.request.headers["HX-Request-Type"] === "full" || ctx.response.headers.get("HX-Retarget") === "body";
    if (isForAll || !/^\s*<(!doctype|html)/i.test(ctx.text)) return;
    event.preventDefault();
    if (ctx.response.status < 400) location.assign(ctx.response.raw.url);
    else say(sentence(ctx.response.status));
  });
  document.addEventListener("htmx:error", () => say("The site isn’t responding. Check your connection and try again."));

  // What asks by itself, every few seconds or when it is shown, opens no window over what somebody does.
  const ofItself = new Set(["every", "load", "intersect", "lesson-completed"]);
  const withSession = (ctx) => async (address, request) => {
    const send = () => fetch(address, request);
    const put = (token) => {
      if (request.headers["X-CSRFToken"]) request.headers["X-CSRFToken"] = token;
      if (request.body?.has?.("csrf_token")) request.body.set("csrf_token", token);
    };
    const answer = await lectern.again(send, put);
    if (!lectern.trouble(answer) || ofItself.has(ctx.sourceEvent?.type)) return answer;
    clearTimeout(ctx.requestTimeout);
    ctx.busy?.removeAttribute?.("aria-busy"); // it waits for a person now
    if (!(await lectern.ask(answer))) return answer;
    put(lectern.token());
    return send();
  };

  // Remembered, because hx-status may give the answer another target.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.fetch = withSession(ctx);
    ctx.busy = ctx.target;
    ctx.busy?.setAttribute?.("aria-busy", "true");
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    ctx.busy?.removeAttribute?.("aria-busy");
  });
})();
