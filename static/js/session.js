// Whose page this is, and the token its forms are sent with. Signing in or out in another tab makes the token
// stale: it is renewed here for everything on the page, but only for the person whose page it is.
//
//   lectern.post(address, body, {headers, keepalive})  like fetch, with the token; a stale one is renewed and the
//                                      request sent again once. Answers a Response; `signedOut` in it is true (and
//                                      `signInAt` an address) when somebody has to sign in first.
//   lectern.renew()                    asks for a fresh token: "renewed", "signed-out", "other" (somebody else is
//                                      signed in now, see lectern.other) or "unreachable"
//   lectern.whenBack(then)             calls `then` once, when the person is signed in again in another tab
//   lectern.token()                    the token as it is now
// Whenever the token is renewed, the document hears "session-renewed".
window.lectern = (() => {
  const ADDRESS = "/session/token";
  const person = () => document.body.dataset.person || "";
  const headers = () => JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
  let known = headers()["X-CSRFToken"] || document.querySelector("input[name=csrf_token]")?.value || "";
  const lectern = { other: "", signInAt: () => `/login?next=${encodeURIComponent("/session/back")}` };

  lectern.token = () => known;

  // Everywhere a token stands: inherited headers of htmx, hidden fields, what a script reads from data-csrf.
  lectern.install = (token) => {
    if (!token || token === known) return;
    known = token;
    if (person()) document.body.setAttribute("hx-headers:inherited", JSON.stringify({ ...headers(), "X-CSRFToken": token }));
    document.querySelectorAll("input[name=csrf_token]").forEach((field) => { field.value = token; });
    document.querySelectorAll("[data-csrf]").forEach((place) => { place.dataset.csrf = token; });
    document.dispatchEvent(new CustomEvent("session-renewed"));
  };

  lectern.renew = async () => {
    let now;
    try {
      const answer = await fetch(ADDRESS, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) return "unreachable";
      now = await answer.json();
    } catch { return "unreachable"; }
    if (!now.signed_in && person()) return "signed-out";
    if (person() && now.person !== person()) {
      lectern.other = now.name;
      return "other";
    }
    lectern.install(now.token);
    return "renewed";
  };

  // Coming back from the tab where one signed in is the moment to look; so is another tab's word.
  const waiting = new Set();
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
  const look = async () => {
    if (!waiting.size || (await lectern.renew()) !== "renewed") return;
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
  channel?.addEventListener("message", ({ data }) => data === person() && look());
  if (person()) channel?.postMessage(person());

  lectern.post = async (address, body, { headers: more = {}, ...options } = {}) => {
    const send = () => {
      if (body instanceof FormData || body instanceof URLSearchParams) body.set("csrf_token", known);
      return fetch(address, { method: "POST", body, redirect: "error", ...options, headers: { Accept: "application/json", ...more, "X-CSRFToken": known } });
    };
    let answer = await send();
    if (answer.status === 400 && answer.headers.has("X-Stale-Form") && (await lectern.renew()) === "renewed") answer = await send();
    if (answer.status === 401) Object.assign(answer, { signedOut: true, signInAt: lectern.signInAt() });
    return answer;
  };
  return lectern;
})();
