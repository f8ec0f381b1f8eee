"""Consistency checks of coupons: uses and discounts agree with the orders, and stay within their limits."""

from sqlalchemy import and_, func, or_, select

from models import Coupon, CouponRedemption, Order, OrderStatus, Purchase, RedemptionState, Refund, db

HELD = (RedemptionState.RESERVED, RedemptionState.CONSUMED)


def redemptions_match_orders() -> list[str]:
    """Check that uses of paid orders are consumed, reserved ones those of open orders.

    An order that was never completed used nothing, though its payment came in and was sent back. A refund may
    give a use back, even if it fails afterwards, when somebody else has taken it.
    """
    was_refunded = select(Refund.id).where(Refund.order_id == Order.id).exists()
    state, is_paid = CouponRedemption.state, Order.completed_at.is_not(None)
    fits = or_(
        and_(is_paid, state == RedemptionState.CONSUMED),
        and_(is_paid, was_refunded, state == RedemptionState.RELEASED),
        and_(Order.status == OrderStatus.PENDING, state != RedemptionState.CONSUMED),
        and_(~is_paid, Order.status != OrderStatus.PENDING, state == RedemptionState.RELEASED),
    )
    query = (
        select(Order.number, Order.status, state)
        .join(CouponRedemption, CouponRedemption.order_id == Order.id)
        .where(~fits)
    )
    return [
        f"order {number} is {status}, but its use of a coupon is {state}"
        for number, status, state in db.session.execute(query)
    ]


def discounts_match_redemptions() -> list[str]:
    """Check that an order's discount is that of its coupon and of its lines, and that it has no other."""
    is_held = and_(CouponRedemption.order_id == Order.id, CouponRedemption.state.in_(HELD))
    of_coupon = func.coalesce(CouponRedemption.discount_cents, 0)
    given_back = select(Refund.id).where(Refund.order_id == Order.id).exists()
    of_lines = (
        select(func.coalesce(func.sum(Purchase.discount_cents), 0))
        .where(Purchase.order_id == Order.id)
        .scalar_subquery()
    )
    # What was reserved and given back still stands in an order that may be renewed.
    matters = or_(Order.completed_at.is_not(None), CouponRedemption.id.is_not(None))
    query = (
        select(Order.number, Order.discount_cents, of_coupon, of_lines)
        .outerjoin(CouponRedemption, is_held)
        .where(matters, ~given_back, or_(Order.discount_cents != of_coupon, Order.discount_cents != of_lines))
    )
    return [
        f"order {number}: the discount is {cents}, its coupon’s {coupon}, its lines’ {lines}"
        for number, cents, coupon, lines in db.session.execute(query)
    ]


def uses_stay_within_limits() -> list[str]:
    """Check that no coupon is reserved and consumed more often than it may be."""
    held = func.count(CouponRedemption.id)
    query = (
        select(Coupon.id, held, Coupon.max_uses)
        .join(CouponRedemption, CouponRedemption.coupon_id == Coupon.id)
        .where(Coupon.max_uses.is_not(None), CouponRedemption.state.in_(HELD))
        .group_by(Coupon.id)
        .having(held > Coupon.max_uses)
    )
    return [
        f"coupon {coupon_id} is used {uses} times of {most}"
        for coupon_id, uses, most in db.session.execute(query)
    ]
