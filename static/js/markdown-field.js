// <div data-markdown> around a textarea: a toolbar, keys, pictures by button, paste and drop, and a preview that
// follows what is typed. Pictures go to data-pictures as the file `picture` (with `lesson` when data-lesson names
// one); the answer is {"url", "markdown"}, or {"error"} with a sentence.
(() => {
  // By way of the browser's own editing, so that Undo takes it back.
  const replace = (area, from, to, text, selectFrom, selectTo) => {
    area.focus();
    area.setSelectionRange(from, to);
    if (!document.execCommand(text ? "insertText" : "delete", false, text)) {
      area.setRangeText(text, from, to, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (selectFrom !== undefined) area.setSelectionRange(selectFrom, selectTo ?? selectFrom);
  };

  const wrap = (area, mark, sample) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const size = mark.length;
    if (value.slice(from - size, from) === mark && value.slice(to, to + size) === mark) {
      replace(area, from - size, to + size, value.slice(from, to), from - size, to - size);
      return;
    }
    const inside = value.slice(from, to) || sample;
    replace(area, from, to, mark + inside + mark, from + size, from + size + inside.length);
  };

  const prefix = (area, mark) => {
    const { value } = area;
    const from = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const end = value.indexOf("\n", area.selectionEnd);
    const to = end < 0 ? value.length : end;
    const lines = value.slice(from, to).split("\n");
    const has = lines.every((line) => line.startsWith(mark));
    const text = lines.map((line) => (has ? line.slice(mark.length) : mark + line)).join("\n");
    replace(area, from, to, text, from + (lines.length > 1 ? 0 : text.length), from + text.length);
  };

  const link = (area) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const chosen = value.slice(from, to);
    if (/^https?:\/\/\S+$/.test(chosen)) {
      replace(area, from, to, `[](${chosen})`, from + 1);
    } else {
      const text = chosen || "text";
      replace(area, from, to, `[${text}](https://)`, from + text.length + 3, from + text.length + 11);
    }
  };

  const code = (area) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const chosen = value.slice(from, to);
    if (!chosen.includes("\n")) return wrap(area, "`", "code");
    const before = from > 0 && value[from - 1] !== "\n" ? "\n" : "";
    replace(area, from, to, `${before}\`\`\`\n${chosen.replace(/\n$/, "")}\n\`\`\`\n`, from + before.length + 3);
  };

  // A list goes on with the next line, and ends with an empty item.
  const continueList = (area, event) => {
    const { selectionStart: at, selectionEnd, value } = area;
    const from = value.lastIndexOf("\n", at - 1) + 1;
    const item = at === selectionEnd && value.slice(from, at).match(/^(\s*)([-*+]|(\d+)([.)]))\s(\[[ x]\]\s)?(.*)$/);
    if (!item) return;
    event.preventDefault();
    if (!item[6]) return replace(area, from, at, "");
    const mark = item[3] ? `${Number(item[3]) + 1}${item[4]}` : item[2];
    replace(area, at, at, `\n${item[1]}${mark} ${item[5] ? "[ ] " : ""}`);
  };

  const dress = (box) => {
    const area = box.querySelector("textarea");
    const pane = box.querySelector(".markdown-preview");
    if (!area || box.dataset.dressed) return;
    box.dataset.dressed = "1";
    area.before(box.querySelector("template").content.cloneNode(true));
    const bar = box.querySelector(".markdown-bar");
    const status = bar.querySelector("[role=status]");
    const buttons = [...bar.querySelectorAll("button")];
    const toggle = bar.querySelector("[data-do=preview]");
    const post = (address, data, kind) => lectern.post(address, data, { headers: { Accept: kind } });

    // What the preview says doesn't take away what was said of a picture.
    let speaker = null;
    const say = (text, who) => {
      if (!text && who !== speaker) return;
      speaker = who;
      status.textContent = text;
    };

    let waiting, asked = 0;
    const show = async () => {
      const mine = ++asked;
      const data = new FormData();
      data.set("text", area.value);
      pane.setAttribute("aria-busy", "true");
      try {
        const answer = await post(box.dataset.preview, data, "text/html");
        const html = await answer.text();
        if (mine !== asked) return;
        if (answer.ok || answer.status === 422) pane.innerHTML = html;
        measure();
        say(answer.ok || answer.status === 422 ? "" : lectern.trouble(answer) || "The preview can’t be shown right now.", pane);
        if (lectern.trouble(answer)) lectern.whenBack(show);
      } catch {
        say("No connection. The preview will load when you’re back online.", pane);
      } finally {
        if (mine === asked) pane.removeAttribute("aria-busy");
      }
    };
    area.addEventListener("input", () => {
      clearTimeout(waiting);
      if (!pane.hidden) waiting = setTimeout(show, 350);
    });
    // The preview scrolls with the text, block by block. How high a block begins in the text, whose lines wrap, a
    // copy of it tells.
    let stops = [];
    const measure = () => {
      const starts = (pane.querySelector("template")?.dataset.lines ?? "").split(" ").filter(Boolean).map(Number);
      const look = getComputedStyle(area);
      const copy = document.createElement("div");
      for (const name of ["font", "letterSpacing", "padding", "lineHeight", "tabSize"]) copy.style[name] = look[name];
      Object.assign(copy.style, { position: "absolute", visibility: "hidden", boxSizing: "border-box", whiteSpace: "pre-wrap", overflowWrap: "break-word", width: `${area.clientWidth}px` });
      const lines = area.value.split("\n");
      const marks = starts.map((start, place) => {
        const mark = document.createElement("span");
        copy.append(mark, `${lines.slice(start, starts[place + 1]).join("\n")}\n`);
        return mark;
      });
      if (starts[0]) copy.prepend(`${lines.slice(0, starts[0]).join("\n")}\n`);
      box.append(copy);
      const blocks = pane.querySelector(".prose")?.children ?? [];
      stops = marks.slice(0, blocks.length).map((mark, place) => [mark.offsetTop, blocks[place].offsetTop]);
      stops.push([area.scrollHeight, pane.scrollHeight]);
      copy.remove();
    };
    const follow = () => {
      if (pane.hidden || stops.length < 2) return;
      const next = Math.max(1, stops.findIndex(([from]) => from > area.scrollTop));
      const [[from, to], [end, below]] = [stops[next - 1], stops[next]];
      pane.scrollTop = to + ((area.scrollTop - from) / (end - from || 1)) * (below - to);
    };
    area.addEventListener("scroll", follow, { passive: true });
    const recall = () => { try { return localStorage.getItem("preview"); } catch { return null; } };
    const remember = (on) => { try { localStorage.setItem("preview", on ? "on" : ""); } catch { /* not kept */ } };
    const preview = (on = pane.hidden) => {
      pane.hidden = !on;
      box.classList.toggle("has-preview", on);
      toggle.setAttribute("aria-pressed", String(on));
      if (on) show();
    };
    if (recall() === "on" && matchMedia("(min-width: 68.75rem)").matches) preview(true);

    const send = async (file) => {
      const name = file.name.replace(/[[\]\\]/g, "");
      const mark = `![Uploading ${name}…]()`;
      replace(area, area.selectionStart, area.selectionEnd, mark);
      let text = "", trouble = "";
      try {
        const data = new FormData();
        data.set("picture", file);
        if (box.dataset.lesson) data.set("lesson", box.dataset.lesson);
        let answer = await post(box.dataset.pictures, data, "application/json");
        if (lectern.trouble(answer) && await lectern.ask(answer)) answer = await post(box.dataset.pictures, data, "application/json");
        const told = await answer.json().catch(() => ({}));
        if (answer.ok && told.markdown) text = told.markdown.replace("![]", `![${name.replace(/\.\w+$/, "")}]`);
        else trouble = told.error || lectern.trouble(answer) || told.sentence || "That image couldn’t be uploaded.";
      } catch {
        trouble = "No connection, so the image wasn’t uploaded.";
      }
      const at = area.value.indexOf(mark);
      if (at >= 0) replace(area, at, at + mark.length, text);
      say(trouble, box);
      if (!trouble) say("", speaker);
    };
    const pictures = async (files) => {
      for (const file of files) await send(file);
    };
    const chosen = (transfer) => [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const choose = () => {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = "image/*";
      input.multiple = true;
      input.addEventListener("change", () => pictures(input.files));
      input.click();
    };
    for (const kind of ["paste", "drop"]) {
      area.addEventListener(kind, (event) => {
        const files = chosen(event.clipboardData ?? event.dataTransfer);
        if (!files.length) return;
        event.preventDefault();
        pictures(files);
      });
    }

    const verbs = {
      bold: () => wrap(area, "**", "bold"),
      italic: () => wrap(area, "*", "italic"),
      heading: () => prefix(area, "## "),
      list: () => prefix(area, "- "),
      link: () => link(area),
      code: () => code(area),
      picture: choose,
      preview: () => {
        preview();
        remember(!pane.hidden);
      },
    };
    bar.addEventListener("click", (event) => verbs[event.target.closest("[data-do]")?.dataset.do]?.());
    const keys = { b: "bold", i: "italic", k: "link", e: "code" };
    area.addEventListener("keydown", (event) => {
      const verb = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && keys[event.key.toLowerCase()];
      if (verb) {
        event.preventDefault();
        verbs[verb]();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) continueList(area, event);
    });
    // One stop for the Tab key; the arrows go from button to button.
    buttons.slice(1).forEach((button) => { button.tabIndex = -1; });
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const here = buttons.indexOf(document.activeElement);
      if (!step || here < 0) return;
      event.preventDefault();
      const next = buttons[(here + step + buttons.length) % buttons.length];
      buttons.forEach((button) => { button.tabIndex = button === next ? 0 : -1; });
      next.focus();
    });
  };

  const dressAll = () => document.querySelectorAll("[data-markdown]").forEach(dress);
  dressAll();
  document.addEventListener("htmx:after:swap", dressAll);
})();
