"""Consistency checks of the ledger. Each returns the rows that disagree, and why.

What buyers paid equals what the platform and the creators got, to the minor unit; access follows from payment
and from nothing else; refunds never exceed payments.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from domain.base import clock
from domain.ledger import (
    dispute_checks,
    document_checks,
    earning_checks,
    gift_checks,
    payout_checks,
    refund_checks,
)
from domain.ledger.coupon_checks import (
    discounts_match_redemptions,
    redemptions_match_orders,
    uses_stay_within_limits,
)
from domain.ledger.findings import listed
from domain.ledger.states import BOUGHT, SETTLED
from models import (
    AccessGrant,
    Earning,
    GrantSource,
    Order,
    OrderStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    RefundLine,
    StripeEvent,
    db,
)

PATIENCE = timedelta(hours=1)  # events are retried every few minutes


def shares_add_up() -> list[str]:
    """Check that each purchase's shares add up to its amount, in its order's currency."""
    fee, rest = _sum(PurchaseShare.platform_fee_cents), _sum(PurchaseShare.creator_amount_cents)
    query = (
        select(Order.number, Purchase.id)
        .select_from(Purchase)
        .join(Order, Order.id == Purchase.order_id)
        .outerjoin(PurchaseShare, PurchaseShare.purchase_id == Purchase.id)
        .group_by(Order.id, Purchase.id)
        .having(
            or_(
                fee + rest != Purchase.amount_cents,
                Purchase.currency != Order.currency,
                func.count(PurchaseShare.id) == 0,
            )
        )
    )
    return listed(query, "order {}: purchase {} does not add up, or is in another currency")


def totals_match() -> list[str]:
    """Check that each order's total is the sum of its purchases with their tax."""
    amount = func.coalesce(func.sum(Purchase.amount_cents + Purchase.tax_cents), -1)
    query = (
        select(Order.number, Order.total_cents, amount)
        .outerjoin(Purchase, Purchase.order_id == Order.id)
        .group_by(Order.id)
        .having(amount != Order.total_cents)
    )
    return listed(query, "order {}: the total is {}, its purchases make {}")


def orders_match_purchases() -> list[str]:
    """Check that a completed order's purchases are completed, an unpaid or refunded one's are not.

    A line of a completed order that couldn't be delivered has failed: its money was sent back.
    """
    sent_back = select(RefundLine.id).where(RefundLine.purchase_id == Purchase.id)
    was_free = Purchase.amount_cents + Purchase.tax_cents == 0
    undelivered = and_(Purchase.status == PurchaseStatus.FAILED, or_(was_free, sent_back.exists()))
    fits = or_(
        and_(Order.status == OrderStatus.COMPLETED, Purchase.status == PurchaseStatus.COMPLETED),
        and_(Order.status.in_(SETTLED), undelivered),
        and_(Order.status == OrderStatus.REFUNDED, Purchase.status != PurchaseStatus.COMPLETED),
        Order.status == OrderStatus.PARTIALLY_REFUNDED,
        and_(Order.status.not_in(SETTLED), Purchase.status.not_in(BOUGHT)),
    )
    query = (
        select(Order.number, Order.status, Purchase.id, Purchase.status)
        .join(Purchase, Purchase.order_id == Order.id)
        .where(~fits)
    )
    return listed(query, "order {} is {}, but its purchase {} is {}")


def completions_are_dated() -> list[str]:
    """Check that exactly the completed orders have a completion time; one being confirmed isn't completed."""
    dated = Order.completed_at.is_not(None)
    wrong = or_(
        and_(Order.status == OrderStatus.COMPLETED, ~dated),
        and_(Order.status.not_in(SETTLED), dated),
        and_(Order.status == OrderStatus.COMPLETED, Order.confirming_since.is_not(None)),
    )
    return listed(
        select(Order.number, Order.status).where(wrong), "order {} is {}, but its dates say otherwise"
    )


def books_balance() -> list[str]:
    """Check per currency that payments equal the platform's fees plus the creators' credits."""
    fees_of_it = (
        select(_sum(PurchaseShare.platform_fee_cents))
        .where(PurchaseShare.purchase_id == Purchase.id)
        .scalar_subquery()
    )
    query = select(Purchase.currency, _sum(Purchase.amount_cents), _sum(fees_of_it))
    bought = db.session.execute(query.where(Purchase.status.in_(BOUGHT)).group_by(Purchase.currency)).all()
    credits = select(Earning.currency, _sum(Earning.amount_cents)).where(Earning.key.startswith("sale:"))
    earned = {row[0]: row[1] for row in db.session.execute(credits.group_by(Earning.currency))}
    rest = {currency: paid - fees - earned.pop(currency, 0) for currency, paid, fees in bought}
    rest.update({currency: -amount for currency, amount in earned.items()})
    return [
        f"{currency}: paid less fees less earnings leaves {left}" for currency, left in rest.items() if left
    ]


def access_follows_payment() -> list[str]:
    """Check that each completed purchase opens its courses to its owner, for good, and nothing else."""
    live = and_(
        AccessGrant.purchase_id == Purchase.id,
        AccessGrant.user_id == Purchase.owner_id,
        or_(AccessGrant.course_id == PurchaseShare.course_id, gift_checks.exchanged()),
        AccessGrant.revoked_at.is_(None),
        AccessGrant.expires_at.is_(None),
    )
    sold = select(PurchaseShare.id).where(
        PurchaseShare.purchase_id == AccessGrant.purchase_id,
        PurchaseShare.course_id == AccessGrant.course_id,
    )
    shut_out = (
        select(Purchase.id, Purchase.owner_id)
        .join(PurchaseShare, PurchaseShare.purchase_id == Purchase.id)
        .outerjoin(AccessGrant, live)
        .where(
            Purchase.status == PurchaseStatus.COMPLETED,
            Purchase.owner_id.is_not(None),
            AccessGrant.id.is_(None),
        )
    )
    unpaid = (
        select(AccessGrant.id, AccessGrant.user_id)
        .outerjoin(Purchase, Purchase.id == AccessGrant.purchase_id)
        .where(
            AccessGrant.source.in_((GrantSource.PURCHASE, GrantSource.GIFT)),
            AccessGrant.revoked_at.is_(None),
            or_(
                Purchase.id.is_(None),
                Purchase.status != PurchaseStatus.COMPLETED,
                Purchase.owner_id.is_(None),
                Purchase.owner_id != AccessGrant.user_id,
                AccessGrant.source_id != AccessGrant.purchase_id,
                ~or_(sold.exists(), gift_checks.exchanged()),
            ),
        )
    )
    return listed(shut_out, "purchase {} of user {} gives no access") + listed(
        unpaid, "grant {} of user {} has no completed purchase"
    )


def notices_were_seen() -> list[str]:
    """Check that every alert of an order or event was acknowledged."""
    at_orders = select(Order.number, Order.problem).where(
        Order.problem.is_not(None), Order.looked_at.is_(None)
    )
    at_events = select(StripeEvent.id, StripeEvent.problem).where(
        StripeEvent.problem.is_not(None), StripeEvent.looked_at.is_(None)
    )
    orders_ = db.session.execute(at_orders.order_by(Order.created_at))
    events = db.session.execute(at_events.order_by(StripeEvent.received_at))
    return [f"order {number}: {problem}" for number, problem in orders_] + [
        f"event {name}: {problem}" for name, problem in events
    ]


def events_were_handled() -> list[str]:
    """Check that no event about our money waits longer than PATIENCE: what it reports isn't booked yet."""
    query = select(StripeEvent.id, StripeEvent.type).where(
        StripeEvent.processed_at.is_(None), StripeEvent.received_at < clock.now() - PATIENCE
    )
    return listed(query.order_by(StripeEvent.received_at), "event {} ({}) has not been handled")


CHECKS: dict[str, Callable[[], list[str]]] = {
    "fees and shares add up to what was paid": shares_add_up,
    "orders equal their purchases": totals_match,
    "completed orders have completed purchases": orders_match_purchases,
    "orders are dated as they stand": completions_are_dated,
    **earning_checks.CHECKS,
    "purchases = fees + earnings, per currency": books_balance,
    "access follows payment": access_follows_payment,
    "what nobody owns is a gift that waits": gift_checks.gifts_have_their_owner,
    **refund_checks.CHECKS,
    **dispute_checks.CHECKS,
    "coupons were used by orders that were paid": redemptions_match_orders,
    "discounts are those of coupons": discounts_match_redemptions,
    "coupons were used within their limits": uses_stay_within_limits,
    **document_checks.CHECKS,
    **payout_checks.CHECKS,
    "alerts about money were looked at": notices_were_seen,
}
# A restored copy stands still: there, events of its last hour wait for nobody's fault.
LIVE_CHECKS = {**CHECKS, "events about money were handled": events_were_handled}


def _sum(column: Any) -> ColumnElement[int]:
    """Build a sum that is an integer on every database, 0 without rows."""
    return func.coalesce(func.sum(column), 0)
