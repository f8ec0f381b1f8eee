// Leaving a page with words that nobody has kept asks first: every POST form with a textarea or two text fields,
// as long as something differs from what the page came with, or was refused. Not after it was sent.
// Back and Reload show the words again: they wait in the sessionStorage of this tab, with the marks of what their
// form came with (web/merging.py). Browsers forget them on Reload and, if at all, keep them for Back without the marks,
// so that they would be saved over what was changed elsewhere.
// <form data-keep="moderation/17"> keeps its text fields in this browser instead, for its person, and shows them
// again, unless the page came with newer ones (data-kept-at, in ms); form[data-autosave] has autosave.js.
// A swap that replaces such a form leaves what was typed in it.
(() => {
  const WORDS = "textarea, input:not([type]), input[type=text], input[type=url]";
  const WEEK = 7 * 24 * 3600 * 1000;
  const words = (form) => [...form.elements].filter((control) => control.matches(WORDS) && !control.readOnly);
  const isChanged = (control) => control.value !== control.defaultValue;
  const hasWords = (form) => form.method === "post" && !form.dataset.autosave && !form.dataset.keep
    && !form.dataset.sent && !form.querySelector("input[type=password], [autocomplete=one-time-code]");
  const isWatched = (form) => hasWords(form) && (form.querySelector("textarea") || words(form).length > 1);
  const unkept = (form) => words(form)
    .filter((control) => isChanged(control) || (control.value && form.querySelector(".has-error, [data-form-errors]")));
  const isDirty = (form) => isWatched(form) && unkept(form).length > 0;

  addEventListener("beforeunload", (event) => {
    if ([...document.forms].some(isDirty)) event.preventDefault();
  });

  const person = document.body.dataset.person ?? "";
  const away = `typed/${person}${location.pathname}${location.search}`;
  const marks = (form) => [...form.querySelectorAll("[name=was]")];
  const remember = () => {
    const kept = [...document.forms].filter(hasWords).map((form) => ({
      action: form.action,
      was: new FormData(form).getAll("was"),
      values: unkept(form).map(({ name, value }) => [name, value]),
    })).filter(({ values }) => values.length);
    try {
      if (kept.length) sessionStorage.setItem(away, JSON.stringify(kept));
      else sessionStorage.removeItem(away);
    } catch { /* full, or a private window */ }
  };
  const bringBack = ({ action, was, values }) => {
    const form = [...document.forms].find((one) => one.action === action && hasWords(one));
    const typed = new Map(values);
    const isTyped = ({ name, defaultValue }) => typed.has(name) && typed.get(name) !== defaultValue;
    const changed = form ? words(form).filter(isTyped) : [];
    changed.forEach((control) => {
      control.value = typed.get(control.name);
      control.dispatchEvent(new Event("input", { bubbles: true }));
    });
    if (!changed.length || !was.length) return;
    marks(form).forEach((mark) => mark.remove());
    was.forEach((value) => {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "was", value }));
    });
  };
  addEventListener("pagehide", remember);
  document.addEventListener("visibilitychange", () => { if (document.hidden) remember(); });
  try {
    const came = document.wasDiscarded ? "reload" : performance.getEntriesByType("navigation")[0]?.type;
    if (["back_forward", "reload"].includes(came)) JSON.parse(sessionStorage.getItem(away) || "[]").forEach(bringBack);
    // What somebody else typed in this tab is none of this person's business.
    const others = (key) => key.startsWith("typed/") && !key.startsWith(`typed/${person}/`);
    if (person) Object.keys(sessionStorage).filter(others).forEach((key) => sessionStorage.removeItem(key));
  } catch { /* a private window */ }

  let typed = [];
  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    const own = ctx.sourceElement?.closest?.("form");
    const within = [...(ctx.target?.querySelectorAll?.(WORDS) ?? [])];
    typed = within.filter((control) => control.id && control.form && control.form !== own && isChanged(control))
      .map(({ id, value }) => [id, value]);
  });
  document.addEventListener("htmx:after:swap", () => {
    typed.forEach(([id, value]) => {
      const control = document.getElementById(id);
      if (!control?.matches(WORDS) || isChanged(control)) return;
      control.value = value;
      control.dispatchEvent(new Event("input", { bubbles: true }));
    });
    typed = [];
  });

  const place = (form) => `kept/${person}/${form.dataset.keep}`;
  try {
    Object.keys(localStorage).filter((key) => key.startsWith("kept/")).forEach((key) => {
      if (!(Date.now() - JSON.parse(localStorage.getItem(key)).at < WEEK)) localStorage.removeItem(key);
    });
    document.querySelectorAll("form[data-keep]").forEach((form) => {
      const { at = 0, values = {} } = JSON.parse(localStorage.getItem(place(form)) || "{}");
      const isNewer = at > Number(form.dataset.keptAt ?? Infinity);
      words(form).forEach((control) => {
        if (isNewer || !control.value) control.value = values[control.name] ?? control.value;
      });
      form.addEventListener("input", () => {
        const now = Object.fromEntries(words(form).map(({ name, value }) => [name, value]));
        try { localStorage.setItem(place(form), JSON.stringify({ at: Date.now(), values: now })); } catch { /* full */ }
      });
    });
  } catch { /* a private window */ }
})();
