"""A buyer's request for a refund, as the admin who decides sees it."""

import uuid
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from domain.refunds.requests import REASONS
from models import Order, Purchase, RefundRequest, db


class RefundReview(NamedTuple):
    """A request with its order, and the buyer's reason in words."""

    request: RefundRequest
    order: Order
    reason: str


def load(request_id: uuid.UUID) -> RefundReview | None:
    """Load what the review page of a request shows; None if it is gone."""
    line = joinedload(RefundRequest.purchase)
    query = select(RefundRequest).where(RefundRequest.id == request_id)
    query = query.options(line.joinedload(Purchase.product))
    query = query.options(line.joinedload(Purchase.order).joinedload(Order.user))
    request = db.session.scalar(query)
    if request is None:
        return None
    reason = REASONS[request.reason] if request.reason is not None else ""
    return RefundReview(request, request.purchase.order, reason)
