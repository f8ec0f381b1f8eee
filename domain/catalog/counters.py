"""Recounting of denormalised totals: holders of products, lessons and duration of courses.

Each change keeps them up to date; this repairs them after an import, a restore, or a doubt.
"""

import hashlib
import uuid
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from domain.base import clock
from domain.base.sql import lock_key
from domain.catalog import shown_lessons
from models import AccessGrant, Course, Lesson, Module, Product, db

products, courses, lessons, modules = (t.__table__ for t in (Product, Course, Lesson, Module))


def recount_holders(course_id: uuid.UUID | None = None) -> int:
    """Count anew who holds a course, or each of them: people with a grant that isn't revoked.

    The product is locked first, so that two who take it at once are both counted. Answers how many products
    were wrong.
    """
    held = select(
        AccessGrant.course_id.label("id"), func.count(AccessGrant.user_id.distinct()).label("people")
    ).where(AccessGrant.revoked_at.is_(None))
    counted = select(products.c.id)
    if course_id is not None:
        lock_key(Product, course_id)
        held, counted = (
            held.where(AccessGrant.course_id == course_id),
            counted.where(products.c.id == course_id),
        )
    found = held.group_by(AccessGrant.course_id).subquery()
    people = func.coalesce(found.c.people, 0)
    wrong = db.session.execute(
        counted.add_columns(people)
        .select_from(products.outerjoin(found, found.c.id == products.c.id))
        .where(products.c.sales_count != people)
    )
    rows = [{"product": id_, "people": count} for id_, count in wrong]
    _write(update(Product).values(sales_count=bindparam("people")), rows)
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
