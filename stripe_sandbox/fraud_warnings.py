"""Early fraud warnings: the card's issuer says that a payment may be fraudulent, before any dispute."""

from __future__ import annotations

from .engine import Sandbox
from .errors import StripeError
from .store import Body

KIND = "radar.early_fraud_warning"


def warn(sandbox: Sandbox, charge_id: str, fraud_type: str = "made_with_stolen_card") -> Body:
    """Warn of a payment. Raises StripeError unless it succeeded."""
    with sandbox.store.transaction():
        charge = sandbox.get("charge", charge_id)
        if charge["status"] != "succeeded":
            raise StripeError(f"Charge {charge_id} has not succeeded.")
        row = sandbox.store.add(
            {
                "id": sandbox.ids.make("issfr_1"),
                "object": KIND,
                "actionable": is_actionable(charge),
                "charge": charge["id"],
                "created": sandbox.now(),
                "fraud_type": fraud_type,
                "livemode": False,
                "payment_intent": charge["payment_intent"],
            }
        )
        charge["_warning"] = row["id"]
        sandbox.store.save(charge)
        sandbox.emit(f"{KIND}.created", row)
        return row


def is_actionable(charge: Body) -> bool:
    """Tell whether a refund would still avert a dispute."""
    return not charge["disputed"] and not charge["refunded"]


def refresh(sandbox: Sandbox, charge: Body) -> None:
    """Update the warning of a payment that was disputed or refunded since."""
    row = sandbox.store.find(KIND, charge.get("_warning", ""))
    if row is None or row["actionable"] == is_actionable(charge):
        return
    row["actionable"] = is_actionable(charge)
    sandbox.store.save(row)
    sandbox.emit(f"{KIND}.updated", row, {"actionable": not row["actionable"]})
