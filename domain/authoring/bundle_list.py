"""A creator's own list of bundles: newest first, all of them on one page after another."""

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from domain.base import clock, pagination
from domain.base.pagination import Page
from domain.bundles import contents
from models import Bundle, BundleCourse, Course, Product, ProductStatus, UpdateState, User, db

PAGE_SIZE = 25
BATCH = 200


class BundleRow(NamedTuple):
    """A bundle in the list."""

    id: uuid.UUID
    title: str
    status: ProductStatus
    update_state: UpdateState
    price_cents: int
    currency: str
    holder_count: int
    course_count: int


class ExportedCourse(NamedTuple):
    """A course of a bundle in the export, with its part of the bundle's list price in minor units."""

    bundle: Bundle
    course: Course
    part_cents: int


def every(creator: User) -> Iterator[ExportedCourse]:
    """Yield every course of every bundle of `creator`, oldest bundle first, BATCH bundles a query."""
    after = uuid.UUID(int=0)
    while True:
        query = select(Bundle).where(
            Bundle.creator_id == creator.id, Bundle.deleted_at.is_(None), Bundle.id > after
        )
        query = query.options(selectinload(Bundle.tags)).order_by(Bundle.id).limit(BATCH)
        bundles = list(db.session.scalars(query))
        prices = {bundle.id: bundle.price_cents for bundle in bundles}
        inside = contents.parts_by_price(prices, (), clock.now())
        for bundle in bundles:
            for part in inside[bundle.id]:
                yield ExportedCourse(bundle, part.course, part.part_cents)
        if len(bundles) < BATCH:
            return
        after = bundles[-1].id


def page(creator: User, after: uuid.UUID | None = None) -> Page[BundleRow]:
    """Load a page of `creator`'s bundles, newest first, behind the cursor `after`."""
    product, bundle, link = (table.__table__.c for table in (Product, Bundle, BundleCourse))
    count = select(func.count()).where(link.bundle_id == bundle.id).scalar_subquery()
    query: Any = (
        select(
            product.id, product.title, product.status, bundle.update_state, product.price_cents,
            product.currency, product.holder_count, count,
        )
        .select_from(Bundle.__table__.join(Product.__table__, product.id == bundle.id))
        .where(product.creator_id == creator.id, product.deleted_at.is_(None))
        .order_by(product.id.desc())
        .limit(PAGE_SIZE + 1)
    )  # fmt: skip
    if after is not None:
        query = query.where(product.id < after)
    rows = [BundleRow(*row) for row in db.session.execute(query)]
    return pagination.cut(rows, PAGE_SIZE, lambda row: row.id)
