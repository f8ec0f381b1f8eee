"""Payment intents and charges in their initial state."""

from __future__ import annotations

from .buyers import address_of
from .cards import Method
from .engine import Sandbox, change_metadata
from .methods import bank_of, card_of
from .store import Body

# Fields that the sandbox never sets.
UNSET_INTENT = (
    "application", "application_fee_amount", "automatic_payment_methods", "canceled_at",
    "cancellation_reason", "customer_account", "excluded_payment_method_types",
    "last_payment_error", "latest_charge", "next_action", "on_behalf_of", "payment_method",
    "payment_method_configuration_details", "processing", "review", "shipping", "source",
    "transfer_data",
)  # fmt: skip
UNSET_CHARGE = (
    "application", "application_fee", "application_fee_amount", "balance_transaction",
    "failure_balance_transaction", "failure_code", "failure_message", "on_behalf_of",
    "receipt_number", "receipt_url", "review", "shipping", "source", "source_transfer",
    "transfer_data",
)  # fmt: skip


def blank_intent(sandbox: Sandbox, session: Body) -> Body:
    """Build the payment intent of a session, in `requires_payment_method`."""
    stated = session["_payment"]
    id = sandbox.ids.make("pi_3")
    return {
        **dict.fromkeys(UNSET_INTENT),
        "id": id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{sandbox.ids.make('', 25)}",
        "confirmation_method": "automatic",
        "created": sandbox.now(),
        "currency": session["currency"],
        "customer": session["customer"],
        "description": stated.get("description"),
        "livemode": False,
        "metadata": change_metadata({}, stated.get("metadata")),
        "payment_method_options": {},
        "payment_method_types": session["payment_method_types"],
        "receipt_email": stated.get("receipt_email"),
        "setup_future_usage": stated.get("setup_future_usage"),
        "statement_descriptor": stated.get("statement_descriptor"),
        "statement_descriptor_suffix": stated.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": stated.get("transfer_group"),
    }


def blank_charge(sandbox: Sandbox, session: Body, intent: Body, method: Method, status: str) -> Body:
    """Build a charge; `status` is `succeeded`, `pending` or `failed`."""
    id = sandbox.ids.make("py_3" if method.is_debit else "ch_3")
    failed = status == "failed"
    return {
        **dict.fromkeys(UNSET_CHARGE),
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if failed else intent["amount"],
        "amount_refunded": 0,
        "billing_details": billing(session["customer_details"]),
        "calculated_statement_descriptor": on_statement(sandbox, intent),
        "captured": not failed,
        "created": sandbox.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": outcome(method, failed),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": paid_with(sandbox, method),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_group": intent["transfer_group"],
    }


def billing(buyer: Body) -> Body:
    """Build the `billing_details` of a charge."""
    tax_id = buyer["tax_ids"][0]["value"] if buyer["tax_ids"] else None
    return {
        "address": address_of(buyer["address"]),
        "email": buyer["email"],
        "name": buyer["name"],
        "phone": None,
        "tax_id": tax_id,
    }


def on_statement(sandbox: Sandbox, intent: Body) -> str:
    """Build what the buyer's bank prints: the account's prefix and the payment's suffix."""
    prefix, suffix = sandbox.settings.statement, intent["statement_descriptor_suffix"]
    return f"{prefix}* {suffix}"[:22] if suffix else prefix


def outcome(method: Method, failed: bool) -> Body:
    """Build the `outcome` of a charge, as the card network reports it."""
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": (method.decline_code or method.code) if failed else None,
        "risk_level": "normal",
        "seller_message": "The bank declined the payment." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def paid_with(sandbox: Sandbox, method: Method) -> Body:
    """Build the `payment_method_details` of a charge."""
    if method.is_debit:
        return {"type": "us_bank_account", "us_bank_account": bank_of(sandbox, method)}
    card = {
        **card_of(method),
        "installments": None,
        "mandate": None,
        "network": method.brand,
        "three_d_secure": None,
    }
    if method.outcome == "challenge":
        card["three_d_secure"] = {
            "authentication_flow": "challenge",
            "result": "authenticated",
            "result_reason": None,
            "version": "2.2.0",
        }
    return {"type": "card", "card": card}
