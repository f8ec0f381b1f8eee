"""Stripe's event types that aren't applied: those that raise an alert, and those that are harmless.

TOLD is about money that we don't track; HARMLESS has no effect ("family.*" for a whole family). The types
that are applied stand in `stripe_event_table.py`, which joins the three. An unlisted type that looks like
money raises an alert too; `tests/checkout/test_stripe_types.py` fails when the library adds one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class NoticeType:
    """The text of an alert: what happened, to what.

    `later`: raised even if the object had an alert before.
    """

    happened: str
    noun: str
    later: bool = False


def _each(family: str, names: str) -> tuple[str, ...]:
    return tuple(f"{family}.{name}" for name in names.split())


UNASKED = NoticeType("a payment arrived that belongs to no order here", "payment")
SENT_BACK = NoticeType("the payment was refunded outside Lectern", "refund")
SENT_BACK_OF = NoticeType(SENT_BACK.happened, "charge")
CAME_BACK = NoticeType("a refund made outside Lectern failed and the money came back", "refund", later=True)
OVERDRAWN = NoticeType("the balance is negative, so Stripe will debit the bank account", "balance")
UNKNOWN = NoticeType("something happened that Lectern doesn’t recognise", "object")

DISPUTED = NoticeType("the buyer’s bank disputes the payment; respond in Stripe’s dashboard", "dispute")
DECIDED = NoticeType("the buyer’s bank has decided the dispute", "dispute", later=True)
WARNED = NoticeType("the bank warns that the payment may be fraudulent", "warning")
_MOVED = NoticeType("money moved in a financial account", "movement")
_RESERVE = NoticeType("Stripe changed the reserve it holds", "reserve")

# About creators' accounts: each only means that the account is to be looked at.
ACCOUNTS = (
    "account.application.deauthorized",
    "account.updated",
    "capability.updated",
    "v2.core.account.closed",
    "v2.core.account.updated",
    *(f"v2.core.account[{part}].updated" for part in (
        "configuration.recipient", "future_requirements", "identity", "requirements",
    )),
    "v2.core.account[configuration.recipient].capability_status_updated",
)  # fmt: skip

TOLD: dict[str, NoticeType] = {
    # Payments of buyers.
    **dict.fromkeys(_each("charge", "succeeded captured"), NoticeType(UNASKED.happened, "charge")),
    "payment_intent.amount_capturable_updated": NoticeType(
        "a payment is authorised but not captured", "payment"
    ),
    "payment_intent.partially_funded": NoticeType("part of a payment arrived", "payment"),
    "review.opened": NoticeType(
        "Stripe asks if a payment is fraudulent; decide in its dashboard", "review"
    ),
    "review.closed": NoticeType(
        "Stripe’s fraud review of a payment was closed", "review", later=True
    ),
    "cash_balance.funds_available": NoticeType("a customer’s bank transfer arrived", "customer"),
    "customer_cash_balance_transaction.created": NoticeType("a customer’s cash balance changed", "movement"),
    "source.chargeable": NoticeType("a payment is waiting to be captured", "source"),
    "source.refund_attributes_required": NoticeType("a refund needs the buyer’s bank details", "source"),
    **dict.fromkeys(_each("source.transaction", "created updated"), NoticeType("money arrived", "source")),
    "invoice.paid": NoticeType("an invoice from outside Lectern was paid", "invoice"),
    "invoice.overpaid": NoticeType("an invoice was overpaid", "invoice", later=True),
    **dict.fromkeys(
        _each("credit_note", "created updated voided"),
        NoticeType("a credit note was created or changed outside Lectern", "credit note"),
    ),
    # Payouts to our bank account.
    "payout.failed": NoticeType("a payout failed", "payout"),
    "payout.canceled": NoticeType("a payout was cancelled", "payout"),
    **dict.fromkeys(
        _each("account.external_account", "created updated"),
        NoticeType("the payout bank account was added or changed", "account"),
    ),
    "account.external_account.deleted": NoticeType(
        "the payout bank account was removed", "account", later=True
    ),
    "balance_settings.updated": NoticeType("the payout settings were changed", "settings"),
    "balance.available": OVERDRAWN,
    **dict.fromkeys(
        _each("topup", "canceled failed reversed"),
        NoticeType("a top-up of the balance failed", "top-up"),
    ),
    **dict.fromkeys(
        (*_each("reserve.hold", "created updated"), "reserve.release.created",
         *_each("reserve.plan", "created disabled expired updated")),
        _RESERVE,
    ),  # fmt: skip
    # Money that leaves for others.
    "transfer.created": NoticeType("money was transferred to another account outside Lectern", "transfer"),
    "transfer.reversed": NoticeType("a transfer to another account was reversed", "transfer", later=True),
    "application_fee.created": NoticeType("an application fee arrived", "fee"),
    "application_fee.refunded": NoticeType("an application fee was refunded", "fee", later=True),
    "application_fee.refund.updated": NoticeType("an application fee was refunded", "fee refund"),
    **dict.fromkeys(
        _each("climate.order", "created canceled delayed delivered product_substituted"),
        NoticeType("an order of Stripe Climate was paid or changed", "order"),
    ),
    **dict.fromkeys(
        _each("issuing_transaction", "created updated purchase_details_receipt_updated"),
        NoticeType("one of our cards was used", "transaction"),
    ),
    **dict.fromkeys(
        _each("issuing_dispute", "created updated submitted closed funds_reinstated funds_rescinded"),
        NoticeType("there is a dispute about what one of our cards paid", "dispute"),
    ),
    **dict.fromkeys(
        (*_each("treasury.credit_reversal", "created posted"),
         *_each("treasury.debit_reversal", "created completed initial_credit_granted"),
         *_each("treasury.inbound_transfer", "created canceled failed succeeded"),
         *_each("treasury.outbound_payment", "created canceled failed posted returned"),
         *_each("treasury.outbound_transfer", "created canceled failed posted returned"),
         *_each("treasury.received_credit", "created failed succeeded"), "treasury.received_debit.created"),
        _MOVED,
    ),
    # Thin events, whose objects API v1 doesn't know.
    **dict.fromkeys(
        (*_each("v2.money_management.inbound_transfer", "available bank_debit_failed bank_debit_returned"
                " bank_debit_succeeded"),
         *_each("v2.money_management.outbound_payment", "canceled created failed posted returned"
                " under_review"),
         *_each("v2.money_management.payout_intent", "canceled created posted requires_action"),
         *_each("v2.money_management.received_credit", "available failed returned succeeded"),
         *_each("v2.money_management", "adjustment.created transaction.created")),
        _MOVED,
    ),
}  # fmt: skip

_NO_MONEY = "no money has moved"
_ELSEWHERE = "another event tells of the money"
_SETUP = "set up at Stripe, no money moves"
_OWN = "moves our own money as planned; the books don’t follow it"

HARMLESS: dict[str, str] = {
    **dict.fromkeys(_each("charge", "expired failed pending"), _NO_MONEY),
    "charge.updated": "a note or a number was added to a payment",
    **dict.fromkeys(
        _each("payment_intent", "created canceled payment_failed processing requires_action"), _NO_MONEY
    ),
    **dict.fromkeys(_each("source", "canceled failed mandate_notification"), _NO_MONEY),
    **dict.fromkeys(
        _each(
            "invoice",
            "created deleted finalization_failed finalized marked_uncollectible overdue sent upcoming updated"
            " payment_action_required payment_attempt_required payment_failed voided will_be_due"
            " discount_added discount_removed line_item_added line_item_pricing_changed"
            " line_item_quantity_changed line_item_removed",
        ),
        _NO_MONEY,
    ),
    **dict.fromkeys(_each("invoice_payment", "canceled open"), _NO_MONEY),
    **dict.fromkeys(("invoice.payment_succeeded", "invoice_payment.paid"), _ELSEWHERE),
    **dict.fromkeys(_each("payout", "created paid updated reconciliation_completed"), _OWN),
    **dict.fromkeys(_each("topup", "created succeeded"), _OWN),
    **dict.fromkeys(_each("issuing_authorization", "created request updated"), _ELSEWHERE),
    **dict.fromkeys(
        (*_each("treasury.outbound_payment", "expected_arrival_date_updated tracking_details_updated"),
         *_each("treasury.outbound_transfer", "expected_arrival_date_updated tracking_details_updated"),
         *_each("treasury.financial_account", "closed created features_status_updated")),
        _SETUP,
    ),
    "account.application.authorized": _SETUP,
    **dict.fromkeys(_each("climate.product", "created pricing_updated"), _SETUP),
    **dict.fromkeys(
        ("customer.*", "invoiceitem.*", "quote.*", "subscription_schedule.*"),
        "what is paid for it comes as a payment",
    ),
    **dict.fromkeys(
        ("apps.*", "billing.*", "billing_portal.*", "coupon.*", "entitlements.*", "file.*",
         "financial_connections.*", "identity.*", "issuing_card.*", "issuing_cardholder.*",
         "issuing_personalization_design.*", "issuing_token.*", "mandate.*", "payment_link.*",
         "payment_method.*", "person.*", "plan.*", "price.*", "product.*", "promotion_code.*", "reporting.*",
         "setup_intent.*", "sigma.*",
         "tax.*", "tax_rate.*", "terminal.*", "test_helpers.*", "three_d_secure.*"),
        _SETUP,
    ),
    **dict.fromkeys(("v2.core.*", "v2.commerce.*"), _SETUP),
    **dict.fromkeys(
        (*_each("v2.money_management.financial_account", "created updated"),
         *_each("v2.money_management.financial_address", "activated failed"),
         *_each("v2.money_management.payout_method", "created updated"),
         *_each("v2.money_management.recipient_verification", "created updated")),
        _SETUP,
    ),
    **dict.fromkeys(
        (*_each("v2.money_management.inbound_transfer", "bank_debit_processing bank_debit_queued"),
         *_each("v2.money_management.payout_intent", "pending processing updated"),
         "v2.money_management.outbound_payment.updated", "v2.money_management.transaction.updated"),
        _ELSEWHERE,
    ),
}  # fmt: skip


def plain(type: str) -> str:
    """Return API v1's name of a type: its thin events are called "v1.charge.refunded"."""
    return type.removeprefix("v1.")
