"""The hosted payment page. Plain forms, no script."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from . import money
from .cards import BY_NAME, Method, by_number, digits, luhn
from .checkout import SessionClosedError, authenticate, pay, return_address
from .engine import Sandbox
from .errors import StripeError
from .store import Body

TYPED = ("email", "number", "expiry", "cvc", "name")


def create_blueprint(sandbox: Sandbox) -> Blueprint:
    """Create the hosted pages of one sandbox, at `/c/pay/<session id>`."""
    blueprint = Blueprint("hosted", __name__)
    blueprint.add_app_template_filter(money.written, "written")
    blueprint.add_url_rule("/c/pay/<id>", "pay", lambda id: show(sandbox, id))
    blueprint.add_url_rule("/c/pay/<id>", "submit", lambda id: submit(sandbox, id), methods=["POST"])
    blueprint.add_url_rule("/c/pay/<id>/bank", "bank", lambda id: bank(sandbox, id), methods=["GET", "POST"])
    return blueprint


def session_of(sandbox: Sandbox, id: str) -> Body:
    """Load the session in the address, or 404."""
    sandbox.sweep()
    session = sandbox.store.find("checkout.session", id)
    if session is None:
        abort(404)
    return session


def page(sandbox: Sandbox, template: str, session: Body, status: int = 200, **more: Any) -> Response:
    """Render a page about a session, with a CSP that lets its form lead back to the shop."""
    body = render_template(template, session=session, business=sandbox.settings.business, **more)
    response = make_response(body, status)
    leads_to = " ".join(
        sorted({origin(session[name]) for name in ("success_url", "cancel_url") if session[name]})
    )
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {leads_to}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def origin(address: str) -> str:
    """Return scheme, host and port for a Content-Security-Policy."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def show(sandbox: Sandbox, id: str) -> Answer:
    """GET: render the page for the session's state."""
    session = session_of(sandbox, id)
    if session["status"] != "open":
        return page(sandbox, "closed.html", session, back=return_address(session))
    return pay_page(sandbox, session)


def pay_page(sandbox: Sandbox, session: Body, status: int = 200, **more: Any) -> Response:
    """Render the payment form with typed values and errors."""
    known = (session["customer_details"] or {}).get("email")
    context = {"typed": {}, "errors": {}, "declined": None, "known_email": known, "choices": BY_NAME}
    return page(sandbox, "pay.html", session, status, **{**context, **more})


def submit(sandbox: Sandbox, id: str) -> Answer:
    """POST: pay with a predefined method, or with a typed card."""
    session = session_of(sandbox, id)
    typed = {name: request.form.get(name, "").strip()[:200] for name in TYPED}
    method = BY_NAME.get(request.form.get("choice", ""))
    if method is None and session["amount_total"] > 0:
        known = bool((session["customer_details"] or {}).get("email"))
        errors = mistakes(typed, known, sandbox.now())
        if errors:
            return pay_page(sandbox, session, 422, typed=typed, errors=errors)
        method = by_number(digits(typed["number"]))
    try:
        session = pay(sandbox, id, method or BY_NAME["card"], typed["name"] or None, typed["email"] or None)
    except SessionClosedError:
        return redirect(url_for("hosted.pay", id=id), 303)
    return after_attempt(sandbox, session, typed)


def after_attempt(sandbox: Sandbox, session: Body, typed: dict[str, str]) -> Answer:
    """Redirect to the shop or to the bank, or show the form with the reason."""
    if session["status"] == "complete":
        return to_shop(sandbox, session)
    intent = sandbox.get("payment_intent", session["payment_intent"])
    if intent["status"] == "requires_action":
        return redirect(url_for("hosted.bank", id=session["id"]), 303)
    kept = {name: typed[name] for name in ("email", "name")}
    return pay_page(sandbox, session, 402, typed=kept, declined=intent["last_payment_error"]["message"])


def to_shop(sandbox: Sandbox, session: Body) -> Answer:
    """Redirect to the success URL once the shop has answered the webhook, or after a timeout."""
    settings = sandbox.settings
    if settings.deliver and settings.redirect_wait and sandbox.wanted("checkout.session.completed"):
        sandbox.webhooks.answered(session["_completed_event"], settings.redirect_wait)
    return redirect(return_address(session), 303)


def bank(sandbox: Sandbox, id: str) -> Answer:
    """Show the bank's 3-D Secure page, and process its answer."""
    session = session_of(sandbox, id)
    intent: Body | None = sandbox.store.find("payment_intent", session["payment_intent"] or "")
    if session["status"] != "open" or intent is None or intent["status"] != "requires_action":
        return redirect(url_for("hosted.pay", id=id), 303)
    if request.method == "GET":
        return page(sandbox, "bank.html", session)
    try:
        session = authenticate(sandbox, id, ok=request.form.get("answer") == "complete")
    except (SessionClosedError, StripeError):
        return redirect(url_for("hosted.pay", id=id), 303)
    return after_attempt(sandbox, session, dict.fromkeys(TYPED, ""))


def mistakes(typed: dict[str, str], email_known: bool, now: int) -> dict[str, str]:
    """Validate a typed card; answers error messages by field."""
    errors = {}
    if not email_known and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", typed["email"]):
        errors["email"] = "Enter an email address, such as you@example.com."
    if not luhn(digits(typed["number"])):
        errors["number"] = "This card number is not valid. Try 4242 4242 4242 4242."
    problem = expiry_problem(typed["expiry"], now)
    if problem:
        errors["expiry"] = problem
    if not re.fullmatch(r"[0-9]{3,4}", typed["cvc"]):
        errors["cvc"] = "Enter the 3 or 4 digits of the security code."
    if not typed["name"]:
        errors["name"] = "Enter the name on the card."
    return errors


def expiry_problem(text: str, now: int) -> str | None:
    """Validate an expiry such as `12 / 34`; answers an error message, or None."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})", text)
    if match is None:
        return "Enter month and year, such as 12 / 34."
    today = time.gmtime(now)
    if (2000 + int(match[2]), int(match[1])) < (today.tm_year, today.tm_mon):
        return "This card has expired. Enter a later date."
    return None


def method_named(name: str) -> Method:
    """Return a predefined method; KeyError with the list for anything else."""
    if name not in BY_NAME:
        raise KeyError(f"No way to pay called {name!r}; there is: {', '.join(BY_NAME)}.")
    return BY_NAME[name]
