// A <details data-fold="62rem"> stands open where the window is at least that wide and is closed on smaller ones;
// the course outline (data-outline) does so too, and scrolls to where the reader is.
(() => {
  document.querySelectorAll("details[data-fold], details[data-outline]").forEach((fold) => {
    const wide = matchMedia(`(min-width: ${fold.dataset.fold || "62rem"})`);
    const fit = () => { fold.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
  });

  const panel = document.querySelector(".lesson-outline");
  const current = panel?.querySelector("[aria-current]");
  if (current && current.offsetTop + current.offsetHeight > panel.clientHeight) {
    panel.scrollTop = current.offsetTop - panel.clientHeight / 3;
  }
})();
