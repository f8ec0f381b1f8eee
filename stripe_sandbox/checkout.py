"""The lifecycle of a Checkout Session: open, then complete or expired.

One lock serialises its transitions.
"""

from __future__ import annotations

from collections.abc import Callable

from . import disputes, fraud_warnings, ledger, methods
from .buyers import Buyer, introduce, may_keep_card, remember
from .cards import BY_NAME, BY_NUMBER, Method, by_number
from .customers import blank_customer
from .engine import TIMERS, Sandbox
from .errors import StripeError
from .intents import billing, blank_charge, blank_intent
from .store import Body

NOBODY = Buyer()
# What follows a payment with some test cards.
AFTERWARDS: dict[str, Callable[[Sandbox, str], Body]] = {
    "disputed": disputes.dispute,
    "inquiry": lambda sandbox, id: disputes.dispute(sandbox, id, "warning_needs_response"),
    "not_received": lambda sandbox, id: disputes.dispute(sandbox, id, reason="product_not_received"),
    "warned": fraud_warnings.warn,
}


class SessionClosedError(Exception):
    """A session that can't be paid any more: it is complete or expired."""


def expire(sandbox: Sandbox, session: Body, request: Body | None = None) -> Body:
    """Expire an open session and emit its event."""
    session.update(status="expired", url=None)
    if session["payment_intent"]:
        intent = sandbox.get("payment_intent", session["payment_intent"])
        intent.update(
            status="canceled", canceled_at=sandbox.now(), cancellation_reason="automatic", next_action=None
        )
        sandbox.store.save(intent)
        sandbox.emit("payment_intent.canceled", intent, request=request)
    sandbox.store.save(session)
    sandbox.emit("checkout.session.expired", session, request=request)
    return session


def expire_on_time(sandbox: Sandbox, session_id: str) -> None:
    """Timer: expire a session that nobody has paid."""
    session = sandbox.store.find("checkout.session", session_id)
    if session and session["status"] == "open":
        expire(sandbox, session)


def open_session(sandbox: Sandbox, session_id: str) -> Body:
    """Return the session if it is open, else raise SessionClosedError; StripeError for an unknown one."""
    session = sandbox.get("checkout.session", session_id)
    if session["status"] != "open":
        raise SessionClosedError(f"This session is {session['status']}.")
    return session


def pay(sandbox: Sandbox, session_id: str, method: Method, buyer: Buyer = NOBODY) -> Body:
    """Attempt to pay an open session; returns the session afterwards.

    Complete means paid (or a debit in progress); still open means declined or waiting for 3-D Secure: the
    payment intent's status says which. `buyer` is as typed; a card that they keep is used instead of
    `method`. Raises SessionClosedError.
    """
    sandbox.sweep()
    with sandbox.store.transaction():
        session = open_session(sandbox, session_id)
        introduce(sandbox, session, buyer)
        session["_keep_card"] = buyer.keep_card and may_keep_card(session)
        if session["amount_total"] == 0:
            return complete(sandbox, session, "no_payment_required")
        kept = {row["id"]: row for row in methods.kept_by(sandbox, session["customer"])}.get(buyer.saved)
        if kept:
            method = by_number(kept["_number"])
        attempt(sandbox, session, method, kept)
        return session


def attempt(sandbox: Sandbox, session: Body, method: Method, kept: Body | None) -> None:
    """Try one method, with the outcome that its number stands for."""
    intent = intent_of(sandbox, session)
    used = kept or methods.new_method(sandbox, method, billing(session["customer_details"]))
    intent["payment_method"], intent["_number"] = used["id"], method.number
    if method.outcome == "declined":
        decline(sandbox, session, intent, method)
    elif method.outcome == "challenge":
        challenge(sandbox, session, intent)
    elif method.is_debit:
        begin_debit(sandbox, session, intent, method)
    else:
        charge_now(sandbox, session, intent, method)


def intent_of(sandbox: Sandbox, session: Body) -> Body:
    """Get the session's payment intent, which is created at the first attempt to pay."""
    if session["payment_intent"]:
        return sandbox.get("payment_intent", session["payment_intent"])
    intent = sandbox.store.add(blank_intent(sandbox, session))
    session["payment_intent"] = intent["id"]
    sandbox.emit("payment_intent.created", intent)
    return intent


def decline(sandbox: Sandbox, session: Body, intent: Body, method: Method) -> None:
    """Decline: a failed charge; the session stays open for another attempt."""
    charge = blank_charge(sandbox, session, intent, method, "failed")
    charge.update(failure_code=method.code, failure_message=method.message)
    sandbox.store.add(charge)
    sandbox.emit("charge.failed", charge)
    error = {"code": method.code, "message": method.message, "charge": charge["id"], "type": "card_error"}
    if method.decline_code:
        error["decline_code"] = method.decline_code
    fall_back(sandbox, session, intent, error, charge["id"])


def fall_back(
    sandbox: Sandbox, session: Body, intent: Body, error: Body, charge_id: str | None = None
) -> None:
    """Return the intent to `requires_payment_method`."""
    intent.update(
        status="requires_payment_method", last_payment_error=error, next_action=None, payment_method=None
    )
    if charge_id:
        intent["latest_charge"] = charge_id
    sandbox.store.save(intent)
    sandbox.emit("payment_intent.payment_failed", intent)
    sandbox.store.save(session)


def challenge(sandbox: Sandbox, session: Body, intent: Body) -> None:
    """Require 3-D Secure (`requires_action`)."""
    action = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": session["success_url"], "url": session["url"]},
    }
    intent.update(status="requires_action", next_action=action)
    sandbox.store.save(intent)
    sandbox.store.save(session)
    sandbox.emit("payment_intent.requires_action", intent)


def authenticate(sandbox: Sandbox, session_id: str, ok: bool) -> Body:
    """Finish 3-D Secure. Raises SessionClosedError, or StripeError if none was required."""
    sandbox.sweep()
    with sandbox.store.transaction():
        session = open_session(sandbox, session_id)
        intent = sandbox.store.find("payment_intent", session["payment_intent"] or "")
        if intent is None or intent["status"] != "requires_action":
            raise StripeError("No authentication is under way.")
        if ok:
            charge_now(sandbox, session, intent, BY_NUMBER.get(intent["_number"], BY_NAME["3ds"]))
        else:
            message = "The provided payment method has failed authentication. Choose another one."
            error = {
                "code": "payment_intent_authentication_failure",
                "message": message,
                "type": "card_error",
            }
            fall_back(sandbox, session, intent, error)
        return session


def charge_now(sandbox: Sandbox, session: Body, intent: Body, method: Method) -> None:
    """Charge the card and complete the session."""
    charge = blank_charge(sandbox, session, intent, method, "succeeded")
    charge["_then"] = method.then
    sandbox.store.add(charge)
    arrive(sandbox, intent, charge)
    complete(sandbox, session, "paid")
    if method.then in AFTERWARDS:
        AFTERWARDS[method.then](sandbox, charge["id"])


def arrive(sandbox: Sandbox, intent: Body, charge: Body) -> None:
    """Mark a charge as succeeded: charge, balance and intent."""
    charge.update(status="succeeded", paid=True)
    charge["balance_transaction"] = ledger.receive(sandbox, charge)["id"]
    sandbox.store.save(charge)
    sandbox.emit("charge.succeeded", charge)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    sandbox.store.save(intent)
    sandbox.emit("payment_intent.succeeded", intent)


def begin_debit(sandbox: Sandbox, session: Body, intent: Body, method: Method) -> None:
    """Begin a bank debit: the session is complete, the charge is pending."""
    charge = sandbox.store.add(blank_charge(sandbox, session, intent, method, "pending"))
    sandbox.emit("charge.pending", charge)
    intent.update(status="processing", latest_charge=charge["id"], last_payment_error=None)
    sandbox.store.save(intent)
    sandbox.emit("payment_intent.processing", intent)
    session["_settles_ok"] = method.outcome == "debit_ok"
    sandbox.store.set_timer(sandbox.now() + sandbox.settings.settle_after, "settle_session", session["id"])
    complete(sandbox, session, "unpaid")


def complete(sandbox: Sandbox, session: Body, payment_status: str) -> Body:
    """Complete a session, and create a customer if the session asked for one."""
    if session["customer_creation"] == "always":
        session["customer"] = new_customer(sandbox, session)
    remember(sandbox, session)
    if session["payment_intent"] and (
        session.get("_keep_card") or session["_payment"].get("setup_future_usage")
    ):
        keep_card(sandbox, session)
    session.update(status="complete", payment_status=payment_status, url=None)
    sandbox.store.save(session)
    event = sandbox.emit("checkout.session.completed", session)
    session["_completed_event"] = event["id"]
    return sandbox.store.save(session)


def keep_card(sandbox: Sandbox, session: Body) -> None:
    """Keep the card with the customer, as the buyer ticked."""
    intent = sandbox.get("payment_intent", session["payment_intent"])
    if session["customer"]:
        methods.keep(sandbox, intent["payment_method"], session["customer"])


def new_customer(sandbox: Sandbox, session: Body) -> str:
    """Create a customer with the buyer's details; returns its id."""
    customer = blank_customer(sandbox.ids.make("cus_", 14), sandbox.now())
    customer.update(email=session["customer_details"]["email"], name=session["customer_details"]["name"])
    sandbox.store.add(customer)
    sandbox.emit("customer.created", customer)
    return str(customer["id"])


def settle(sandbox: Sandbox, session_id: str, ok: bool) -> Body:
    """Settle a pending bank debit. Raises StripeError when there is none."""
    with sandbox.store.transaction():
        session = sandbox.get("checkout.session", session_id)
        intent = sandbox.store.find("payment_intent", session["payment_intent"] or "")
        if intent is None or intent["status"] != "processing":
            raise StripeError("This session has no payment under way.")
        charge = sandbox.get("charge", intent["latest_charge"])
        if ok:
            arrive(sandbox, intent, charge)
            session["payment_status"] = "paid"
        else:
            bounce(sandbox, session, intent, charge)
        sandbox.store.save(session)
        sandbox.emit(f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}", session)
        return session


def bounce(sandbox: Sandbox, session: Body, intent: Body, charge: Body) -> None:
    """Fail a bank debit."""
    message = "The customer's account has insufficient funds to cover this payment."
    charge.update(status="failed", failure_code="insufficient_funds", failure_message=message)
    sandbox.store.save(charge)
    sandbox.emit("charge.failed", charge)
    error = {"code": "insufficient_funds", "message": message, "charge": charge["id"], "type": "card_error"}
    fall_back(sandbox, session, intent, error)


def settle_on_time(sandbox: Sandbox, session_id: str) -> None:
    """Timer: settle the debit as its method says, unless it was settled before."""
    session = sandbox.get("checkout.session", session_id)
    intent = sandbox.store.find("payment_intent", session["payment_intent"] or "")
    if intent and intent["status"] == "processing":
        settle(sandbox, session_id, session["_settles_ok"])


def return_address(session: Body) -> str:
    """Build the URL to return to after paying; only a literal `{CHECKOUT_SESSION_ID}` is filled in."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


TIMERS["expire_session"] = expire_on_time
TIMERS["settle_session"] = settle_on_time
