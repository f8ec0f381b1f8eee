"""Validation of a course against the database: category, price tier, slug and storage quota."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from uuid_utils.compat import uuid7

from domain import Refused
from domain.authoring import course_price
from domain.base import clock, money, slugs, webvtt
from domain.catalog import availability
from domain.media import upload_rules
from domain.platform import settings
from domain.portable import MANIFEST, Findings, Problem
from domain.portable.fields import near
from domain.portable.model import NewCourse
from models import Category, Course, User, db


@dataclass(frozen=True)
class TargetCourse:
    """The ids of the future course, its category and prerequisites (True: a lock), and its slug."""

    course_id: uuid.UUID
    slug: str
    category_id: uuid.UUID
    required: dict[uuid.UUID, bool]


def find_place(
    course: NewCourse,
    creator: User,
    sizes: Mapping[str, int],
    findings: Findings,
    course_id: uuid.UUID | None = None,
) -> TargetCourse:
    """Validate `course` against the database and reserve its ids; `findings` gets the problems.

    `sizes` are the bytes of its files, by name; they must fit in the creator's storage quota.
    """
    wrong: list[str] = [*_language(course, findings), *_room(creator, sizes)]
    if not any(problem.file == MANIFEST for problem in findings.problems):
        wrong += _price(course)  # a price that couldn't be read would look like a missing one
    categories = {row.slug: row.id for row in db.session.execute(select(Category.slug, Category.id))}
    if course.category and course.category not in categories:
        hint = near(course.category, sorted(categories))
        wrong.append(f"There is no category “{course.category}”. There is {hint}.")
    required = _required(course.prerequisite_courses)
    wrong += [f"There is no course on sale at “{slug}”." for slug, id_ in required.items() if id_ is None]
    wrong += [
        f"“{slug}” in `locked_until_finished` isn’t one of the `prerequisite_courses`."
        for slug in course.locked_until_finished
        if slug not in required
    ]
    findings.problems += [Problem(MANIFEST, 0, sentence) for sentence in wrong]
    return TargetCourse(
        course_id or uuid7(),
        slugs.for_product(course.slug or course.title, language=course.language),
        categories.get(course.category, uuid.UUID(int=0)),
        {id_: slug in course.locked_until_finished for slug, id_ in required.items() if id_},
    )


def example_category() -> str:
    """Return the slug of a category that an example can use."""
    last = select(Category.slug).order_by(Category.parent_id.is_(None), Category.position, Category.slug)
    return db.session.scalar(last.limit(1)) or "back-end"


def _required(wanted: list[str]) -> dict[str, uuid.UUID | None]:
    on_sale = select(Course.id).where(availability.published(clock.now()))
    return {slug: db.session.scalar(on_sale.where(Course.id == slugs.product_id_at(slug))) for slug in wanted}


def _price(course: NewCourse) -> list[str]:
    wrong: list[str] = []
    if course.tier is not None:
        currency = settings.current().currency
        bounds = course_price.tiers(currency)[course.tier]
        if not bounds.holds(course.price_cents):
            wrong.append(
                f"The tier {course.tier} costs {bounds.lowest} to {bounds.highest}"
                f" {money.minor_unit(currency)}, not {course.price_cents}."
            )
    if (course.sale_price_cents is None) != (course.sale_ends_at is None):
        wrong.append("A sale has both `sale_price_cents` and `sale_ends_at`, or neither.")
    elif course.sale_price_cents is not None and course.sale_price_cents >= course.price_cents:
        wrong.append("`sale_price_cents` must be lower than `price_cents`.")
    return wrong


def _language(course: NewCourse, findings: Findings) -> list[str]:
    """Check the language; one that other files state is only a suggestion."""
    written, course.language = course.language, "en"
    try:
        course.language = webvtt.check_language(written.replace("_", "-") or "en")
    except Refused as refusal:
        if not course.is_language_guessed:
            return [refusal.sentence]
        findings.note("", f"The language “{written[:40]}” isn’t known, so the course is in English.")
    return []


def _room(creator: User, sizes: Mapping[str, int]) -> list[str]:
    try:
        upload_rules.check_room(creator.id, creator.id, sum(sizes.values()))
    except Refused as refusal:
        return [refusal.sentence]
    return []
