"""Consistency checks of the ledger. Each returns the rows that disagree, and why.

What buyers paid equals what the platform and the creators got, to the minor unit; access follows from payment
and from nothing else; refunds never exceed payments.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, or_, select

from domain.base import clock
from domain.ledger import document_checks, gift_checks
from domain.ledger.coupon_checks import (
    discounts_match_redemptions,
    redemptions_match_orders,
    uses_stay_within_limits,
)
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
    Refund,
    RefundStatus,
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
    return _rows(query, "order {}: purchase {} does not add up, or is in another currency")


def totals_match() -> list[str]:
    """Check that each order's total is the sum of its purchases with their tax."""
    amount = func.coalesce(func.sum(Purchase.amount_cents + Purchase.tax_cents), -1)
    query = (
        select(Order.number, Order.total_cents, amount)
        .outerjoin(Purchase, Purchase.order_id == Order.id)
        .group_by(Order.id)
        .having(amount != Order.total_cents)
    )
    return _rows(query, "order {}: the total is {}, its purchases make {}")


def orders_match_purchases() -> list[str]:
    """Check that a completed order's purchases are completed, an unpaid or refunded one's are not.

    A line of a completed order that couldn't be delivered has failed: its money was sent back.
    """
    sent_back = select(Refund.id).where(Refund.purchase_id == Purchase.id)
    was_free = Purchase.amount_cents + Purchase.tax_cents == 0
    undelivered = and_(Purchase.status == PurchaseStatus.FAILED, or_(was_free, sent_back.exists()))
    fits = or_(
        and_(Order.status == OrderStatus.COMPLETED, Purchase.status == PurchaseStatus.COMPLETED),
        and_(Order.status == OrderStatus.COMPLETED, undelivered),
        and_(Order.status == OrderStatus.REFUNDED, Purchase.status != PurchaseStatus.COMPLETED),
        Order.status == OrderStatus.PARTIALLY_REFUNDED,
        and_(Order.status.not_in(SETTLED), Purchase.status.not_in(BOUGHT)),
    )
    query = (
        select(Order.number, Order.status, Purchase.id, Purchase.status)
        .join(Purchase, Purchase.order_id == Order.id)
        .where(~fits)
    )
    return _rows(query, "order {} is {}, but its purchase {} is {}")


def completions_are_dated() -> list[str]:
    """Check that exactly the completed orders have a completion time; one being confirmed isn't completed."""
    dated = Order.completed_at.is_not(None)
    wrong = or_(
        and_(Order.status == OrderStatus.COMPLETED, ~dated),
        and_(Order.status.not_in(SETTLED), dated),
        and_(Order.status == OrderStatus.COMPLETED, Order.confirming_since.is_not(None)),
    )
    return _rows(
        select(Order.number, Order.status).where(wrong), "order {} is {}, but its dates say otherwise"
    )


def earnings_match() -> list[str]:
    """Check that each share of a paid purchase was credited to its creator once, and no other."""
    credited = _sum(case((Earning.amount_cents > 0, Earning.amount_cents), else_=0))
    left = _sum(Earning.amount_cents)
    due = case((Purchase.status.in_(BOUGHT), PurchaseShare.creator_amount_cents), else_=0)
    query = (
        select(Purchase.id, due, credited)
        .select_from(PurchaseShare)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .outerjoin(Earning, Earning.share_id == PurchaseShare.id)
        .group_by(Purchase.id, PurchaseShare.id)
        .having(or_(credited != due, left < 0))
    )
    strange = (
        select(Earning.id)
        .join(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(or_(Earning.currency != Purchase.currency, Earning.creator_id != PurchaseShare.creator_id))
    )
    return _rows(query, "purchase {}: the creator's share is {}, credited is {}") + _rows(
        strange, "earning {} is of another currency or creator than its share"
    )


def earnings_have_keys() -> list[str]:
    """Check that the key of each earning names what it is: a sale its share, what was taken back itself."""
    named = func.replace(cast(case((_is_sale(), Earning.share_id), else_=Earning.id), String), "-", "")
    prefix = case((_is_sale(), "sale:"), else_="undo:")
    wrong = or_(Earning.key != prefix + named, _is_sale() & (Earning.amount_cents < 0))
    return _rows(select(Earning.id, Earning.key).where(wrong), "earning {} has the key {}")


def books_balance() -> list[str]:
    """Check per currency that payments equal the platform's fees plus the creators' credits."""
    fees_of_it = (
        select(_sum(PurchaseShare.platform_fee_cents))
        .where(PurchaseShare.purchase_id == Purchase.id)
        .scalar_subquery()
    )
    query = select(Purchase.currency, _sum(Purchase.amount_cents), _sum(fees_of_it))
    bought = db.session.execute(query.where(Purchase.status.in_(BOUGHT)).group_by(Purchase.currency)).all()
    credits = select(Earning.currency, _sum(Earning.amount_cents)).where(Earning.amount_cents > 0)
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
    return _rows(shut_out, "purchase {} of user {} gives no access") + _rows(
        unpaid, "grant {} of user {} has no completed purchase"
    )


def refunds_were_paid() -> list[str]:
    """Check that the refunds of a payment are in the order's currency and don't exceed its total."""
    sent = _sum(Refund.amount_cents)
    query = (
        select(
            Order.number, Refund.payment_intent_id, sent, Refund.currency, Order.total_cents, Order.currency
        )
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.status.in_((RefundStatus.PENDING, RefundStatus.SUCCEEDED)))
        .group_by(Order.id, Refund.payment_intent_id, Refund.currency)
        .having(or_(sent > Order.total_cents, Refund.currency != Order.currency))
    )  # fmt: skip
    return _rows(query, "order {}: payment {} has {} {} sent back of {} {}")


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
    return _rows(query.order_by(StripeEvent.received_at), "event {} ({}) has not been handled")


CHECKS: dict[str, Callable[[], list[str]]] = {
    "fees and shares add up to what was paid": shares_add_up,
    "orders equal their purchases": totals_match,
    "completed orders have completed purchases": orders_match_purchases,
    "orders are dated as they stand": completions_are_dated,
    "creators were credited their share, once": earnings_match,
    "earnings have the keys of what they are": earnings_have_keys,
    "purchases = fees + earnings, per currency": books_balance,
    "access follows payment": access_follows_payment,
    "what nobody owns is a gift that waits": gift_checks.gifts_have_their_owner,
    "refunds stay within what was paid": refunds_were_paid,
    "coupons were used by orders that were paid": redemptions_match_orders,
    "discounts are those of coupons": discounts_match_redemptions,
    "coupons were used within their limits": uses_stay_within_limits,
    **document_checks.CHECKS,
    "alerts about money were looked at": notices_were_seen,
}
# A restored copy stands still: there, events of its last hour wait for nobody's fault.
LIVE_CHECKS = {**CHECKS, "events about money were handled": events_were_handled}


def _is_sale() -> ColumnElement[bool]:
    return Earning.key.startswith("sale:")


def _sum(column: Any) -> ColumnElement[int]:
    """Build a sum that is an integer on every database, 0 without rows."""
    return func.coalesce(func.sum(column), 0)


def _rows(query: Any, sentence: str) -> list[str]:
    return [sentence.format(*row) for row in db.session.execute(query)]
