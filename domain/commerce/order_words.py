"""The words for the states of orders, purchases and refunds: the same for buyers and admins."""

from enum import StrEnum
from typing import NamedTuple

from domain.commerce.orders import BuyerStatus
from domain.documents import pdf_words
from models import Order, OrderStatus, RefundStatus


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
}
# The stored states, of purchases too; those that share a name with one above are the same.
_ORDERS |= {
    OrderStatus.COMPLETED.value: _ORDERS[BuyerStatus.PAID],
    OrderStatus.PENDING.value: _ORDERS[BuyerStatus.OPEN],
    OrderStatus.PARTIALLY_REFUNDED.value: Words("Partly refunded", "neutral"),
}
_REFUNDS = {
    RefundStatus.PENDING.value: _ORDERS[BuyerStatus.RETURNING],
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
    first, *more = (line.product_snapshot["title"] for line in order.purchases)
    return f"“{first}” and {len(more)} more" if more else f"“{first}”"


def words(status: StrEnum | str) -> Words:
    """Say the state of an order, as stored or as its buyer sees it, or of a purchase or a refund."""
    return _REFUNDS[status.value] if isinstance(status, RefundStatus) else _ORDERS[str(status)]
