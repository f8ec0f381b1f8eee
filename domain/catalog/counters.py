"""Recounting of denormalised totals: sales and holders of products, lessons and duration of courses.

Each change keeps them up to date; this repairs them after an import, a restore, or a doubt.
"""

import hashlib
import uuid
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, func, or_, select, union_all, update

from domain.base import clock
from domain.base.sql import lock_key
from domain.catalog import shown_lessons
from models import AccessGrant, Course, GrantSource, Lesson, Module, Product, Purchase, PurchaseStatus, db

products, courses, lessons, modules = (t.__table__ for t in (Product, Course, Lesson, Module))


def recount_holders(product_id: uuid.UUID | None = None) -> int:
    """Count anew who holds a product, or each of them: people with a grant that isn't revoked.

    It is a grant of the course itself, or one that a bundle gave: by a purchase of the bundle, or for free.
    Answers how many products were wrong.
    """
    live = AccessGrant.revoked_at.is_(None)
    itself = select(AccessGrant.user_id, AccessGrant.course_id.label("id")).where(live)
    paid = (
        select(AccessGrant.user_id, Purchase.product_id.label("id"))
        .join(Purchase, Purchase.id == AccessGrant.purchase_id)
        .where(live, Purchase.product_id != AccessGrant.course_id)
    )
    free = select(AccessGrant.user_id, AccessGrant.source_id.label("id")).where(
        live, AccessGrant.source == GrantSource.FREE, AccessGrant.source_id != AccessGrant.course_id
    )
    if product_id is not None:
        itself = itself.where(AccessGrant.course_id == product_id)
        # Asked once, before the purchases of a course, which gives itself alone, are looked through.
        is_course = select(Course.id).where(Course.id == product_id).correlate(None).exists()
        paid = paid.where(Purchase.product_id == product_id, ~is_course)
        free = free.where(AccessGrant.source_id == product_id)
    held = union_all(itself, paid, free).subquery()
    counts = select(held.c.id, func.count(held.c.user_id.distinct()).label("count")).group_by(held.c.id)
    return _recount("holder_count", counts, product_id)


def people_of(creator_id: Any) -> ScalarSelect[int]:
    """Build the SQL counting the people who hold any of a creator's products, each of them once.

    Their `holder_count`s don't add up to it: one person holds several. `creator_id`: a value or a parameter.
    """
    grants, held = AccessGrant.__table__, products.alias("held")
    return (
        select(func.count(grants.c.user_id.distinct()))
        .select_from(held.join(grants, grants.c.course_id == held.c.id))
        .where(held.c.creator_id == creator_id, held.c.deleted_at.is_(None), grants.c.revoked_at.is_(None))
        .correlate(None)
        .scalar_subquery()
    )


def recount_purchases(product_id: uuid.UUID | None = None) -> int:
    """Count anew the sales of a product, or of each; what was refunded is none.

    Answers how many products were wrong.
    """
    sold = (
        select(Purchase.product_id.label("id"), func.count(Purchase.id).label("count"))
        .where(Purchase.status == PurchaseStatus.COMPLETED)
        .group_by(Purchase.product_id)
    )
    return _recount("purchase_count", sold, product_id)


def _recount(name: str, counts: Select[uuid.UUID, int], product_id: uuid.UUID | None) -> int:
    """Set the column `name` to `counts`, rows of a product's id and count; of one product or of all.

    One is locked first, so that two who change its count at the same time are both counted.
    """
    wanted = select(products.c.id)
    if product_id is not None:
        lock_key(Product, product_id)
        counts = counts.where(counts.selected_columns.id == product_id)
        wanted = wanted.where(products.c.id == product_id)
    found = counts.subquery()
    count = func.coalesce(found.c.count, 0)
    wrong = db.session.execute(
        wanted.add_columns(count)
        .select_from(products.outerjoin(found, found.c.id == products.c.id))
        .where(products.c[name] != count)
    )
    rows = [{"product": id_, "counted": number} for id_, number in wrong]
    _write(update(Product).values({name: bindparam("counted")}), rows)
    return len(rows)


def count_lessons(course: Course) -> str:
    """Set the number and total duration of the lessons that `course` shows.

    Answers a fingerprint of all its lessons and which of them it shows.
    """
    db.session.flush()
    there = db.session.execute(
        select(lessons.c.id, shown_lessons.shown().label("shown"), lessons.c.duration_seconds)
        .select_from(lessons.join(modules, modules.c.id == lessons.c.module_id))
        .where(lessons.c.course_id == course.id)
        .order_by(lessons.c.id)
    ).all()
    shown = [row for row in there if row.shown]
    course.lesson_count, course.duration_seconds = len(shown), sum(row.duration_seconds for row in shown)
    counted = "".join(f"{row.id.hex}{row.shown:d}" for row in there)
    return hashlib.blake2b(counted.encode(), digest_size=16).hexdigest()


def recount_lessons() -> int:
    """Recount shown lessons and their duration for all courses; answers how many were wrong."""
    true_totals = (
        select(
            lessons.c.course_id.label("id"),
            func.count(lessons.c.id).label("lessons"),
            func.sum(lessons.c.duration_seconds).label("seconds"),
        )
        .select_from(lessons.join(modules, modules.c.id == lessons.c.module_id))
        .where(shown_lessons.shown())
        .group_by(lessons.c.course_id)
        .subquery()
    )
    count, seconds = (func.coalesce(true_totals.c[name], 0) for name in ("lessons", "seconds"))
    wrong = db.session.execute(
        select(courses.c.id, count, seconds)
        .select_from(courses.outerjoin(true_totals, true_totals.c.id == courses.c.id))
        .where(or_(courses.c.lesson_count != count, courses.c.duration_seconds != seconds))
    )
    rows = [{"product": id_, "lessons": n, "seconds": int(total)} for id_, n, total in wrong]
    if rows:
        correct = update(Course).where(courses.c.id == bindparam("product"))
        totals: dict[str, Any] = {
            "lesson_count": bindparam("lessons"),
            "duration_seconds": bindparam("seconds"),
        }
        db.session.connection().execute(correct.values(**totals), rows)
    _write(update(Product), [{"product": row["product"]} for row in rows])
    return len(rows)


def _write(statement: Any, rows: list[dict[str, Any]]) -> None:
    """Update products together with `updated_at`, by which the cached catalogue notices a change."""
    if rows:
        changed = statement.where(products.c.id == bindparam("product")).values(updated_at=clock.now())
        db.session.connection().execute(changed, rows)
