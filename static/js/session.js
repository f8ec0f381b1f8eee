// Whose page this is, and the token its forms are sent with. Signing in or out in another tab makes the token
// stale: it is renewed here for everything on the page, but only for the person whose page it is.
//
//   lectern.post(address, body, {headers, keepalive})  like fetch, with the token; a stale one is renewed and the
//                        request sent again once. Answers a Response; `signedOut` in it is true when somebody has
//                        to sign in first, `other` a name when somebody else is signed in now.
//   lectern.renew()      asks for a fresh token: "renewed", "signed-out", "other" (see lectern.other) or "unreachable"
//   lectern.whenBack(f)  calls `f` once, when the page's person is signed in again; answers how to give that up
//   lectern.trouble(r)   the sentence for such a Response, "" for any other; lectern.signInAt is where to sign in
//   lectern.ask(r)       asks to sign in after such a Response, in a window over the page; true once they did, false for "not now"
//   lectern.token()      the token as it is now
// Whenever the token is renewed, the document hears "session-renewed".
window.lectern = (() => {
  const person = () => document.body.dataset.person || "";
  const inherited = () => JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
  let known = inherited()["X-CSRFToken"] || document.querySelector("input[name=csrf_token]")?.value || "";
  const lectern = { other: "", signInAt: "/login?next=/session/back" };

  lectern.token = () => known;

  // Everywhere a token stands: inherited headers of htmx, hidden fields, what a script reads from data-csrf.
  lectern.install = (token, session) => {
    known = token;
    if (session) document.body.dataset.session = session;
    if (person()) document.body.setAttribute("hx-headers:inherited", JSON.stringify({ ...inherited(), "X-CSRFToken": token }));
    document.querySelectorAll("input[name=csrf_token]").forEach((field) => { field.value = token; });
    document.querySelectorAll("[data-csrf]").forEach((place) => { place.dataset.csrf = token; });
    document.dispatchEvent(new CustomEvent("session-renewed"));
  };

  lectern.renew = async () => {
    let now;
    try {
      const answer = await fetch("/session/token", { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) return "unreachable";
      now = await answer.json();
    } catch { return "unreachable"; }
    lectern.signedIn = now.signed_in;
    if (!now.signed_in && person()) return "signed-out";
    if (person() && now.person !== person()) {
      lectern.other = now.name;
      return "other";
    }
    lectern.install(now.token, now.session);
    return "renewed";
  };

  // Coming back from the tab where one signed in is the moment to look; so is the word of that tab.
  const waiting = new Set();
  const look = async () => {
    if (!waiting.size || (await lectern.renew()) !== "renewed" || !lectern.signedIn) return;
    const all = [...waiting];
    waiting.clear();
    all.forEach((then) => then());
  };
  lectern.whenBack = (then) => {
    waiting.add(then);
    return () => waiting.delete(then);
  };
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("focus", look);
  // Every page tells the others whose it is and which session it has, so that those of an older one catch up.
  const seed = () => document.body.dataset.session || "";
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
  channel?.addEventListener("message", ({ data }) => {
    if (data.person !== person()) return;
    if (waiting.size) look();
    else if (data.seed !== seed()) lectern.renew();
  });
  if (person()) channel?.postMessage({ person: person(), seed: seed() });

  // `send` answers a Response; `put` writes a fresh token into what it sends.
  lectern.again = async (send, put) => {
    const refused = ({ status, headers }) => status === 401 || (status === 400 && headers.has("X-Stale-Form"));
    let answer = await send();
    let state = refused(answer) ? await lectern.renew() : "";
    if (state === "renewed") {
      put(known);
      answer = await send();
      state = refused(answer) ? "signed-out" : "";
    }
    return Object.assign(answer, { signedOut: state === "signed-out", other: state === "other" ? lectern.other : "" });
  };

  lectern.post = (address, body, { headers = {}, ...options } = {}) => {
    const fields = body instanceof FormData || body instanceof URLSearchParams;
    const put = () => fields && body.set("csrf_token", known);
    put();
    return lectern.again(() => fetch(address, {
      method: "POST", body, redirect: "error", ...options,
      headers: { Accept: "application/json", "X-Requested-With": "fetch", ...headers, "X-CSRFToken": known },
    }), put);
  };

  lectern.trouble = ({ signedOut, other }) => {
    if (other) return `You’re now signed in as ${other}. This page belongs to another account, so nothing was sent.`;
    return signedOut ? "You’re signed out." : "";
  };

  lectern.ask = ({ other }) => new Promise((done) => {
    const template = document.getElementById("sign-in-again");
    if (!template || document.querySelector("[data-sign-in-again]")) return done(false);
    const dialog = template.content.firstElementChild.cloneNode(true);
    document.body.append(dialog);
    if (other) {
      dialog.querySelector("h2").textContent = `You’re now signed in as ${other}`;
      dialog.querySelector("[data-said]").textContent = "This page belongs to another account, so nothing was sent. What you typed stays here.";
      dialog.querySelector("[data-sign-in]").remove();
    }
    const giveUp = lectern.whenBack(() => dialog.close("back"));
    dialog.addEventListener("close", () => {
      giveUp();
      dialog.remove();
      done(dialog.returnValue === "back");
    });
    dialog.showModal();
  });
  return lectern;
})();
