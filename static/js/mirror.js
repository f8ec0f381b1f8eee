// <input data-mirror="name" data-otherwise="text"> shows what is typed in every element with data-shown="name".
(() => {
  document.addEventListener("input", (event) => {
    const { mirror, otherwise } = event.target.dataset ?? {};
    if (!mirror) return;
    const text = event.target.value.trim() || otherwise || "";
    document.querySelectorAll(`[data-shown="${mirror}"]`).forEach((place) => { place.textContent = text; });
  });
})();
