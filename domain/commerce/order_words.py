"""The words for the states of orders, purchases and refunds: the same for buyers and admins."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.base.money import money
from domain.commerce.orders import BuyerStatus
from domain.documents import pdf_words
from models import Order, OrderStatus, Purchase, PurchaseStatus, RefundStatus


class Words(NamedTuple):
    """The text of a badge, and its tone."""

    text: str
    tone: str


_ORDERS = {
    BuyerStatus.PAID.value: Words("Paid", "good"),
    BuyerStatus.OPEN.value: Words("Not paid", "neutral"),
    BuyerStatus.CONFIRMING.value: Words("Processing", "warn"),
    BuyerStatus.FAILED.value: Words("Payment failed", "bad"),
    BuyerStatus.CANCELLED.value: Words("Cancelled", "neutral"),
    BuyerStatus.PROBLEM.value: Words("On hold", "warn"),
    BuyerStatus.RETURNING.value: Words("Refund on its way", "neutral"),
    BuyerStatus.REFUNDED.value: Words("Refunded", "neutral"),
    BuyerStatus.PARTLY_REFUNDED.value: Words("Partly refunded", "neutral"),
}
# The stored states, of purchases too; those that share a name with one above are the same.
_ORDERS |= {
    OrderStatus.COMPLETED.value: _ORDERS[BuyerStatus.PAID],
    OrderStatus.PENDING.value: _ORDERS[BuyerStatus.OPEN],
}
_REFUNDS = {
    RefundStatus.PENDING.value: _ORDERS[BuyerStatus.RETURNING],
    RefundStatus.REQUIRES_ACTION.value: Words("Waits for the buyer", "warn"),
    RefundStatus.SUCCEEDED.value: _ORDERS[BuyerStatus.REFUNDED],
    RefundStatus.FAILED.value: Words("Refund failed", "bad"),
    RefundStatus.CANCELED.value: Words("Refund cancelled", "neutral"),
}


def method(order: Order) -> str:
    """Say what paid an order: "Visa ending in 4242", or Stripe where that isn't known."""
    if not order.total_cents:
        return "No payment needed"
    return pdf_words.method(order.payment_method or "", order.payment_last4 or "") or "Stripe"


def taxes(order: Order) -> list[tuple[str, int]]:
    """Sum the tax of the loaded lines by rate: "19 %" and minor units, the highest rate first."""
    rates = sorted({line.tax_rate_bp for line in order.purchases if line.tax_cents}, reverse=True)
    return [
        (pdf_words.rate(rate), sum(line.tax_cents for line in order.purchases if line.tax_rate_bp == rate))
        for rate in rates
    ]


def title(order: Order) -> str:
    """Name what an order is for, in quotation marks: “Routes” or “Routes” and 2 more."""
    return _names(order.purchases)


def _names(lines: Sequence[Purchase]) -> str:
    first, *more = (line.product_snapshot["title"] for line in lines)
    return f"“{first}” and {len(more)} more" if more else f"“{first}”"


def thanks(order: Order) -> str:
    """Say what a paid order brought its buyer, and what it gives to others, by its delivered lines."""
    delivered = [line for line in order.purchases if line.status == PurchaseStatus.COMPLETED]
    own = [line for line in delivered if not line.is_gift]
    gifts = [line for line in delivered if line.is_gift]
    yours = f"{_names(own)} {'are' if len(own) > 1 else 'is'} yours" if own else ""
    if not gifts:
        return yours
    given = "gift is" if len(gifts) == 1 else f"{len(gifts)} gifts are"
    if own:
        return f"{yours}, and your {given} paid"
    return f"Your gift of {_names(gifts)} is paid" if len(gifts) == 1 else f"Your {given} paid"


def undelivered(line: Purchase) -> str:
    """Say why a paid line wasn't delivered, and that its money goes back; the product must be loaded."""
    named = f"“{line.product_snapshot['title']}”"
    if line.product.deleted_at is not None:
        why = f"{named} was taken down before your payment came in."
    elif line.is_gift:
        why = f"You’d already given {named} in another order."
    else:
        why = f"You already own {named}."
    return (
        f"{why} {money(line.paid_cents, line.currency)} goes back the way you paid."
        if line.paid_cents
        else why
    )


def words(status: StrEnum | str) -> Words:
    """Say the state of an order, as stored or as its buyer sees it, or of a purchase or a refund."""
    return _REFUNDS[status.value] if isinstance(status, RefundStatus) else _ORDERS[str(status)]
