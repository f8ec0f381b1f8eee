"""Orders to write documents about, paid without Stripe."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from domain.base import clock
from domain.ledger import portions
from models import (
    Order,
    OrderStatus,
    Purchase,
    PurchaseStatus,
    Refund,
    RefundCause,
    RefundLine,
    RefundStatus,
    User,
    db,
)
from tests.cast import Cast


class Item(NamedTuple):
    """A line: what is paid for it without tax, its tax and rate, and what a coupon took off."""

    net: int
    tax: int = 0
    rate_bp: int = 0
    discount: int = 0


def paid(cast: Cast, *items: Item, includes: bool = False, at: datetime | None = None, **more: Any) -> Order:
    """Write a completed order of Cy's with such lines; all are the same course, owned by nobody else."""
    net, tax = sum(item.net for item in items), sum(item.tax for item in items)
    discount = sum(item.discount for item in items)
    order = Order(
        number=f"LN-{uuid.uuid4().hex[:12].upper()}", user_id=cast.cy.id, cart_key="cart",
        discount_cents=discount,
        subtotal_cents=net + discount + (tax if includes else 0), tax_cents=tax, total_cents=net + tax,
        prices_include_tax=includes, status=OrderStatus.COMPLETED, completed_at=at or clock.now(),
        stripe_payment_intent_id=f"pi_{uuid.uuid4().hex}", **{"currency": "eur", **more},
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    for number, item in enumerate(items, 1):
        db.session.add(
            Purchase(
                order_id=order.id, user_id=cast.cy.id, owner_id=None, is_gift=True,
                product_id=cast.flask_course.id, price_cents=item.net + item.discount,
                discount_cents=item.discount, amount_cents=item.net, tax_cents=item.tax,
                tax_rate_bp=item.rate_bp, currency=order.currency, status=PurchaseStatus.COMPLETED,
                product_snapshot={"title": f"Course {number}", "creator": "Ada", "slug": "x", "summary": ""},
            )
        )  # fmt: skip
    db.session.flush()
    db.session.refresh(order, ["purchases"])
    return order


def refunded(order: Order, cents: int, line: int | None = None, **more: Any) -> Refund:
    """Write a refund of `order` that succeeded: of all its lines, or of one of them."""
    lines = order.purchases if line is None else [order.purchases[line]]
    found = portions.shared_out(lines, cents) if "payment_intent_id" not in more else []
    for part in found:
        part.purchase.refunded_cents += part.gross_cents
        part.purchase.returned_tax_cents += part.tax_cents
    refund = Refund(
        order_id=order.id, amount_cents=cents, currency=order.currency, reason="You asked for it",
        status=RefundStatus.SUCCEEDED, cause=RefundCause.ADMIN,
        lines=[
            RefundLine(
                purchase_id=part.purchase.id, net_cents=part.net_cents, tax_cents=part.tax_cents,
                gross_cents=part.gross_cents,
            )
            for part in found
        ],
        payment_intent_id=more.get("payment_intent_id", order.stripe_payment_intent_id),
    )  # fmt: skip
    db.session.add(refund)
    db.session.flush()
    return refund


def rename(user: User, name: str) -> None:
    """Give `user` another name."""
    db.session.get_one(User, user.id).name = name
    db.session.flush()
