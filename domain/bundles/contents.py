"""The courses of bundles, and what each costs somebody who owns some of them."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from domain.base import sql
from domain.bundles import pricing
from domain.bundles.pricing import CoursePart
from domain.catalog import availability
from domain.learning import access_facts
from models import Bundle, BundleCourse, Category, Course, Product, ProductKind, User, db

COVERS = 4
FEWEST = 2  # courses that can be sold: with fewer a bundle is off sale

links, courses, products = BundleCourse.__table__, Course.__table__, Product.__table__
inside = Product.__table__.alias("inside")


def courses_of(bundle_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Course]]:
    """Load the courses of bundles in their order, by bundle, in one query.

    Those whose creator hasn't agreed yet are left out.
    """
    query = (
        select(BundleCourse)
        .where(BundleCourse.bundle_id.in_(bundle_ids), BundleCourse.agreed_at.is_not(None))
        .options(joinedload(BundleCourse.course).joinedload(Course.creator))
        .order_by(BundleCourse.bundle_id, BundleCourse.position, BundleCourse.course_id)
    )
    found: dict[uuid.UUID, list[Course]] = defaultdict(list)
    for link in db.session.scalars(query):
        found[link.bundle_id].append(link.course)
    return found


def ids_in(bundle_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """List the ids of the courses of bundles as `courses_of` does."""
    query = (
        select(links.c.bundle_id, links.c.course_id)
        .where(links.c.bundle_id.in_(bundle_ids), links.c.agreed_at.is_not(None))
        .order_by(links.c.position, links.c.course_id)
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {bundle_id: [] for bundle_id in bundle_ids}
    for bundle_id, course_id in db.session.execute(query):
        found[bundle_id].append(course_id)
    return found


def lock(bundle_id: uuid.UUID, course_ids: Iterable[uuid.UUID]) -> None:
    """Lock a bundle and courses of it in the order of their ids, as whoever is delivered an order does."""
    sql.lock_keys(products.c.id, {bundle_id, *course_ids})


def parts_for(buyer: User | None, bundle: Product, at: datetime) -> list[CoursePart]:
    """Divide the price of `bundle` at `at` for `buyer`; None pays for every course that is sold."""
    return parts_of([bundle], buyer, at)[bundle.id]


def parts_of(
    bundles: Sequence[Product], buyer: User | None, at: datetime
) -> dict[uuid.UUID, list[CoursePart]]:  # fmt: skip
    """Divide the prices of several bundles as `parts_for` does, in two queries."""
    found = courses_of([bundle.id for bundle in bundles])
    owned = access_facts.owned(buyer, {course.id for inside in found.values() for course in inside})
    return {bundle.id: pricing.divide(bundle.price_at(at), found[bundle.id], at, owned) for bundle in bundles}


def parts_by_price(
    prices: Mapping[uuid.UUID, int], owned: Collection[uuid.UUID], at: datetime
) -> dict[uuid.UUID, list[CoursePart]]:
    """Divide the prices of several bundles, by their ids, for whoever has the courses `owned` for good."""
    found = courses_of(list(prices))
    return {
        bundle_id: pricing.divide(price_cents, found[bundle_id], at, owned)
        for bundle_id, price_cents in prices.items()
    }


def is_short(parts: Sequence[CoursePart]) -> bool:
    """Tell if too few of the courses can be sold for the bundle to be on sale."""
    return sum(part.sold for part in parts) < FEWEST


def sold_in(bundle_id: Any, moment: Any) -> ColumnElement[int]:
    """Build the SQL counting the courses of a bundle that can be sold at `moment`."""
    query = (
        select(func.count())
        .select_from(
            links.join(courses, courses.c.id == links.c.course_id).join(inside, inside.c.id == courses.c.id)
        )
        .where(
            links.c.bundle_id == bundle_id,
            links.c.agreed_at.is_not(None),
            availability.available(moment, inside.c),
        )
    )
    return query.scalar_subquery()


def cover_seeds(slug: str) -> list[tuple[str, str]] | None:
    """List what the cover of the bundle at `slug` is drawn from: slug and category of its first courses.

    With fewer than two, those of the bundle itself; None for an unknown bundle. Two queries.
    """
    shelf = Category.__table__
    row = db.session.execute(
        select(products.c.id, products.c.slug, shelf.c.slug)
        .join(shelf, shelf.c.id == products.c.category_id)
        .where(products.c.slug == slug, products.c.kind == ProductKind.BUNDLE)
    ).first()
    if row is None:
        return None
    query = (
        select(products.c.slug, shelf.c.slug)
        .select_from(links.join(products, products.c.id == links.c.course_id).join(shelf))
        .where(links.c.bundle_id == row[0], links.c.agreed_at.is_not(None))
        .order_by(links.c.position, links.c.course_id)
        .limit(COVERS)
    )
    found = [(course, category) for course, category in db.session.execute(query)]
    return found if len(found) > 1 else [(row[1], row[2])]


def bundle_titles(course: Product) -> list[str]:
    """List the titles of the bundles that `course` is in, or was asked for."""
    query = (
        select(products.c.title)
        .join(links, links.c.bundle_id == products.c.id)
        .where(links.c.course_id == course.id, products.c.deleted_at.is_(None))
        .order_by(products.c.title)
    )
    return list(db.session.scalars(query))


def of_product(product: Product) -> Bundle:
    """Answer `product`, which is a bundle."""
    assert isinstance(product, Bundle)  # noqa: S101 - what this kind is registered for
    return product
