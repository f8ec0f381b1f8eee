"""Coupons that may apply to some products, read in one query together with how often they were used."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select, text, union_all

from domain.base.sql import asked_last
from domain.coupons.refusals import Uses
from domain.ledger.states import SETTLED
from models import (
    Category,
    Coupon,
    CouponRedemption,
    CouponScope,
    Order,
    OrderStatus,
    ProductKind,
    RedemptionState,
    User,
    db,
)

_AUTOMATIC = "coupons.automatic AND coupons.active"  # as the partial index says it
HELD = (RedemptionState.RESERVED, RedemptionState.CONSUMED)


class Discountable(Protocol):
    """The columns of a product, or of a row about one, by which a coupon is for it or isn't."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def kind(self) -> ProductKind: ...
    @property
    def slug(self) -> str: ...
    @property
    def creator_id(self) -> uuid.UUID: ...
    @property
    def category_id(self) -> uuid.UUID: ...


@dataclass(frozen=True)
class Candidate:
    """A coupon, how often it was used, and the categories it is for, of those that were asked about."""

    coupon: Coupon
    uses: Uses
    categories: frozenset[uuid.UUID]

    def fits(self, products: Iterable[Discountable]) -> list[bool]:
        """Tell for each of `products` whether the coupon is for it."""
        coupon = self.coupon
        if coupon.scope == CouponScope.PRODUCT:
            return [product.id == coupon.product_id for product in products]
        if coupon.scope == CouponScope.CREATOR:
            return [product.creator_id == coupon.creator_id for product in products]
        if coupon.scope == CouponScope.CATEGORY:
            return [product.category_id in self.categories for product in products]
        return [True for _ in products]


def load(
    buyer: User | None, products: Collection[Discountable], code: str | None, at: datetime
) -> list[Candidate]:
    """Load the coupon with that code, and the automatic ones that are for any of `products` at `at`.

    What `buyer` has reserved in a checkout they may still change isn't counted.
    """
    uses = uses_of(Coupon, buyer.id if buyer is not None else None, _own_reservation(buyer))
    # Two searches of an index each: with OR the whole table would be read.
    ids = _automatic(products, at)
    if code is not None:
        ids = union_all(ids, select(Coupon.id).where(Coupon.code == code).correlate(None))
    query = select(Coupon, *uses).where(Coupon.id.in_(ids))
    rows = db.session.execute(query).all()
    parents = _parents(products) if any(row[0].scope == CouponScope.CATEGORY for row in rows) else {}
    return [_candidate(row[0], Uses(row[1] or 0, row[2] or 0, bool(row[3])), parents) for row in rows]


def uses_of(coupon: Any, buyer_id: uuid.UUID | None, spared: ColumnElement[bool]) -> list[ColumnElement[Any]]:
    """Build the columns of Uses, null where the coupon sets no such limit; `spared` uses aren't counted.

    `spared` may name Order, the order of a use.
    """
    held = (
        select(func.count())
        .select_from(CouponRedemption)
        .join(Order, Order.id == CouponRedemption.order_id)
        .where(CouponRedemption.coupon_id == coupon.id, CouponRedemption.state.in_(HELD), ~spared)
        .correlate(coupon)
    )
    own = held.where(Order.user_id == buyer_id)
    return [
        case((coupon.max_uses.is_not(None), held.scalar_subquery())),
        case((coupon.per_user_limit.is_not(None), own.scalar_subquery())) if buyer_id else literal(0),
        case((coupon.first_purchase_only, _has_bought(buyer_id, spared))) if buyer_id else literal(0),
    ]


def _has_bought(buyer_id: uuid.UUID, spared: ColumnElement[bool]) -> ColumnElement[bool]:
    """Build whether the buyer paid for an order before, or is about to with a first purchase's coupon."""
    other = Coupon.__table__.alias("first_purchases")
    reserved = (
        select(CouponRedemption.id)
        .join(other, other.c.id == CouponRedemption.coupon_id)
        .where(
            CouponRedemption.order_id == Order.id,
            CouponRedemption.state == RedemptionState.RESERVED,
            other.c.first_purchase_only,
            ~spared,
        )
    )
    before = select(Order.id).where(
        Order.user_id == buyer_id,
        Order.subtotal_cents > 0,
        or_(Order.status.in_(SETTLED), reserved.correlate(Order).exists()),
    )
    return before.exists()


def _own_reservation(buyer: User | None) -> ColumnElement[bool]:
    """Build what a new quote may take over: a use in the buyer's own checkout, unless a bank is paying it."""
    if buyer is None:
        return false()
    return and_(
        Order.user_id == buyer.id,
        Order.status == OrderStatus.PENDING,
        Order.confirming_since.is_(None),
        Order.problem.is_(None),
        CouponRedemption.state == RedemptionState.RESERVED,
    )


def _automatic(products: Collection[Discountable], at: datetime) -> Any:
    """Build the query of automatic coupons that are valid at `at` and may be for any of `products`."""
    categories = {product.category_id for product in products}
    above = select(Category.parent_id).where(Category.id.in_(categories))
    is_for = or_(
        Coupon.scope == CouponScope.ALL,
        Coupon.product_id.in_({product.id for product in products}),
        Coupon.creator_id.in_({product.creator_id for product in products}),
        Coupon.category_id.in_(categories),
        Coupon.category_id.in_(above),
    )
    found = select(Coupon.id).where(
        text(_AUTOMATIC),
        or_(Coupon.valid_from.is_(None), Coupon.valid_from <= at),
        or_(Coupon.valid_until.is_(None), Coupon.valid_until > at),
        asked_last(is_for),
    )
    return found.correlate(None)


def any_automatic() -> ColumnElement[bool]:
    """Build whether there are automatic coupons at all, whatever they are for: an index says so at once."""
    return select(Coupon.id).where(text(_AUTOMATIC)).correlate(None).exists()


def _parents(products: Collection[Discountable]) -> dict[uuid.UUID, uuid.UUID | None]:
    """Read the parent of each product's category."""
    ids = {product.category_id for product in products}
    query = select(Category.id, Category.parent_id).where(Category.id.in_(ids))
    return {row[0]: row[1] for row in db.session.execute(query)}


def _candidate(coupon: Coupon, uses: Uses, parents: dict[uuid.UUID, uuid.UUID | None]) -> Candidate:
    fitting = {
        one
        for one, parent in parents.items()
        if coupon.category_id is not None and coupon.category_id in (one, parent)
    }
    return Candidate(coupon, uses, frozenset(fitting))
