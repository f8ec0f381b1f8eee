// Leaving a page with words that nobody has kept asks first: every POST form with a textarea or two text fields,
// as long as something differs from what the page came with, or was refused. Not after it was sent.
// <form data-keep="moderation/17"> keeps its text fields in this browser instead, for its person, and shows them
// again; form[data-autosave] has autosave.js. A swap that replaces such a form leaves what was typed in it.
(() => {
  const WORDS = "textarea, input:not([type]), input[type=text], input[type=url]";
  const WEEK = 7 * 24 * 3600 * 1000;
  const words = (form) => [...form.elements].filter((control) => control.matches(WORDS) && !control.readOnly);
  const isChanged = (control) => control.value !== control.defaultValue;
  const isWatched = (form) => form.method === "post" && !form.dataset.autosave && !form.dataset.keep
    && !form.querySelector("input[type=password]") && (form.querySelector("textarea") || words(form).length > 1);
  const isDirty = (form) => !form.dataset.sent && isWatched(form)
    && words(form).some((control) => isChanged(control) || (control.value && form.querySelector(".has-error, [data-form-errors]")));

  addEventListener("beforeunload", (event) => {
    if ([...document.forms].some(isDirty)) event.preventDefault();
  });

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

  const place = (form) => `kept/${document.body.dataset.person ?? ""}/${form.dataset.keep}`;
  try {
    Object.keys(localStorage).filter((key) => key.startsWith("kept/")).forEach((key) => {
      if (!(Date.now() - JSON.parse(localStorage.getItem(key)).at < WEEK)) localStorage.removeItem(key);
    });
    document.querySelectorAll("form[data-keep]").forEach((form) => {
      const { values = {} } = JSON.parse(localStorage.getItem(place(form)) || "{}");
      words(form).forEach((control) => { control.value ||= values[control.name] ?? ""; });
      form.addEventListener("input", () => {
        const now = Object.fromEntries(words(form).map(({ name, value }) => [name, value]));
        try { localStorage.setItem(place(form), JSON.stringify({ at: Date.now(), values: now })); } catch { /* full */ }
      });
    });
  } catch { /* a private window */ }
})();
