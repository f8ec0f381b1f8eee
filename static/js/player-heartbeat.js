// Tells the server what was really played: every ten seconds, and when playing pauses, jumps, ends or is left.
// A stretch that could not be reported is kept and sent later; a line beside the film says so and why.
(() => {
  const place = document.querySelector("[data-heartbeat]");
  if (!place) return;
  const media = document.querySelector("[data-media]");
  const line = document.querySelector("[data-saving]");
  const start = Number(document.querySelector("[data-player]")?.dataset.start || 0);
  const address = place.dataset.heartbeat;
  const EVERY = 10_000;
  const SOON = 15_000;
  const PATIENCE = 30_000;
  const SHORTEST = 0.3;
  const MOST = 40; // in one report

  let stretches = []; // [from, to, opened] that the server does not know of yet; `opened` proves since when
  let from = null;
  let to = null;
  let reported = false;
  let lastPlace = null;
  let away = false; // somebody has to sign in first
  let trouble = "";

  const say = (sentence, href, words) => {
    trouble = sentence;
    if (!line || line.dataset.said === sentence) return;
    line.dataset.said = sentence;
    line.textContent = sentence;
    line.hidden = !sentence;
    if (href) line.append(" ", Object.assign(document.createElement("a"), { href, textContent: words, target: href === location.href ? "" : "_blank" }));
  };

  // What a page that was left could not send; the next one of this lesson does.
  const shelf = `kept:${document.body.dataset.person || ""}:${address}`;
  const putAside = () => { try { sessionStorage.setItem(shelf, JSON.stringify(stretches)); } catch { /* private window */ } };
  const takeBack = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(shelf) || "[]");
      sessionStorage.removeItem(shelf);
      return Array.isArray(kept) ? kept : [];
    } catch { return []; }
  };

  const position = () => (media ? (media.readyState ? media.currentTime : start) : 0);
  const add = (stretch) => {
    const last = stretches.at(-1);
    if (last && last[2] === stretch[2] && Math.abs(last[1] - stretch[0]) < SHORTEST) last[1] = stretch[1];
    else stretches.push(stretch);
  };
  const close = () => {
    // Up to here it has played: the last “timeupdate” is a quarter of a second old, which is more of a fast film.
    const step = media && from !== null && !media.seeking ? media.currentTime - to : -1;
    if (step >= 0 && step <= 5) to = media.currentTime;
    if (from !== null && to - from >= SHORTEST) add([from, to, place.dataset.opened]);
    from = to = media && !media.paused && !media.seeking && !media.ended ? media.currentTime : null;
  };
  const message = (state, stretch) => {
    lastPlace = position();
    const fields = { position: position().toFixed(2), state, opened: stretch?.[2] || place.dataset.opened };
    if (stretch) Object.assign(fields, { start: stretch[0].toFixed(2), end: stretch[1].toFixed(2) });
    return new URLSearchParams(fields);
  };

  const completed = (answer) => {
    document.body.dispatchEvent(new CustomEvent("lesson-completed"));
    const sentence = answer.course_completed ? "You’ve completed this course." : "Lesson completed.";
    document.dispatchEvent(new CustomEvent("toast", { detail: { message: sentence } }));
  };

  let soon = 0;
  const later = (sentence) => {
    say(sentence);
    clearTimeout(soon);
    soon = setTimeout(() => report("paused"), SOON);
  };
  const wait = (sentence, isOther) => {
    away = true;
    say(sentence, isOther ? "" : lectern.signInAt, "Sign in");
    lectern.whenBack(() => {
      away = false;
      report(media && !media.paused ? "playing" : "paused");
    });
  };
  const explain = async (answer) => {
    const who = answer.signedOut || answer.other ? "" : [400, 401, 403].includes(answer.status) ? await lectern.renew() : "fine";
    if (answer.other || who === "other") wait(`You’re now signed in as ${answer.other || lectern.other}, so your place isn’t saved.`, true);
    else if (answer.signedOut || who === "signed-out") wait("You’re signed out, so your place isn’t saved.");
    else if (who === "renewed" && answer.status === 403) say("You no longer have access to this lesson, so your place isn’t saved.", location.href, "Reload the page");
    else later("Your place isn’t saved yet: the site is busy. We’ll try again in a moment.");
  };

  // Answers whether the server has taken it, or never will.
  const post = async (state, stretch) => {
    let answer;
    try {
      answer = await lectern.post(address, message(state, stretch), { keepalive: true, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.status === 200) completed(await answer.json());
    } catch {
      later("Your place isn’t saved yet: you’re offline. We’ll save it as soon as you’re back online.");
      return false;
    }
    if (answer.ok || answer.status === 422) return true;
    await explain(answer);
    return false;
  };
  const send = async (state) => {
    close();
    if (away) return;
    const waiting = stretches.splice(0, MOST);
    let done = waiting.length ? true : await post(state);
    while (done && waiting.length) {
      done = await post(state, waiting[0]);
      if (done) waiting.shift();
    }
    stretches.unshift(...waiting);
    if (done) say("");
  };
  // One after another: what is under way is neither lost nor sent twice.
  let queue = Promise.resolve();
  const report = (state) => {
    reported = true;
    clearTimeout(soon);
    queue = queue.then(() => send(state)).catch(() => {});
    return queue;
  };
  const leave = () => {
    if (!reported) return;
    close();
    if (trouble) putAside();
    // Hiding and leaving follow each other: the second has nothing to add.
    if (away || (!stretches.length && Math.abs(position() - lastPlace) < SHORTEST)) return;
    const waiting = trouble ? stretches.slice(0, 4) : stretches.splice(0, 4);
    const headers = { Accept: "application/json", "X-Requested-With": "fetch", "X-CSRFToken": lectern.token() };
    (waiting.length ? waiting : [null]).forEach((stretch) => {
      fetch(address, { method: "POST", body: message("left", stretch), headers, keepalive: true }).catch(() => { if (stretch && !trouble) stretches.push(stretch); });
    });
  };

  stretches = takeBack();
  if (stretches.length) report("opened");
  // Whoever stays for a moment has begun the lesson, also one that is only read.
  setTimeout(() => { if (!reported && !document.hidden) report("opened"); }, 1000);
  addEventListener("pagehide", leave);
  addEventListener("online", () => { if (trouble) report("paused"); });
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
    if (from !== null && to - from >= SHORTEST) add([from, to, place.dataset.opened]);
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
