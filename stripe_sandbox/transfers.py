"""Transfers to connected accounts, and their reversals."""

from __future__ import annotations

from . import accounts, ledger, money
from .engine import Sandbox
from .errors import StripeError
from .store import Body

SHOWN_REVERSALS = 10


def destination(sandbox: Sandbox, account_id: str) -> Body:
    """Return the account that is to be paid; StripeError for one that can't receive transfers."""
    account = sandbox.store.find(accounts.KIND, account_id)
    if account is None or account["_deauthorised"] or account["closed"]:
        raise StripeError(
            f"No such destination: '{account_id}'", code="resource_missing", param="destination"
        )
    if accounts.capability(account)["status"] != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: "
            "transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return account


def source(sandbox: Sandbox, charge_id: str, amount: int, currency: str) -> Body:
    """Return the balance transaction of the charge that is drawn on; StripeError beyond its amount."""
    charge = sandbox.store.find("charge", charge_id)
    if charge is None or charge["status"] != "succeeded":
        message = f"No such charge: '{charge_id}'"
        raise StripeError(message, code="resource_missing", param="source_transaction")
    if charge["currency"] != currency:
        raise StripeError(
            f"The currency of source_transaction's balance transaction ({charge['currency']}) must be the "
            f"same as the transfer currency ({currency})",
            param="currency",
        )
    drawn = sum(
        row["amount"] for row in sandbox.store.all("transfer") if row["source_transaction"] == charge_id
    )
    if drawn + amount > charge["amount"]:
        most = money.written(charge["amount"], currency)
        message = f"Transfers using this transaction as a source must not exceed the source amount of {most}."
        raise StripeError(message, param="amount")
    return sandbox.get("balance_transaction", charge["balance_transaction"])


def transfer(sandbox: Sandbox, stated: Body, request: Body) -> Body:
    """Transfer money to an account. `stated` holds amount, currency, destination and what else was sent.

    Without `source_transaction` the amount must be available: else a StripeError `balance_insufficient`.
    """
    amount, currency = stated["amount"], stated["currency"]
    destination(sandbox, stated["destination"])
    available_on = sandbox.now()
    if stated.get("source_transaction"):
        drawn = source(sandbox, stated["source_transaction"], amount, currency)
        available_on = max(available_on, drawn["available_on"])
    elif ledger.totals(sandbox).get(currency, (0, 0))[0] < amount:
        raise StripeError(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card.",
            code="balance_insufficient",
        )
    row = blank(sandbox, stated)
    row["_available_on"] = available_on
    moved = ledger.move(sandbox, "transfer", row, -amount, available_on)
    row["balance_transaction"] = moved["id"]
    sandbox.store.add(row)
    sandbox.emit("transfer.created", row, request=request)
    return row


def blank(sandbox: Sandbox, stated: Body) -> Body:
    """Build a transfer."""
    id = sandbox.ids.make("tr_3")
    return {
        "id": id,
        "object": "transfer",
        "amount": stated["amount"],
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": sandbox.now(),
        "currency": stated["currency"],
        "description": stated.get("description"),
        "destination": stated["destination"],
        "destination_payment": sandbox.ids.make("py_1"),
        "livemode": False,
        "metadata": stated.get("metadata", {}),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{id}/reversals",
        },
        "reversed": False,
        "source_transaction": stated.get("source_transaction"),
        "source_type": "card",
        "transfer_group": stated.get("transfer_group"),
    }


def reverse(sandbox: Sandbox, row: Body, amount: int, metadata: Body, request: Body | None = None) -> Body:
    """Reverse a part of a transfer. StripeError beyond its rest, or beyond what the account still has."""
    rest = row["amount"] - row["amount_reversed"]
    currency = row["currency"]
    if amount > rest:
        asked, left = money.written(amount, currency), money.written(rest, currency)
        message = f"Reversal amount ({asked}) is greater than unreversed amount on transfer ({left})"
        raise StripeError(message, param="amount")
    account = sandbox.get(accounts.KIND, row["destination"])
    if sum(ledger.account_totals(sandbox, account).get(currency, (0, 0))) < amount:
        message = "The connected account does not have sufficient funds to reverse this transfer."
        raise StripeError(message, code="balance_insufficient", param="amount")
    reversal: Body = {
        "id": sandbox.ids.make("trr_1"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": sandbox.now(),
        "currency": currency,
        "destination_payment_refund": sandbox.ids.make("pyr_1"),
        "metadata": metadata,
        "source_refund": None,
        "transfer": row["id"],
    }
    back = ledger.move(sandbox, "transfer_refund", {**reversal, "description": row["description"]}, amount,
                       max(sandbox.now(), row["_available_on"]))  # fmt: skip
    reversal["balance_transaction"] = back["id"]
    sandbox.store.add(reversal)
    earlier = {"amount_reversed": row["amount_reversed"], "reversed": row["reversed"]}
    row["amount_reversed"] += amount
    row["reversed"] = row["amount_reversed"] == row["amount"]
    shown = [reversal, *row["reversals"]["data"]]
    row["reversals"].update(data=shown[:SHOWN_REVERSALS], has_more=len(shown) > SHOWN_REVERSALS)
    sandbox.store.save(row)
    sandbox.emit("transfer.reversed", row, earlier, request)
    return reversal
