// The transcript and the chapters follow the film: the current line is marked, and its list alone scrolls to it.
(() => {
  const media = document.querySelector("[data-media]");
  if (!media) return;

  const mark = (links, current) => links.forEach((link) => {
    if (link === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });

  const followed = [...document.querySelectorAll("[data-transcript-list]")].map((list) => ({
    list,
    links: [...list.querySelectorAll("[data-seek]")].map((link) => ({ link, from: Number(link.dataset.seek) })),
    current: null,
    // Whoever reads ahead is left where they are.
    busy: () => list.matches(":hover, :focus-within"),
  }));
  const chapters = [...document.querySelectorAll(".chapters [data-seek]")];

  const follow = () => {
    const time = media.currentTime + 0.05;
    followed.forEach((transcript) => {
      const { list, links } = transcript;
      const now = links.findLast(({ from }) => from <= time)?.link || null;
      if (now === transcript.current) return;
      transcript.current = now;
      mark(links.map(({ link }) => link), now);
      if (now && list.offsetParent && !transcript.busy()) {
        list.scrollTop = now.offsetTop - list.offsetTop - list.clientHeight / 3;
      }
    });
    mark(chapters, chapters.findLast((link) => Number(link.dataset.seek) <= time) || null);
  };
  media.addEventListener("timeupdate", follow);
  media.addEventListener("seeked", follow);
})();
