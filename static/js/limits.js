// A control with data-limit="200" takes any text; what is too long is said below it and refused by the server.
// Counted is what is kept of it (domain/text.py), by characters: data-kept="paragraphs" or "markdown", else one line.
// The line with the id "<control>-limit" tells how many are left, once that is a quarter of them, and aloud after a pause.
(() => {
  const REMOVED = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\p{Surrogate}\p{Noncharacter_Code_Point}]/gu;
  const BLANKS = /[\t-\r\x1c-\x20\x85\u2028\u2029]+/g;
  // Of blanks, what Python's strip() takes for one: a byte order mark is none there.
  const AT_BEGINNING = /^[^\S\ufeff]+/;
  const AT_END = /[^\S\ufeff]+$/;
  const several = (text) => text.replace(/\r\n?/g, "\n").replace(REMOVED, "").replace(/^\ufeff/, "");
  const kept = {
    markdown: several,
    paragraphs: (text) => several(text).replace(/^(?:[ \t]*\n)+/, "").replace(AT_END, ""),
    one_line: (text) => text.replace(BLANKS, " ").replace(REMOVED, "").replace(BLANKS, " ").normalize("NFC").replace(AT_BEGINNING, "").replace(AT_END, ""),
  };
  const aloud = Object.assign(document.createElement("p"), { className: "sr-only" });
  aloud.setAttribute("role", "status");
  let pause = null;

  const sentence = (left) => {
    const number = Math.abs(left).toLocaleString("en");
    const noun = Math.abs(left) === 1 ? "character" : "characters";
    return left < 0 ? `${number} ${noun} too many.` : `${number} ${noun} left.`;
  };
  const count = (control) => {
    const line = document.getElementById(`${control.id}-limit`);
    const most = Number(control.dataset.limit);
    if (!line) return "";
    // A code point has one or two units, so that most texts needn't be taken apart.
    const isFar = control.value.length < most * 0.75;
    const left = isFar ? most : most - [...(kept[control.dataset.kept] ?? kept.one_line)(control.value)].length;
    const isNear = left <= most / 4;
    line.classList.toggle("is-near", isNear);
    line.classList.toggle("is-over", left < 0);
    if (isNear) line.textContent = sentence(left);
    else line.textContent = `At most ${most.toLocaleString("en")} characters.`;
    return isNear ? line.textContent : "";
  };
  const look = (root) => root.querySelectorAll?.("[data-limit]").forEach(count);

  document.addEventListener("input", ({ target }) => {
    if (!target.dataset?.limit) return;
    const said = count(target);
    clearTimeout(pause);
    pause = setTimeout(() => { aloud.textContent = said; }, 800);
  });
  document.addEventListener("htmx:after:swap", () => look(document));
  document.body.append(aloud);
  look(document);
})();
