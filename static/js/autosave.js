// <form data-autosave="/address"> keeps what is typed a few seconds after typing stops, and says so in
// [data-autosave-status]. Saving by hand stays the form's own business. Leaving the page keeps it at once; where that
// can't be done (a browser sends 64 KB after its page, or the site refused), leaving asks.
(() => {
  const WAIT = 3000;
  document.querySelectorAll("form[data-autosave]").forEach((form) => {
    const status = form.querySelector("[data-autosave-status]");
    let timer = null;
    let savedAt = null;
    let changed = false;
    let stopped = false;
    let sent = false;
    let refused = false;

    let giveUpWaiting = () => {};

    const say = (text) => { if (status.textContent !== text) status.textContent = text; };
    const offerSignIn = () => {
      const link = Object.assign(document.createElement("a"), { href: lectern.signInAt, target: "_blank", textContent: "Sign in" });
      status.append(" ", link);
    };
    const distance = () => {
      const seconds = Math.max(0, Math.round((Date.now() - savedAt) / 1000));
      if (seconds < 60) return `${seconds} s`;
      return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
    };
    const tell = () => { if (savedAt && !changed && !stopped) say(`Saved ${distance()} ago, not published`); };

    const isSmall = () => {
      const said = [...new FormData(form)].filter(([, value]) => typeof value === "string");
      return said.reduce((sum, [, value]) => sum + new TextEncoder().encode(value).length + 200, 0) < 60_000;
    };
    const keep = async () => {
      clearTimeout(timer);
      if (!changed || stopped) return;
      changed = false;
      try {
        const answer = await lectern.post(form.dataset.autosave, new FormData(form), { keepalive: isSmall() });
        refused = !answer.ok;
        const said = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
        if (stopped) return;
        if (answer.ok) {
          savedAt = Date.now();
          tell();
        } else if (answer.status === 409) {
          stopped = true;
          say(`${said.sentence} Save to see both versions; nothing you typed is lost.`);
        } else if (lectern.trouble(answer)) {
          changed = true;
          say(`${lectern.trouble(answer)} Your text stays on this page.`);
          if (answer.signedOut) offerSignIn();
          giveUpWaiting();
          giveUpWaiting = lectern.whenBack(keep);
        } else {
          say(said.sentence || "Not saved yet: something went wrong. Press Save.");
        }
      } catch {
        changed = refused = true;
        timer = setTimeout(keep, 4 * WAIT);
        say("No connection. Your text stays on this page and we’ll try again.");
      }
    };

    form.addEventListener("input", (event) => {
      if (event.target.type === "file") return;
      changed = true;
      clearTimeout(timer);
      timer = setTimeout(keep, WAIT);
    });
    form.addEventListener("submit", () => {
      stopped = sent = true;
      clearTimeout(timer);
    });
    addEventListener("pageshow", (event) => { if (event.persisted) stopped = sent = false; });
    addEventListener("beforeunload", (event) => {
      if (!sent && (refused || (changed && !isSmall()))) event.preventDefault();
    });
    addEventListener("pagehide", keep);
    document.addEventListener("visibilitychange", () => document.hidden && keep());
    setInterval(tell, 1000);
  });
})();
