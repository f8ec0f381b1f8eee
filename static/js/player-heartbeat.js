// Tells the server what was really played: every ten seconds, and when playing pauses, jumps, ends or is left.
// A stretch that could not be reported is kept and sent with the next beat.
(() => {
  const place = document.querySelector("[data-heartbeat]");
  if (!place) return;
  const media = document.querySelector("[data-media]");
  const start = Number(document.querySelector("[data-player]")?.dataset.start || 0);
  const EVERY = 10_000;
  const SHORTEST = 0.3;

  let stretches = []; // [from, to] that the server does not know of yet
  let from = null;
  let to = null;
  let reported = false;
  let lastPlace = null;
  let refused = false;

  const position = () => (media ? (media.readyState ? media.currentTime : start) : 0);
  const close = () => {
    if (from !== null && to - from >= SHORTEST) stretches.push([from, to]);
    from = to = media && !media.paused && !media.seeking && !media.ended ? media.currentTime : null;
  };
  const message = (state, stretch) => {
    lastPlace = position();
    const fields = { csrf_token: place.dataset.csrf, position: position().toFixed(2), state };
    if (stretch) Object.assign(fields, { start: stretch[0].toFixed(2), end: stretch[1].toFixed(2) });
    return new URLSearchParams(fields);
  };

  const completed = (answer) => {
    document.body.dispatchEvent(new CustomEvent("lesson-completed"));
    const sentence = answer.course_completed ? "You have completed this course." : "Lesson completed.";
    document.dispatchEvent(new CustomEvent("toast", { detail: { message: sentence } }));
  };

  const post = async (state, stretch) => {
    try {
      const answer = await fetch(place.dataset.heartbeat, { method: "POST", body: message(state, stretch), keepalive: true });
      if (answer.status === 200) completed(await answer.json());
      if (answer.status >= 500 && stretch) stretches.unshift(stretch);
      refused = answer.status === 400 || answer.status === 403;
    } catch {
      if (stretch) stretches.unshift(stretch);
    }
  };
  const report = async (state) => {
    if (refused) return;
    reported = true;
    close();
    const waiting = stretches.splice(0, 4);
    if (!waiting.length) await post(state);
    for (const stretch of waiting) await post(state, stretch);
  };
  const leave = () => {
    if (refused || !reported) return;
    close();
    // Hiding and leaving follow each other: the second has nothing to add.
    if (!stretches.length && Math.abs(position() - lastPlace) < SHORTEST) return;
    const waiting = stretches.splice(0, 4);
    (waiting.length ? waiting : [null]).forEach((stretch) => navigator.sendBeacon(place.dataset.heartbeat, message("left", stretch)));
  };

  // Whoever stays for a moment has begun the lesson, also one that is only read.
  setTimeout(() => { if (!reported && !document.hidden) report("opened"); }, 5000);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });
  if (!media) return;

  media.addEventListener("playing", () => { if (from === null) from = to = media.currentTime; });
  media.addEventListener("timeupdate", () => {
    if (from === null || media.seeking) return;
    const step = media.currentTime - to;
    if (step < 0 || step > 5) close();
    else to = media.currentTime;
  });
  media.addEventListener("seeking", () => {
    if (from !== null && to - from >= SHORTEST) stretches.push([from, to]);
    from = to = null;
  });
  let settled = 0;
  media.addEventListener("seeked", () => {
    if (!media.paused) from = to = media.currentTime;
    // Dragging along the bar is one jump, not a hundred.
    clearTimeout(settled);
    if (reported || !media.paused) settled = setTimeout(() => report("jumped"), 1000);
  });
  media.addEventListener("pause", () => { if (!media.ended && !media.seeking) report("paused"); });
  media.addEventListener("ended", () => report("ended"));
  setInterval(() => { if (!media.paused && !media.ended) report("playing"); }, EVERY);
})();
