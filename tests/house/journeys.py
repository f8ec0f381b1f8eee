"""Ways through the shop that take several steps, each told from start to end."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import requests
from flask.testing import FlaskClient

from tests.cast import PASSWORD
from tests.house.frozen import MOMENT, entropy
from tests.house.shop import AGENT, Rows, Shop
from tests.house.writing import said, typed

Steps = Iterator[str]
METHODS = ("card", "declined", "later_succeeds", "later_fails")


class Journey:
    """Goes through the shop step by step; its browsers keep their cookies, the rows what was done."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.browsers, self.count = shop, dict[str, FlaskClient](), 0
        self.before: Rows = shop.before
        self.letters: list[str] = []
        self.text = self.location = ""

    def browser(self, person: str) -> FlaskClient:
        """The browser of a person, signed in as they were at the start."""
        if person not in self.browsers:
            self.browsers[person] = self.shop.app.test_client()
            for name, value in self.shop.cookies.get(person, {}).items():
                self.browsers[person].set_cookie(name, value)
        return self.browsers[person]

    def go(self, person: str, address: str, form: dict[str, str] | None = None) -> Steps:
        """Ask or post, and tell everything that follows, the worker's part included."""
        self.count += 1
        entropy.begin(f"step {self.count} {person} {address}")
        more: dict[str, Any] = {}
        if form is not None:
            token = self.browser(person).get("/session/token", headers=AGENT).get_json()["token"]
            more = {"method": "POST", "data": form | {"csrf_token": token}}
        answer = self.browser(person).open(address, headers=AGENT, **more)
        self.text, self.location = answer.text, answer.location or ""
        yield f"=== {person} {'GET' if form is None else 'POST'} {address} {typed(form or {})}"
        yield from self.shop.clean(said(answer))
        yield from self.settle()

    def settle(self) -> Steps:
        """Tell what is left, and let the worker work on it."""
        self.before = yield from self._told("leaves")
        yield f"--- the worker: {self.shop.work()}"
        self.before = yield from self._told("the worker leaves")

    def _told(self, title: str) -> Any:
        lines = self.shop.traces(title, self.before)
        while True:
            try:
                line = next(lines)
            except StopIteration as end:
                return end.value
            self.letters.append(line)
            yield line

    def link(self, start: str) -> str:
        """The newest address in a letter that begins like this."""
        whole = "\n".join(self.letters)
        return re.findall(rf"http://localhost({re.escape(start)}[^\s\"<>]*)", whole)[-1]


def registering(shop: Shop) -> Steps:
    """Register, open the link, sign in with another browser, forget the password, change the address."""
    way = Journey(shop)
    yield from way.go(
        "new", "/register", {"name": "Ned", "email": "ned@example.com", "password": "a long new password"}
    )
    yield from way.go("new", "/register/sent")
    yield from way.go("new", "/verify-email/resend", {})
    link = way.link("/verify-email/")
    yield from way.go("new", link)
    yield from way.go("new", link, {"password": "a long new password"})
    yield from way.go("new", "/")
    yield from way.go(
        "again", "/register", {"name": "Ned", "email": "ned@example.com", "password": "another long one"}
    )
    yield from way.go("again", "/forgot-password", {"email": "ned@example.com"})
    link = way.link("/reset-password/")
    yield from way.go("again", link, {"password": "a third long password"})
    yield from way.go("again", "/login", {"email": "ned@example.com", "password": "wrong"})
    yield from way.go(
        "again", "/login", {"email": "ned@example.com", "password": "a third long password", "remember": "y"}
    )
    yield from way.go(
        "again", "/account/email", {"email": "ned.new@example.com", "current": "a third long password"}
    )
    yield from way.go("again", way.link("/confirm-email/"), {})
    yield from way.go("new", way.link("/not-me/"))


def second_factor(shop: Shop) -> Steps:
    """Turn it on, sign in by code and by recovery code, draw new codes, turn it off."""
    way = Journey(shop)
    page = "/account/security/second-factor"
    yield from way.go("bo", f"{page}/begin", {"press": "y"})
    yield from way.go("bo", page)
    secret = re.findall(r"\b[A-Z2-7]{32}\b", re.sub(r"(?<=[A-Z2-7]{4})\s(?=[A-Z2-7]{4})", "", way.text))
    totp = pyotp.TOTP(secret[0] if secret else "A" * 32)
    yield from way.go("bo", page, {"code": totp.at(MOMENT.timestamp() + 60 * 2)})
    codes = re.findall(r"<code>([^<]+)</code>", way.text)
    for code in (totp.at(MOMENT.timestamp() + 60 * 5), codes[0] if codes else "none", "000000"):
        yield from way.go("other", "/logout", {})
        yield from way.go("other", "/login", {"email": "bo@example.com", "password": PASSWORD})
        yield from way.go("other", "/login/code", {"code": code})
    yield from way.go("bo", "/account/security")
    yield from way.go("bo", "/account/security/recovery-codes", {"press": "y"})
    yield from way.go("bo", f"{page}/remove", {"press": "y"})


def _bought(how: str) -> Callable[[Shop], Steps]:
    def buying(shop: Shop) -> Steps:
        """Buy, hear from Stripe, come back, learn."""
        way = Journey(shop)
        stripe = shop.stripe
        yield from way.go("cy", "/checkout", {"product": str(shop.cast.flask_course.id)})
        session = way.location.rsplit("/", 1)[-1]
        if how == "given-meanwhile":
            given = {"course": "flask-first-steps", "expires_on": ""}
            yield from way.go("mo", f"/admin/users/{shop.cast.cy.id}/courses", given)
        if how == "left":
            stripe.expire(session)
        else:
            stripe.pay(session, how if how in METHODS else "card")
        if how.startswith("later"):
            yield from way.go("cy", f"/checkout/success?session_id={session}")
            yield f"=== Stripe tells {stripe.deliver_all()}"
            yield from way.settle()
            stripe.settle(session, how == "later_succeeds")
        yield f"=== Stripe tells {stripe.deliver_all()}"
        yield from way.settle()
        if how == "refunded-at-stripe":
            payment = {"payment_intent": stripe.all("payment_intent")[-1]["id"]}
            requests.post(f"{stripe.url}/v1/refunds", data=payment, auth=(stripe.api_key, ""), timeout=10)
        yield f"=== Stripe tells all of it again {stripe.deliver_all()}"
        yield from way.settle()
        yield from way.go("cy", f"/checkout/success?session_id={session}")
        yield from way.go("cy", "/orders")
        for link in sorted(set(re.findall(r'href="(/orders/[^"]+)"', way.text))):
            yield from way.go("cy", link)
        yield from way.go("cy", "/learn/flask-first-steps/routes")
        yield from way.go("cy", "/learn/flask-first-steps/routes/complete", {})
        yield from way.go("ada", "/studio/earnings")
        yield from way.go("mo", "/admin/orders")

    return buying


def teaching(shop: Shop) -> Steps:
    """Apply, be accepted; submit a course, be sent back, submit again, be approved, take it off."""
    way = Journey(shop)
    words = {
        "headline": "Teaches SQL",
        "expertise": "SQL",
        "links": "https://example.com",
        "sample": "A lesson on joins. " * 4,
        "terms": "y",
    }
    yield from way.go("cy", "/teach", words)
    yield from _decided(way, "application", "approved")
    yield from way.go("cy", "/studio")
    course = f"/studio/courses/{shop.cast.draft_course.id}"
    yield from way.go("nia", f"{course}/publish")
    for verdict in ("changes_requested", "approved"):
        yield from way.go("nia", f"{course}/publish", {"notes": "Look."})
        yield from _decided(way, "course", verdict)
        yield from way.go("nia", course)
    yield from way.go("out", "/courses/secret-draft")
    yield from way.go("nia", f"{course}/archive", {})


def _decided(way: Journey, kind: str, verdict: str) -> Steps:
    yield from way.go("mo", f"/admin/moderation/next?kind={kind}", {})
    item = way.location.partition("?")[0]
    yield from way.go("mo", item)
    seen = re.search(r'name="seen" value="([^"]*)"', way.text.replace('type="hidden" ', ""))
    form = {"verdict": verdict, "notes": "Say more.", "reason": "other", "seen": seen[1] if seen else ""}
    yield from way.go("mo", f"{item}/decide", form)


JOURNEYS: dict[str, Callable[[Shop], Steps]] = {
    "registering": registering,
    "second-factor": second_factor,
    "teaching": teaching,
    **{f"buying-{how}": _bought(how) for how in (*METHODS, "left", "given-meanwhile", "refunded-at-stripe")},
}
