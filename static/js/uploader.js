// Uploads in pieces: with progress, cancelling, and going on where a dropped connection or a closed page stopped.
// Every piece carries its SHA-256, which the server proves; a piece for a bucket carries none.
(() => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const running = new Set();
  addEventListener("beforeunload", (event) => { if (running.size) event.preventDefault(); });

  class Stop extends Error {}
  class Over extends Error {} // the server won't have this upload: trying again would not help

  const inWords = (bytes) => {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    let at = 0;
    for (; bytes >= 1024 && at < units.length - 1; at += 1) bytes /= 1024;
    return `${at && bytes < 100 ? Number(bytes.toFixed(1)) : Math.round(bytes)} ${units[at]}`;
  };

  // A request with progress; answers {status, body}. A broken connection is status 0.
  const send = (method, url, { body, headers = {}, onProgress, signal } = {}) => new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    if (onProgress) request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a page of somebody in between, or a bucket */ }
      const left = request.responseURL && new URL(request.responseURL).pathname === "/login";
      const stale = request.status === 400 && request.responseURL.startsWith(location.origin) && request.getResponseHeader("X-Stale-Form");
      done({ status: left || stale ? 401 : request.status, body: answer });
    };
    request.onerror = request.ontimeout = () => done({ status: 0, body: {} });
    request.onabort = () => fail(new Stop());
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });

  const digestOf = async (bytes) => {
    if (!crypto.subtle) return {};
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return { "Content-Digest": `sha-256=:${btoa(String.fromCharCode(...hash))}:` };
  };

  const sentence = ({ status, body }) => body.error || {
    0: "No connection.",
    404: "This upload no longer exists. Choose the file again.", 413: "That’s too large to send.",
  }[status] || "Something went wrong on our side.";

  // What is known of an unfinished upload in this browser: another file may have the same name and size.
  const stampOf = (id) => { try { return localStorage.getItem(`upload-${id}`); } catch { return null; } };
  const stamp = (id, value) => { try { value === null ? localStorage.removeItem(`upload-${id}`) : localStorage.setItem(`upload-${id}`, value); } catch { /* private window */ } };

  class Task {
    constructor(form, file, known, lesson) {
      Object.assign(this, { form, file, known, lesson, abort: new AbortController() });
      this.row = form.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
      form.querySelector("[data-list]").append(this.row);
      this.row.querySelector("[data-name]").textContent = file.name;
      this.row.querySelector("[data-cancel]").addEventListener("click", () => this.cancel());
      this.row.querySelector("[data-again]").addEventListener("click", () => this.run());
    }

    headers() { return { "X-CSRFToken": lectern.token(), Accept: "application/json" }; }
    say(text) { this.row.querySelector("[data-said]").textContent = text; }
    show(bytes) {
      const share = this.file.size ? Math.floor((bytes / this.file.size) * 100) : 100;
      this.row.querySelector("[data-bar]").value = share;
      this.say(`${share}% of ${inWords(this.file.size)}`);
    }

    async run() {
      running.add(this);
      this.abort = new AbortController();
      this.row.classList.remove("is-failed");
      this.row.querySelector("[data-again]").hidden = true;
      try {
        this.upload = this.upload || this.known || await this.begin();
        stamp(this.upload.id, String(this.file.lastModified));
        await this.sendAll();
        await this.finish();
      } catch (error) {
        if (!(error instanceof Stop)) this.fail(error.message, error instanceof Over);
      } finally {
        running.delete(this);
      }
    }

    fail(text, forGood = false) {
      this.row.classList.add("is-failed");
      this.say(text);
      this.row.querySelector("[data-again]").hidden = forGood;
      this.row.querySelector("[data-cancel]").textContent = forGood ? "Dismiss" : "Cancel";
    }

    async begin() {
      const fields = new FormData(this.form);
      fields.delete("file");
      fields.delete("files");
      if (this.lesson) fields.set("lesson", this.lesson);
      fields.set("filename", this.file.name);
      fields.set("size", this.file.size);
      const answer = await this.ask("POST", this.form.dataset.begin || this.form.action, { body: fields });
      return answer;
    }

    // Until it is answered: a dropped connection is waited for, longer each time.
    async ask(method, url, options = {}, accept = []) {
      for (let tries = 0; ; tries += 1) {
        if (options.body instanceof FormData) options.body.set("csrf_token", lectern.token());
        const answer = await send(method, url, { ...options, headers: { ...this.headers(), ...options.headers }, signal: this.abort.signal });
        if (answer.status >= 200 && answer.status < 300) return answer.body;
        if (accept.includes(answer.status)) return { ...answer.body, status: answer.status };
        if (answer.status === 401 && tries <= 12 && (await this.signedIn())) continue;
        if ([404, 410, 422].includes(answer.status)) throw new Over(sentence(answer));
        if (![0, 429, 502, 503, 504].includes(answer.status) || tries > 12) throw new Error(sentence(answer));
        this.say(`${answer.body?.error ?? "No connection."} Trying again…`);
        await sleep(Math.min(1000 * 2 ** tries, 30000));
        if (this.abort.signal.aborted) throw new Stop();
      }
    }

    // Waits until the page's person is signed in again, here or in another tab; false when the site can't be asked.
    async signedIn() {
      const state = await lectern.renew();
      if (state === "renewed" || state === "unreachable") return state === "renewed";
      const link = Object.assign(document.createElement("a"), { href: lectern.signInAt, target: "_blank", textContent: "Sign in" });
      this.say(`${lectern.trouble({ signedOut: true, other: state === "other" && lectern.other })} The upload is paused. `);
      if (state !== "other") this.row.querySelector("[data-said]").append(link);
      return new Promise((back, stop) => {
        const giveUp = lectern.whenBack(() => back(true));
        this.abort.signal.addEventListener("abort", () => { giveUp(); stop(new Stop()); }, { once: true });
      });
    }

    async sendAll() {
      let at = (await this.ask("GET", this.upload.address)).received;
      let damaged = 0;
      while (at < this.file.size) {
        this.show(at);
        const bytes = await this.file.slice(at, at + this.upload.chunk).arrayBuffer().catch(() => {
          throw new Error("The file can no longer be read. Choose it again.");
        });
        const answer = this.upload.direct ? await this.sendPart(at, bytes) : await this.sendChunk(at, bytes);
        if (answer.status === 422 && (damaged += 1) > 5) throw new Error("The file keeps getting damaged on the way.");
        if (answer.status === 423) await sleep(1000);
        at = answer.received ?? (await this.ask("GET", this.upload.address)).received;
      }
      this.show(this.file.size);
    }

    async sendChunk(at, bytes) {
      const headers = { "Content-Type": "application/octet-stream", ...await digestOf(bytes) };
      return this.ask("PUT", `${this.upload.address}?offset=${at}`, { body: bytes, headers, onProgress: (n) => this.show(at + n) }, [409, 422, 423]);
    }

    async sendPart(at, bytes) {
      const number = at / this.upload.chunk + 1;
      const { url } = await this.ask("POST", `${this.upload.address}/parts/${number}`);
      const sent = await send("PUT", url, { body: bytes, onProgress: (n) => this.show(at + n), signal: this.abort.signal });
      if (sent.status === 200) return { received: at + bytes.byteLength };
      if (sent.status !== 0) throw new Error("The storage refused part of the file.");
      this.say("No connection. Trying again…");
      await sleep(3000);
      return {};
    }

    async finish() {
      this.say("Checking…");
      const done = await this.ask("POST", `${this.upload.address}/finish`);
      stamp(this.upload.id, null);
      this.say("Done.");
      this.row.classList.add("is-done");
      this.row.querySelector("[data-cancel]").remove();
      if (await this.renew(done.page)) {
        setTimeout(() => this.row.remove(), 4000);
      } else if (this.form.dispatchEvent(new CustomEvent("uploaded", { bubbles: true, cancelable: true, detail: done }))) {
        running.delete(this);
        if (!running.size && !this.form.querySelector(".upload.is-failed")) location.assign(this.form.dataset.then || done.page);
      }
    }

    // Shows the new state in its place, and leaves the rest of the page with what is being typed there alone.
    async renew(page) {
      const { into } = this.form.dataset;
      if (!into || !document.querySelector(into)) return false;
      const answer = await fetch(page).catch(() => null);
      if (!answer?.ok) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(into);
      if (!fresh) return false;
      document.querySelector(into).replaceWith(fresh);
      htmx.process(fresh);
      return true;
    }

    async cancel() {
      this.abort.abort();
      this.row.remove();
      if (!this.upload) return;
      stamp(this.upload.id, null);
      await send("POST", `${this.upload.address}/cancel`, { headers: this.headers() });
    }
  }

  const unfinished = async (form) => {
    const query = new URLSearchParams();
    for (const name of ["purpose", "course", "lesson"]) if (form.elements[name]) query.set(name, form.elements[name].value);
    const { status, body } = await send("GET", `${form.action}?${query}`);
    return status === 200 && Array.isArray(body) ? body : [];
  };

  // What stopped earlier is offered: the browser can't open the file by itself.
  const offer = async (form) => {
    form.known = await unfinished(form);
    form.known.forEach((upload) => {
      const row = form.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
      row.dataset.waiting = upload.id;
      row.querySelector("[data-name]").textContent = upload.filename;
      row.querySelector("[data-bar]").value = (upload.received / upload.size) * 100;
      row.querySelector("[data-said]").textContent = `stopped at ${Math.floor((upload.received / upload.size) * 100)}%. Choose the same file to resume.`;
      row.querySelector("[data-cancel]").addEventListener("click", () => {
        row.remove();
        form.known = form.known.filter((other) => other.id !== upload.id);
        send("POST", `${upload.address}/cancel`, { headers: { "X-CSRFToken": lectern.token(), Accept: "application/json" } });
      });
      form.querySelector("[data-list]").append(row);
    });
  };

  const start = (form, file, lesson) => {
    const known = (form.known || []).find((upload) => upload.filename === file.name && upload.size === file.size
      && [null, String(file.lastModified)].includes(stampOf(upload.id)));
    if (known) {
      form.known = form.known.filter((other) => other !== known);
      form.querySelector(`[data-waiting="${known.id}"]`)?.remove();
    }
    const task = new Task(form, file, known, lesson);
    const ending = file.name.toLowerCase();
    const endings = form.dataset.endings.split(" ");
    const bare = !ending.includes(".") && endings.includes("none");
    if (!bare && !endings.some((one) => ending.endsWith(`.${one}`)) && !ending.endsWith(".tgz")) {
      task.fail("This type of file isn’t supported here.", true);
    } else if (file.size > Number(form.dataset.most)) {
      task.fail(`This file is too large. Use at most ${inWords(Number(form.dataset.most))}.`, true);
    } else {
      return task.run();
    }
    return null;
  };

  // Several videos: the server makes a lesson for each, in order, and each is uploaded to its own.
  const many = async (form, files) => {
    const fields = new FormData(form);
    fields.delete("files");
    files.forEach((file) => fields.append("names", file.name));
    const answer = await lectern.post(form.action, new URLSearchParams(fields), { headers: { Accept: "application/json" } }).catch(() => null);
    const body = await answer?.json().catch(() => null);
    if (!answer?.ok || !Array.isArray(body)) {
      const sentence = body?.error || "The site can’t be reached right now. Choose the videos again.";
      document.dispatchEvent(new CustomEvent("toast", { detail: { message: sentence } }));
      return;
    }
    const waiting = body.map(({ place, lesson }) => ({ file: files[place], lesson }));
    const next = async () => {
      while (waiting.length) {
        const { file, lesson } = waiting.shift();
        await start(form, file, lesson);
      }
    };
    next();
    next();
  };

  const prepare = (root) => root.querySelectorAll("[data-uploader]:not([data-prepared])").forEach((form) => {
    form.dataset.prepared = "";
    form.querySelectorAll("[data-plain-only]").forEach((part) => { part.hidden = true; });
    form.querySelectorAll("[data-script-only]").forEach((part) => { part.hidden = false; });
    form.offered = form.matches("[data-many]") ? null : offer(form);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.matches("[data-file]") && event.target.closest("[data-uploader]");
    if (!form) return;
    const files = [...event.target.files];
    event.target.value = "";
    if (form.matches("[data-many]")) {
      many(form, files);
      return;
    }
    // Two at a time: more would only share the same line.
    const next = async () => {
      await form.offered; // or what begins now would be offered as something that stopped
      while (files.length) await start(form, files.shift());
    };
    next();
    next();
  });
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-uploader]")) event.preventDefault(); });
  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
})();
