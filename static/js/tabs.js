// A row of tabs that is wider than the screen begins where the present one is.
(() => {
  document.querySelectorAll(".tabs [aria-current]").forEach((here) => {
    const row = here.closest("nav");
    const place = here.getBoundingClientRect();
    if (place.right > row.getBoundingClientRect().right) row.scrollLeft += place.left - row.clientWidth / 3;
  });
})();
