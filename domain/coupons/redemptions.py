"""Uses of coupons: reserved when a checkout opens, consumed when it is paid, released when it ends otherwise.

All three are idempotent and count under a lock on the coupon, so that reserved and consumed uses together
never exceed its limits. They are called with the order locked, or in the transaction that makes it: the lock
on a coupon comes after those on orders and people.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from domain import Refused
from domain.base import clock, sql
from domain.coupons import refusals
from domain.coupons.candidates import uses_of
from domain.coupons.discounts import Discount
from domain.coupons.refusals import Uses
from models import BorneBy, Coupon, CouponRedemption, Order, OrderStatus, RedemptionState, User, db

LONGEST_CHECKOUT = timedelta(hours=25)  # Stripe expires a session after 24 hours at the latest
CLOSED = (OrderStatus.FAILED, OrderStatus.CANCELLED)
SWEPT_AT_ONCE = 500


def reserve(order: Order, discount: Discount) -> None:
    """Hold a use of `discount.coupon` for `order`, in place of what it held before; none without a coupon.

    Called whenever the order's amounts are frozen: when its checkout opens and when that is renewed. Raises
    Refused, with the sentence for the buyer, when somebody took the last use meanwhile.
    """
    db.session.flush()
    held = _of(order)
    wanted = discount.coupon
    if held is not None and held.state == RedemptionState.CONSUMED:
        return
    if wanted is None:
        if held is not None:
            db.session.delete(held)
            db.session.flush()
        return
    _lock(wanted, order.user_id)
    if sentence := _refusal(wanted, order):
        raise Refused(sentence, "code")
    if held is None:
        held = CouponRedemption(order_id=order.id)
        db.session.add(held)
    held.coupon_id, held.discount_cents = wanted.id, discount.cents
    held.state = RedemptionState.RESERVED
    held.expires_at = clock.now() + LONGEST_CHECKOUT
    db.session.flush()


def release(order: Order) -> None:
    """Give the reserved use back; a consumed one stays, unless `give_back` says otherwise."""
    held = _of(order)
    if held is not None and held.state == RedemptionState.RESERVED:
        held.state = RedemptionState.RELEASED
        db.session.flush()


def give_back(order: Order) -> None:
    """Give the use of an order back that was refunded as a whole, where the shop does so."""
    held = _of(order)
    if held is not None and held.state == RedemptionState.CONSUMED:
        held.state = RedemptionState.RELEASED
        db.session.flush()


def consume(order: Order) -> bool:
    """Count the order's use as paid with; False if it was released and somebody else has taken it since.

    Then the order can't be completed at its price: its payment goes back. An order without a coupon is True.
    """
    held = _of(order)
    if held is None or held.state == RedemptionState.CONSUMED:
        return True
    if held.state == RedemptionState.RELEASED:
        coupon = db.session.get_one(Coupon, held.coupon_id)
        _lock(coupon, order.user_id)
        if _refusal(coupon, order, late=True):
            return False
    held.state = RedemptionState.CONSUMED
    db.session.flush()
    return True


def borne_by(order: Order) -> BorneBy | None:
    """Read who bears the discount of `order`; None without one."""
    query = (
        select(Coupon.borne_by)
        .join(CouponRedemption, CouponRedemption.coupon_id == Coupon.id)
        .where(CouponRedemption.order_id == order.id)
    )
    return db.session.scalar(query)


def sweep() -> None:
    """Release what is reserved by orders that were closed, or whose checkout is over and nobody is paying."""
    query = (
        select(CouponRedemption.order_id)
        .join(Order, Order.id == CouponRedemption.order_id)
        .where(CouponRedemption.state == RedemptionState.RESERVED, _is_over(clock.now()))
        .order_by(CouponRedemption.order_id)
        .limit(SWEPT_AT_ONCE)
    )
    for order_id in db.session.scalars(query).all():
        order = sql.locked(select(Order).where(Order.id == order_id)).one()
        if order.status in CLOSED or (order.status == OrderStatus.PENDING and not _is_being_settled(order)):
            release(order)


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(
        Order.status.in_(CLOSED),
        and_(
            CouponRedemption.expires_at < now,
            Order.status == OrderStatus.PENDING,
            Order.confirming_since.is_(None),
            Order.problem.is_(None),
        ),
    )


def _is_being_settled(order: Order) -> bool:
    """Tell whether a bank is paying the order, or an admin has to look at it first."""
    return order.confirming_since is not None or order.problem is not None


def _of(order: Order) -> CouponRedemption | None:
    """Load the order's redemption as it stands now."""
    return db.session.scalar(
        select(CouponRedemption).where(CouponRedemption.order_id == order.id),
        execution_options={"populate_existing": True},
    )


def _lock(coupon: Coupon, buyer_id: uuid.UUID) -> None:
    """Lock the coupon; for a first purchase the buyer before it, who may begin another with another code."""
    if coupon.first_purchase_only:
        sql.lock_key(User, buyer_id)
    sql.lock(coupon)


def _refusal(coupon: Coupon, order: Order, late: bool = False) -> str | None:
    """Say why `order` can't have a use of the coupon, by what others have of it.

    `late`: for a payment that has come in already, which a stop of the coupon doesn't send back.
    """
    columns = uses_of(Coupon, order.user_id, CouponRedemption.order_id == order.id)
    row = db.session.execute(select(*columns).select_from(Coupon).where(Coupon.id == coupon.id)).one()
    if not coupon.active and not late:
        refused = refusals.of_time(coupon, clock.now())
        return refused.sentence if refused else None
    buyer = db.session.get_one(User, order.user_id)
    refused = refusals.of_uses(coupon, Uses(row[0] or 0, row[1] or 0, bool(row[2])), buyer)
    return refused.sentence if refused else None
