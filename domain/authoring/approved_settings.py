"""Settings of a course that change without approval (price, access, order, drip), as comparable texts.

A snapshot is kept when the course or its last update is approved, so that the next reviewer sees what has
changed since then, although nobody had to approve it.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, select

from domain.authoring import course_content
from domain.authoring.course_content import CourseContent
from domain.base.counts import plural
from domain.catalog import shown_lessons
from models import (
    Course,
    Lesson,
    Module,
    Product,
    ProductVisibility,
    Tier,
    course_prerequisites,
    db,
)

TIERS = {Tier.QUICK_SKILL: "quick skill", Tier.STANDARD: "standard", Tier.DEEP_DIVE: "deep dive"}
SEEN_BY = {
    ProductVisibility.PUBLIC: "Everyone",
    ProductVisibility.UNLISTED: "Anyone with the link",
    ProductVisibility.MEMBERS_ONLY: "Members",
    ProductVisibility.PRIVATE: "Private",
}


PRICE, SALE, SALE_ENDS, SIZE, VISIBILITY, LESSONS, FIRST, ORDER = (
    "Price", "Sale price", "Sale ends", "Size", "Visible to", "Lessons", "Courses to take first",
    "Order and days",
)  # fmt: skip
IN_ORDER = "In order"

# Snapshots keep labels and words as they were then: whoever changes one adds the former one here.
FORMER = {
    "Seen by": VISIBILITY,
    "Holders of the link": SEEN_BY[ProductVisibility.UNLISTED],
    "Nobody new": SEEN_BY[ProductVisibility.PRIVATE],
    "One after the other": IN_ORDER,
}


def snapshot(there: CourseContent) -> dict[str, Any]:
    """Describe the settings by label: prices in minor units, the order as lines."""
    course = there.course
    return {
        PRICE: course.price_cents,
        SALE: course.sale_price_cents,
        SALE_ENDS: course.sale_ends_at.isoformat(timespec="minutes") if course.sale_ends_at else None,
        SIZE: TIERS[course.tier] if course.tier else "None",
        VISIBILITY: SEEN_BY[course.visibility],
        LESSONS: IN_ORDER if course.sequential else "In any order",
        FIRST: ", ".join(_first(course)) or "None",
        ORDER: "\n".join(_order(there)),
    }


def save_snapshot(course: Course) -> None:
    """Keep a snapshot of the settings as approved: by a reviewer, or without need for one."""
    db.session.flush()
    course.approved = snapshot(course_content.load(course))


def last_approved(course: Course) -> dict[str, Any]:
    """Read the snapshot that was kept at the last approval, in the words of today; {} if there is none."""
    kept = course.approved or {}
    return {FORMER.get(label, label): FORMER.get(value, value) for label, value in kept.items()}


def _first(course: Course) -> list[str]:
    return [
        f"{title} (a lock)" if locks_since else title
        for title, locks_since in db.session.execute(_titles_of_first(course))
    ]


def _titles_of_first(course: Course) -> Select[Any]:
    return (
        select(Product.title, course_prerequisites.c.locks_since)
        .join(course_prerequisites, course_prerequisites.c.prerequisite_id == Product.id)
        .where(course_prerequisites.c.course_id == course.id)
        .order_by(Product.title)
    )


def _order(there: CourseContent) -> Iterator[str]:
    """Yield the published modules with their drip delay and lessons, as lines."""
    for module, contents in there.modules():
        seen = [content.lesson for content in contents if _is_shown(content.lesson, module)]
        if seen:
            days = module.unlock_after_days
            opens = f", opens after {plural(days, 'day')}" if days else ""
            yield f"{module.title}{opens}"
            yield from (f"    {lesson.title}" for lesson in seen)


def _is_shown(lesson: Lesson, module: Module) -> bool:
    return shown_lessons.is_shown(
        published=lesson.published, visibility=lesson.visibility, module_published=module.published
    )
