"""Refund terms: the sentence about changing one's mind, until when it holds, and whom to write to."""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import func, select

from domain.base import clock
from domain.base.counts import plural
from domain.platform import settings
from models import Earning, Order, OrderStatus, Purchase, PurchaseShare, db


class RefundTerms(NamedTuple):
    """The shop's sentence, the moment until which it holds, and a mailto address that names the order."""

    sentence: str
    until: datetime
    mailto: str


def sentence() -> str:
    """Say how to change one's mind; "" in a shop that doesn't promise it."""
    site = settings.current()
    days = site.refund_window_days
    return site.refund_terms.replace("{days}", plural(days, "day")) if days else ""


def of(order: Order) -> RefundTerms | None:
    """Say how the buyer of `order` can change their mind; None for unpaid orders and once the time is over.

    The time is the one that was promised when they paid, as kept with what it earned.
    """
    said, paid = sentence(), order.completed_at
    if not said or paid is None or order.status != OrderStatus.COMPLETED or not order.total_cents:
        return None
    promised = (
        select(func.max(Earning.available_at))
        .join(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(Purchase.order_id == order.id, Earning.amount_cents > 0)
    )
    until = db.session.scalar(promised) or paid + timedelta(days=settings.current().refund_window_days)
    if until <= clock.now():
        return None
    subject = quote(f"Order {order.number}: I’ve changed my mind")
    return RefundTerms(said, until, f"mailto:{settings.current().contact_email}?subject={subject}")
