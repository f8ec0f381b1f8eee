// The address of a film runs out after some hours. When one is refused, the page is asked once for fresh ones and the
// film goes on where it was; when that doesn't help, a line beside the film says so.
(() => {
  const ONCE_IN = 60_000;
  const PATIENCE = 4_000;

  document.querySelectorAll("[data-film]").forEach((media, number) => {
    const line = document.createElement("p");
    line.className = "player-line";
    line.setAttribute("role", "status");
    line.hidden = true;
    media.after(line);
    const say = (sentence, href, words) => {
      line.textContent = sentence;
      line.hidden = !sentence;
      if (href) line.append(" ", Object.assign(document.createElement("a"), { href, textContent: words }));
      if (href && href !== location.href) line.lastElementChild.target = "_blank";
    };

    // What was so before the trouble: a browser may forget it with the address.
    let at = Number(media.closest("[data-player]")?.dataset.start || 0);
    let wanted = false;
    let freshened = -Infinity;
    let busy = false;
    let seen = null; // where it was a moment ago
    let stuck = false;
    let refused = "";
    const isBroken = () => media.error || stuck || media.networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
    media.addEventListener("timeupdate", () => { if (!busy && !media.error && media.readyState) at = media.currentTime; });
    media.addEventListener("seeking", () => { if (!busy && !media.error && media.readyState) at = media.currentTime; });
    media.addEventListener("play", () => { wanted = true; });
    media.addEventListener("pause", () => { if (!busy && !media.error) wanted = false; });
    media.addEventListener("playing", () => say(""));

    const signedOut = () => say("You’re signed out, so the video has stopped.", lectern.signInAt, "Sign in");
    const elsewhere = async () => {
      const state = await lectern.renew();
      if (state === "signed-out" || state === "other") {
        if (state === "other") say(`You’re now signed in as ${lectern.other}. This video belongs to another account.`);
        else signedOut();
        lectern.whenBack(() => { freshened = -Infinity; freshen(); });
      } else say("You no longer have access to this video.", location.href, "Reload the page");
    };

    // The same page, asked again by the same person, names the same film under fresh addresses.
    const again = async () => {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return answer.ok ? page.querySelectorAll("[data-film]")[number] || null : null;
    };
    const name = (address) => address?.split("#")[0].split("/").pop();
    const takeOver = (fresh, kind, key) => media.querySelectorAll(kind).forEach((one) => {
      const twin = [...fresh.querySelectorAll(kind)].find((other) => key(other) === key(one));
      if (twin) one.src = twin.getAttribute("src").split("#")[0];
    });
    const goOn = () => {
      const rate = media.playbackRate;
      const modes = [...media.textTracks].map((track) => track.mode);
      media.addEventListener("loadedmetadata", () => {
        busy = false;
        media.currentTime = at;
        media.playbackRate = rate;
        [...media.textTracks].forEach((track, index) => { track.mode = modes[index]; });
        if (wanted) media.play().catch(() => {});
        say("");
      }, { once: true });
      media.load();
    };

    const freshen = async (whole = true) => {
      if (busy) return;
      if (performance.now() - freshened < ONCE_IN) {
        if (whole) say("This video can’t be loaded right now.", location.href, "Reload the page");
        return;
      }
      busy = true;
      try {
        const fresh = await again();
        if (!fresh) {
          busy = false;
          await elsewhere();
          return;
        }
        freshened = performance.now();
        if (fresh.poster) media.poster = fresh.poster;
        takeOver(fresh, "track", (track) => `${track.kind} ${track.srclang}`);
        if (whole) {
          // A new recording may have come in its place, with files of other names.
          if ([...fresh.querySelectorAll("source")].map((s) => name(s.src)).join() === [...media.querySelectorAll("source")].map((s) => name(s.src)).join()) {
            takeOver(fresh, "source", (source) => name(source.src));
          } else {
            media.querySelectorAll("source").forEach((source) => source.remove());
            media.prepend(...fresh.querySelectorAll("source"));
          }
          goOn();
          setTimeout(() => { busy = false; }, 10_000);
        } else busy = false;
      } catch {
        busy = false;
        const offline = "No connection. The video continues as soon as you’re back online.";
        say(navigator.onLine ? "The site can’t be reached right now. We’ll try again in a moment." : offline);
        setTimeout(() => { if (isBroken()) freshen(whole); }, 10_000);
      }
    };

    // Neither a source nor a track lets its error bubble; a source that isn't played by this browser is no trouble.
    media.addEventListener("error", ({ target }) => setTimeout(() => {
      if (target.localName === "track") freshen(false);
      else if (isBroken()) {
        busy = false;
        freshen();
      }
    }), true);
    // What failed before this script came. Until the page is there a film may only be choosing among its sources.
    addEventListener("load", () => { if (isBroken()) freshen(); });

    // What plays from a playlist stands still without any event when its next piece is refused: the address is asked.
    setInterval(async () => {
      stuck = !busy && !media.paused && !media.ended && media.currentTime === seen;
      seen = media.currentTime;
      if (!stuck || media.error || media.currentSrc === refused) return;
      const options = { headers: { Range: "bytes=0-0" }, cache: "no-store", redirect: "manual" };
      const address = media.currentSrc;
      const answer = await fetch(address.split("#")[0], options).catch(() => null);
      if (answer?.status !== 403 || address !== media.currentSrc) return;
      refused = address;
      freshen();
    }, PATIENCE);
    addEventListener("online", () => { if (isBroken()) freshen(); });
  });
})();
