"""Actions at Stripe that no call of the shop causes: of its staff in the dashboard, banks and creators."""

from __future__ import annotations

from . import (
    account_pages,
    accounts,
    disputes,
    fraud_warnings,
    links,
    refund_lifecycle,
    thin_events,
    unrelated_events,
)
from .engine import Sandbox, shown
from .resources.refunds import check
from .store import THIN, Body


class Dashboard:
    """Actions on `engine`, a method each. All raise `errors.StripeError` for what can't be."""

    engine: Sandbox

    def refund(self, charge_id: str, amount: int | None = None) -> Body:
        """Refund a payment in the dashboard: the rest of it, unless `amount` (minor units) says less."""
        with self.engine.store.transaction():
            charge = self.engine.get("charge", charge_id)
            rest = charge["amount"] - charge["amount_refunded"]
            check(self.engine, charge, max(amount or rest, 1))
            return shown(refund_lifecycle.refund(self.engine, charge, amount or rest, {"metadata": {}}))

    def settle_refund(self, refund_id: str, ok: bool = True) -> Body:
        """Settle a pending refund, or let a succeeded one fail."""
        return shown(refund_lifecycle.settle(self.engine, refund_id, ok))

    def dispute(
        self,
        charge_id: str,
        *,
        status: str = "needs_response",
        amount: int | None = None,
        reason: str = "fraudulent",
    ) -> Body:
        """Let the buyer's bank dispute a payment, or `amount` of it; as an inquiry by its `status`."""
        return shown(disputes.dispute(self.engine, charge_id, status, amount, reason))

    def decide(self, dispute_id: str, won: bool) -> Body:
        """Let the bank decide a dispute."""
        return shown(disputes.decide(self.engine, dispute_id, won))

    def change_dispute(self, dispute_id: str, status: str) -> Body:
        """Move a dispute to a status that may follow, such as `lost` after `won`; its money moves with it."""
        return shown(disputes.become(self.engine, dispute_id, status))

    def warn_of_fraud(self, charge_id: str) -> Body:
        """Let the card's issuer warn of a payment."""
        return shown(fraud_warnings.warn(self.engine, charge_id))

    def onboard(self, url: str, how: str = "complete") -> str:
        """Visit an onboarding link as a creator does; returns the URL they are sent to.

        `how`: complete, pending (Stripe checks later), leave. A used or old link leads to `refresh_url`.
        """
        id = url.rpartition("/")[2]
        link = self.engine.get(links.KIND, id)
        if links.visit(self.engine, id) is None:
            return str(link["refresh_url"])
        account_pages.answer(self.engine, link["account"], how)
        return str(link["return_url"])

    def restrict(
        self,
        account_id: str,
        reason: str = "requirements_past_due",
        due: tuple[str, ...] = (),
        error: str | None = None,
    ) -> None:
        """Let Stripe restrict or reject an account for a `reason` of `accounts.REASONS`.

        `due` names what it asks for, `error` what is wrong with that.
        """
        accounts.decide(self.engine, account_id, reason, due, error)

    def enable(self, account_id: str) -> None:
        """Let Stripe activate an account's transfers."""
        accounts.decide(self.engine, account_id, None)

    def reject(self, account_id: str, reason: str = "rejected_fraud") -> None:
        """Let Stripe reject an account."""
        accounts.decide(self.engine, account_id, reason)

    def deauthorise(self, account_id: str) -> None:
        """Let a creator disconnect at Stripe."""
        accounts.deauthorise(self.engine, account_id)

    def bank_receives(self, account_id: str) -> dict[str, int]:
        """Let an account's money go to its bank; returns what went, per currency in minor units."""
        return accounts.pay_out(self.engine, account_id)

    def pay_unasked(self) -> Body:
        """Create a payment made in the dashboard; returns the charge."""
        return shown(unrelated_events.pay_unasked(self.engine))

    def refuse_payout(self) -> Body:
        """Let the bank refuse a payout."""
        return shown(unrelated_events.refuse_payout(self.engine))

    def notify(self, type: str, place: str, related: Body, context: str | None = None) -> Body:
        """Emit a thin event about `related`, an object of API v2 to be retrieved at `place`."""
        return shown(thin_events.notify(self.engine, type, place, related, context))

    def change_account(self) -> Body:
        """Let an account change that the shop doesn't know; returns the thin event."""
        accounts.appear(self.engine)
        told = reversed(self.engine.store.all(THIN))
        return shown(next(event for event in told if event["type"] == accounts.CAPABILITY_CHANGED))

    def receive_credit(self) -> Body:
        """Let money arrive in a financial account; returns the thin event."""
        return shown(thin_events.receive_credit(self.engine))
