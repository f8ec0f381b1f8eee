// Keys for the player. They can be switched off, and never take a key from somebody who types.
(() => {
  const player = document.querySelector("[data-player]");
  const media = player?.querySelector("[data-media]");
  if (!media) return;
  const speed = player.querySelector("[data-speed]");
  const captions = player.querySelector("[data-captions]");
  const box = player.querySelector("[data-keys-on]");

  const KEY = "player-keys";
  try { box.checked = localStorage.getItem(KEY) !== "off"; } catch { /* private window */ }
  box.addEventListener("change", () => {
    try { localStorage.setItem(KEY, box.checked ? "on" : "off"); } catch { /* private window */ }
  });

  const jump = (seconds) => { media.currentTime = Math.min(Math.max(media.currentTime + seconds, 0), media.duration || 0); };
  const toggle = () => (media.paused ? media.play().catch(() => {}) : media.pause());
  const choose = (select, index) => {
    if (!select?.options[index]) return;
    select.selectedIndex = index;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let lastLanguage = 1;
  const toggleCaptions = () => {
    if (!captions) return;
    if (captions.selectedIndex > 0) lastLanguage = captions.selectedIndex;
    choose(captions, captions.selectedIndex > 0 ? 0 : lastLanguage);
  };
  const fullScreen = () => (document.fullscreenElement ? document.exitFullscreen() : media.requestFullscreen?.());

  const anywhere = {
    k: toggle,
    j: () => jump(-10),
    l: () => jump(10),
    m: () => { media.muted = !media.muted; },
    c: toggleCaptions,
    f: fullScreen,
    "<": () => choose(speed, speed.selectedIndex - 1),
    ">": () => choose(speed, speed.selectedIndex + 1),
  };
  // These scroll or press things elsewhere on the page.
  const atPlayer = { " ": toggle, ArrowLeft: () => jump(-5), ArrowRight: () => jump(5) };

  const isForOthers = (target) => target.closest("input, select, textarea, [contenteditable], dialog") !== null;

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || isForOthers(target)) return;
    const near = target === media || target === document.body || target.id === "main";
    const action = anywhere[key.toLowerCase()] || (near && atPlayer[key]);
    if (action) action();
    else if (/^[0-9]$/.test(key) && media.duration) media.currentTime = (media.duration * Number(key)) / 10;
    else return;
    event.preventDefault();
  });
})();
