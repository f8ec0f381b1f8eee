"""The hosted payment page. Plain forms, no script."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from . import methods, money, taxes
from .buyers import (
    COUNTRIES,
    PARTS,
    Buyer,
    introduce,
    known_address,
    may_keep_card,
    tax_ids_of,
    wants_address,
    wants_tax_id,
)
from .cards import BY_NAME, Method, by_number, digits, luhn
from .checkout import SessionClosedError, authenticate, open_session, pay, return_address
from .engine import Sandbox
from .errors import StripeError
from .store import Body

CARD = ("number", "expiry", "cvc")
TYPED = ("email", *CARD, "name", "business", "tax_id", *PARTS)


def create_blueprint(sandbox: Sandbox) -> Blueprint:
    """Create the hosted pages of one sandbox, at `/c/pay/<session id>`."""
    blueprint = Blueprint("hosted", __name__)
    blueprint.add_app_template_filter(money.written, "written")
    blueprint.add_app_template_filter(taxes.named, "taxes")
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
    pictures = " ".join(sorted({origin(address) for address in pictures_of(session)}))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self' {pictures}; "
        f"form-action 'self' {leads_to}; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def pictures_of(session: Body) -> list[str]:
    """Return the addresses of the lines' pictures."""
    products = [item.get("_product") or {} for item in session["_line_items"]]
    return [product["images"][0] for product in products if product.get("images")]


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
    typed = {**known_address(sandbox, session), **more.pop("typed", {})}
    context = {
        "errors": {},
        "declined": None,
        "known_email": (session["customer_details"] or {}).get("email"),
        "asks_address": wants_address(session),
        "asks_tax_id": wants_tax_id(session),
        "may_keep_card": may_keep_card(session),
        "saved": methods.kept_by(sandbox, session["customer"]),
        "countries": COUNTRIES,
    }
    return page(sandbox, "pay.html", session, status, typed=typed, **{**context, **more})


def submit(sandbox: Sandbox, id: str) -> Answer:
    """POST: pay with a predefined method, a kept card or a typed one; or only tell the address."""
    session = session_of(sandbox, id)
    typed = {name: request.form[name].strip()[:200] for name in TYPED if name in request.form}
    chosen = request.form.get("choice", "")
    if request.form.get("remove"):
        methods.forget(sandbox, request.form["remove"], session["customer"])
        return redirect(url_for("hosted.pay", id=id), 303)
    is_typed = (
        not request.form.get("saved") and chosen not in (*BY_NAME, "update") and session["amount_total"] > 0
    )
    known = bool((session["customer_details"] or {}).get("email"))
    errors = buyer_mistakes(session, typed)
    if is_typed:
        errors |= mistakes(typed, known, sandbox.now())
    if errors:
        return pay_page(sandbox, session, 422, typed=typed, errors=errors)
    method = by_number(digits(typed.get("number", ""))) if is_typed else BY_NAME.get(chosen, BY_NAME["card"])
    try:
        if chosen == "update":
            return update(sandbox, id, typed)
        session = pay(sandbox, id, method, buyer_of(typed))
    except SessionClosedError:
        return redirect(url_for("hosted.pay", id=id), 303)
    return after_attempt(sandbox, session, typed)


def update(sandbox: Sandbox, id: str, typed: dict[str, str]) -> Answer:
    """Keep the address and VAT id as typed, and show the tax for them. Raises SessionClosedError."""
    with sandbox.store.transaction():
        session = open_session(sandbox, id)
        introduce(sandbox, session, buyer_of(typed))
        sandbox.store.save(session)
    return pay_page(sandbox, session, typed=typed)


def buyer_of(typed: dict[str, str]) -> Buyer:
    """Build the buyer from the form."""
    return Buyer(
        name=typed.get("name", ""),
        email=typed.get("email", ""),
        business=typed.get("business", ""),
        tax_id=typed.get("tax_id", ""),
        address={name: typed[name] for name in PARTS if name in typed},
        keep_card=request.form.get("keep_card") == "on",
        saved=request.form.get("saved", ""),
    )


def buyer_mistakes(session: Body, typed: dict[str, str]) -> dict[str, str]:
    """Validate a typed address and VAT id; answers error messages by field."""
    errors = {}
    if wants_address(session) and "country" in typed:
        for name, what in (("line1", "street and number"), ("city", "city"), ("postal_code", "postal code")):
            if not typed.get(name):
                errors[name] = f"Enter the {what}."
        if typed["country"] not in COUNTRIES:
            errors["country"] = "Choose a country from the list."
    ids = tax_ids_of(typed.get("tax_id", "")) if wants_tax_id(session) else []
    if ids and not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{2,13}", ids[0]["value"]):
        errors["tax_id"] = "Enter a VAT id that begins with its country, such as DE123456789."
    if ids and not typed.get("business"):
        errors["business"] = "Enter the name of the business that the VAT id belongs to."
    return errors


def after_attempt(sandbox: Sandbox, session: Body, typed: dict[str, str]) -> Answer:
    """Redirect to the shop or to the bank, or show the form with the reason."""
    if session["status"] == "complete":
        return to_shop(sandbox, session)
    intent = sandbox.get("payment_intent", session["payment_intent"])
    if intent["status"] == "requires_action":
        return redirect(url_for("hosted.bank", id=session["id"]), 303)
    kept = {name: value for name, value in typed.items() if name not in CARD}
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
        return page(sandbox, "bank.html", session, last4=intent["_number"][-4:])
    try:
        session = authenticate(sandbox, id, ok=request.form.get("answer") == "complete")
    except (SessionClosedError, StripeError):
        return redirect(url_for("hosted.pay", id=id), 303)
    return after_attempt(sandbox, session, {})


def mistakes(typed: dict[str, str], email_known: bool, now: int) -> dict[str, str]:
    """Validate a typed card; answers error messages by field."""
    errors = {}
    if not email_known and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", typed.get("email", "")):
        errors["email"] = "Enter an email address, such as you@example.com."
    if not luhn(digits(typed.get("number", ""))):
        errors["number"] = "This card number is not valid. Try 4242 4242 4242 4242."
    problem = expiry_problem(typed.get("expiry", ""), now)
    if problem:
        errors["expiry"] = problem
    if not re.fullmatch(r"[0-9]{3,4}", typed.get("cvc", "")):
        errors["cvc"] = "Enter the 3 or 4 digits of the security code."
    if not typed.get("name"):
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
    """Return a predefined method, or that of a card number; KeyError with the list for anything else."""
    if luhn(digits(name)):
        return by_number(digits(name))
    if name not in BY_NAME:
        raise KeyError(f"No way to pay called {name!r}; there is: {', '.join(BY_NAME)}.")
    return BY_NAME[name]
