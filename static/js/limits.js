// A control with data-limit="200" takes any text; what is too long is said below it and refused by the server.
// Counted is what is kept of it (domain/base/text.py), by characters: data-kept="paragraphs" or "markdown", else one line.
// data-in="bytes" counts those of UTF-8. data-lines="12" data-longest="40" take lines and say which is too long.
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

  const numberOf = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const sentence = (left, noun) => (left < 0 ? `${numberOf(-left, noun)} too many.` : `${numberOf(left, noun)} left.`);
  const inBytes = new TextEncoder();
  // As LinesField reads them (web/forms.py): only lines that say something count, each once.
  const ofLines = (control) => {
    const lines = control.value.split(/\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]/).map(kept.one_line);
    const over = lines.map((line) => [...line].length - Number(control.dataset.longest));
    const wrong = over.findIndex((number) => number > 0);
    if (wrong >= 0) return { left: -1, said: `Line ${wrong + 1}: ${sentence(-over[wrong], "character")}` };
    const left = Number(control.dataset.lines) - new Set(lines.filter(Boolean)).size;
    return { left, said: sentence(left, "line") };
  };
  const ofText = (control) => {
    const most = Number(control.dataset.limit);
    const isBytes = control.dataset.in === "bytes";
    // A code point has one or two units and a unit at most three bytes, so that most texts needn't be taken apart.
    if (control.value.length * (isBytes ? 3 : 1) < most * 0.75) return { left: most };
    const text = (kept[control.dataset.kept] ?? kept.one_line)(control.value);
    const left = most - (isBytes ? inBytes.encode(text) : [...text]).length;
    return { left, said: sentence(left, isBytes ? "byte" : "character") };
  };
  const count = (control) => {
    const line = document.getElementById(`${control.id}-limit`);
    if (!line) return "";
    const { left, said } = control.dataset.lines ? ofLines(control) : ofText(control);
    const isNear = left <= Number(control.dataset.lines ?? control.dataset.limit) / 4;
    line.dataset.otherwise ??= line.textContent;
    line.classList.toggle("is-near", isNear);
    line.classList.toggle("is-over", left < 0);
    line.textContent = isNear ? said : line.dataset.otherwise;
    return isNear ? said : "";
  };
  const look = (root) => root.querySelectorAll?.("[data-limit], [data-lines]").forEach(count);

  document.addEventListener("input", ({ target }) => {
    if (!target.dataset?.limit && !target.dataset?.lines) return;
    const said = count(target);
    clearTimeout(pause);
    pause = setTimeout(() => { aloud.textContent = said; }, 800);
  });
  document.addEventListener("htmx:after:swap", () => look(document));
  document.body.append(aloud);
  look(document);
})();
