"""Stripe's own pages for a connected account: onboarding and the Express dashboard, plain forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from . import accounts, links
from .engine import Sandbox
from .errors import StripeError
from .ledger import account_totals
from .payment_page import origin
from .store import Body


def create_blueprint(sandbox: Sandbox) -> Blueprint:
    """Create the pages of one sandbox's accounts."""
    blueprint = Blueprint("accounts", __name__)
    onboarding, express = f"{links.ONBOARDING}<id>", f"{links.LOGIN}<id>"
    blueprint.add_url_rule(onboarding, "onboarding", lambda id: begin(sandbox, id))
    blueprint.add_url_rule(onboarding, "submit", lambda id: submit(sandbox, id), methods=["POST"])
    blueprint.add_url_rule(express, "express", lambda id: dashboard(sandbox, id))
    blueprint.add_url_rule(express, "act", lambda id: act(sandbox, id), methods=["POST"])
    return blueprint


def begin(sandbox: Sandbox, id: str) -> Answer:
    """Show onboarding once; a link that was used or is too old leads back to `refresh_url`."""
    link = sandbox.store.find(links.KIND, id)
    if link is None:
        abort(404)
    visit = links.visit(sandbox, id)
    if visit is None:
        return redirect(link["refresh_url"], 303)
    return page(sandbox, visit)


def page(sandbox: Sandbox, link: Body, refusal: str = "", status: int = 200) -> Response:
    """Render onboarding, with a CSP that lets its form lead back to the shop."""
    account = sandbox.get(accounts.KIND, link["account"])
    due = account["requirements"]["entries"]
    text = render_template(
        "onboarding.html",
        business=sandbox.settings.business,
        account=account,
        due=due,
        visit=link["_visit"],
        refusal=refusal,
    )
    response = make_response(text, status)
    leads_to = " ".join(sorted({origin(link[name]) for name in ("refresh_url", "return_url") if link[name]}))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self' {leads_to}; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def submit(sandbox: Sandbox, id: str) -> Answer:
    """Take the answers of the visit that the link began, and lead back to the shop."""
    link = sandbox.store.find(links.KIND, id)
    if link is None:
        abort(404)
    if not link["_visit"] or request.form.get("visit") != link["_visit"]:
        return redirect(link["refresh_url"], 303)
    try:
        answer(sandbox, link["account"], request.form.get("answer", ""))
    except StripeError as error:
        return page(sandbox, link, error.message, 400)
    return redirect(link["return_url"] or link["refresh_url"], 303)


def answer(sandbox: Sandbox, account_id: str, how: str) -> None:
    """Act on onboarding: "complete", "pending" (Stripe checks it later), or anything else to leave it."""
    if how in ("complete", "pending"):
        accounts.submit(sandbox, account_id, at_once=how == "complete")


def known(sandbox: Sandbox, id: str) -> Body:
    """Load the account in the address, or 404."""
    account = sandbox.store.find(accounts.KIND, id)
    if account is None or account["_deauthorised"]:
        abort(404)
    return account


def dashboard(sandbox: Sandbox, id: str) -> str:
    """Show the Express dashboard."""
    account = known(sandbox, id)
    balances: Any = account_totals(sandbox, account)
    return render_template(
        "express.html", business=sandbox.settings.business, account=account, balances=balances
    )


def act(sandbox: Sandbox, id: str) -> Answer:
    """Pay the balance out to the bank, or disconnect from the shop."""
    known(sandbox, id)
    if request.form.get("answer") == "deauthorise":
        accounts.deauthorise(sandbox, id)
        return make_response("Disconnected. You can close this page.\n", 200, {"Content-Type": "text/plain"})
    accounts.pay_out(sandbox, id)
    return redirect(request.path, 303)
