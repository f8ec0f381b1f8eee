"""Refund terms: the sentence about changing one's mind, until when it holds, and where to ask."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.base import clock
from domain.base.addresses import path_to
from domain.base.counts import plural
from domain.platform import settings
from domain.refunds import request_facts
from models import Order, OrderStatus


class RefundTerms(NamedTuple):
    """The shop's sentence, the moment until which it holds, and the path of the page on which to ask."""

    sentence: str
    until: datetime
    path: str


def sentence() -> str:
    """Say how to change one's mind; "" in a shop that doesn't promise it."""
    site = settings.current()
    days = site.refund_window_days
    return site.refund_terms.replace("{days}", plural(days, "day")) if days else ""


def asked_since(now: datetime) -> datetime:
    """Return the moment since which an order has to be paid for its buyer to be led to a refund at `now`."""
    return now - timedelta(days=settings.current().refund_window_days)


def of(order: Order) -> RefundTerms | None:
    """Say how the buyer of `order` can change their mind; None for unpaid orders and once the time is over.

    The time is the one that was promised when they paid, as kept with what it earned.
    """
    said, paid = sentence(), order.completed_at
    is_paid = order.status in (OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED)
    if not said or paid is None or not is_paid or not order.total_cents:
        return None
    until = paid + timedelta(days=request_facts.promised_days(order))
    if until <= clock.now():
        return None
    return RefundTerms(said, until, path_to("orders.ask_for_refund", number=order.number))
