// The player: the browser's own controls, with what they lack. Starts where the learner stopped, remembers
// speed and captions, and lets chapters and transcript lines be clicked.
(() => {
  const player = document.querySelector("[data-player]");
  const media = player?.querySelector("[data-media]");
  if (!media) return;

  const remember = (key, value) => { try { localStorage.setItem(`player-${key}`, value); } catch { /* private window */ } };
  const recall = (key) => { try { return localStorage.getItem(`player-${key}`); } catch { return null; } };

  player.querySelector("[data-player-tools]").hidden = false;

  const start = Number(player.dataset.start);
  const begin = () => { if (start && media.currentTime < start - 1) media.currentTime = start; };
  if (media.readyState) begin();
  else media.addEventListener("loadedmetadata", begin, { once: true });

  const speed = player.querySelector("[data-speed]");
  const setSpeed = (value) => {
    media.defaultPlaybackRate = value;
    media.playbackRate = value;
  };
  const known = (value) => [...speed.options].some((option) => option.value === value);
  if (known(recall("speed"))) {
    speed.value = recall("speed");
    setSpeed(Number(speed.value));
  }
  speed.addEventListener("change", () => {
    setSpeed(Number(speed.value));
    remember("speed", speed.value);
  });
  // The browser's own menu can change it too.
  media.addEventListener("ratechange", () => { if (known(String(media.playbackRate))) speed.value = String(media.playbackRate); });

  const captions = player.querySelector("[data-captions]");
  const tracks = () => [...media.textTracks].filter((track) => track.kind === "captions");
  const show = (language) => tracks().forEach((track) => { track.mode = track.language === language ? "showing" : "disabled"; });
  if (captions) {
    const last = recall("captions");
    if (last !== null && tracks().some((track) => track.language === last)) {
      captions.value = last;
      show(last);
    }
    captions.addEventListener("change", () => {
      show(captions.value);
      remember("captions", captions.value);
    });
    media.textTracks.addEventListener("change", () => {
      captions.value = tracks().find((track) => track.mode === "showing")?.language || "";
    });
  }

  // Without this script these links load the page again, at that time.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    media.currentTime = Number(link.dataset.seek);
    media.play().catch(() => {});
  });
})();
