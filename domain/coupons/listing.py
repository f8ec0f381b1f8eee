"""Lists of coupons, newest first, each batch of codes as one row, with how often they were used."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import joinedload

from domain.base import clock, pagination, sql
from domain.base.pagination import Cursor, Page
from domain.coupons import codes, words
from domain.coupons.words import CouponState
from models import Coupon, CouponRedemption, RedemptionState, User, db

PER_PAGE = 25


@dataclass(frozen=True)
class CouponRow:
    """A coupon or batch with its uses: `consumed` were paid with, `reserved` are held by open checkouts.

    `codes` are how many it has, `most` how many uses, None without a limit.
    """

    coupon: Coupon
    consumed: int
    reserved: int
    codes: int
    most: int | None
    state: CouponState


def page(owner: User | None, of_creators: bool, text: str, after: str) -> Page[CouponRow]:
    """Load a page of the coupons of `owner`, or, without one, of the shop or `of_creators`.

    `text` is the beginning of a code or a part of a name.
    """
    query = _mine(select(Coupon), owner, of_creators).options(*loaded())
    # One that is found by its own code is shown by itself, even if it belongs to a batch.
    query = query.where(_found(text) if text else _stands_for_itself())
    newest = pagination.newest_first(query, Coupon.created_at, Coupon.id, pagination.read(after))
    found = db.session.scalars(newest.limit(PER_PAGE + 1)).all()
    cut = pagination.cut(found, PER_PAGE, lambda coupon: str(Cursor(coupon.created_at, coupon.id)))
    return Page(rows_of(cut.rows), cut.after)


def find(owner: User | None, coupon_id: uuid.UUID) -> Coupon | None:
    """Load a coupon of `owner`, or, without one, any; for a code of a batch its first coupon."""
    coupon = db.session.get(Coupon, coupon_id)
    if coupon is None or (owner is not None and coupon.owner_id != owner.id):
        return None
    key = coupon.batch_id or coupon.id
    return db.session.scalar(
        select(Coupon).where(Coupon.id == key).options(*loaded()),
        execution_options={"populate_existing": True},
    )


def loaded() -> tuple[Any, ...]:
    """Build the options that load what a coupon is for, and whose it is."""
    return (
        joinedload(Coupon.product),
        joinedload(Coupon.category),
        joinedload(Coupon.creator),
        joinedload(Coupon.owner),
    )


def rows_of(coupons: Iterable[Coupon]) -> list[CouponRow]:
    """Count the uses of some coupons and batches, in two queries."""
    found = list(coupons)
    batches = [coupon.batch_id for coupon in found if coupon.batch_id == coupon.id]
    uses = _uses([coupon.id for coupon in found], batches)
    counts = _codes(batches)
    return [_row(coupon, uses.get(coupon.id, (0, 0)), counts.get(coupon.id)) for coupon in found]


def _row(coupon: Coupon, uses: tuple[int, int], count: int | None) -> CouponRow:
    most = count if count is not None else coupon.max_uses
    state = words.state_of(coupon, sum(uses), most, clock.now())
    return CouponRow(coupon, uses[0], uses[1], count or 1, most, state)


def _uses(ids: list[uuid.UUID], batches: list[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    """Count consumed and reserved uses by coupon, those of a batch under its first."""
    key = case((Coupon.batch_id.in_(batches), Coupon.batch_id), else_=Coupon.id)
    query = (
        select(
            key,
            func.count(case((CouponRedemption.state == RedemptionState.CONSUMED, 1))),
            func.count(case((CouponRedemption.state == RedemptionState.RESERVED, 1))),
        )
        .join(CouponRedemption, CouponRedemption.coupon_id == Coupon.id)
        .where(or_(Coupon.id.in_(ids), Coupon.batch_id.in_(batches)))
        .group_by(key)
    )
    return {row[0]: (row[1], row[2]) for row in db.session.execute(query)} if ids else {}


def _codes(batches: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    if not batches:
        return {}
    query = select(Coupon.batch_id, func.count()).where(Coupon.batch_id.in_(batches))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Coupon.batch_id)) if row[0]}


def _mine(query: Select[Coupon], owner: User | None, of_creators: bool) -> Select[Coupon]:
    if owner is not None:
        return query.where(Coupon.owner_id == owner.id)
    return query.where(Coupon.owner_id.is_not(None) if of_creators else Coupon.owner_id.is_(None))


def _stands_for_itself() -> Any:
    return or_(Coupon.batch_id.is_(None), Coupon.batch_id == Coupon.id)


def _found(text: str) -> Any:
    """Build the condition of what a search finds."""
    code = codes.read(text) or text.strip().upper()
    in_name = func.lower(Coupon.name).contains(text.strip().lower(), autoescape=True)
    return or_(sql.begins(Coupon.code, code), in_name & _stands_for_itself())
