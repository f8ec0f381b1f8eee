"""The details of a course: description, access and sharing texts. Each editor page saves its own part.

Sharing texts are those of bundles too.
"""

import uuid
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from domain import Refused
from domain.authoring import page_drafts
from domain.authoring.page_drafts import rendered
from domain.base import clock, slugs
from domain.catalog import lifecycle
from domain.catalog.index import search
from domain.catalog.lifecycle import Authored
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import Category, Course, Level, Module, Product, ProductStatus, ProductVisibility, User, db

LINES, LINE_LENGTH = 20, 200
# Limits in characters, for forms and for imports; the columns have the same.
TITLE, SUMMARY, TECHNOLOGY, META_TITLE, META_DESCRIPTION = 200, 300, 60, 60, 160


@dataclass(frozen=True)
class CourseDetails:
    """The descriptive fields of a course: `tags` by name, `objectives` and `prerequisites` as lines."""

    title: str
    slug: str
    summary: str
    description: str
    category_id: uuid.UUID
    tags: list[str]
    level: Level
    technology: str
    language: str
    objectives: list[str]
    prerequisites: list[str]


@dataclass(frozen=True)
class AccessRules:
    """Access settings: visibility, sequential order, and the drip schedule as days by module id."""

    visibility: ProductVisibility
    sequential: bool
    drip: dict[uuid.UUID, int]


@dataclass(frozen=True)
class SharingTexts:
    """Title and description for search engines and link previews; empty falls back to the product's own."""

    meta_title: str
    meta_description: str


def create(creator: User, title: str, category_id: uuid.UUID) -> Course:
    """Create a draft course whose slug is made from the title. Refused for an unknown category."""
    check_category(category_id)
    currency = settings.current().currency
    course = Course(title=title, creator_id=creator.id, category_id=category_id, currency=currency)
    insert(course, title)
    audit.record(creator, AuditAction.CREATE_COURSE, course, title)
    return course


def insert(course: Product, title: str) -> None:
    """Insert a new product at a free slug; tries three times, since another may take a slug meanwhile."""
    for tries_left in (2, 1, 0):
        course.slug = slugs.for_product(title, language=getattr(course, "language", None) or "")
        try:
            with db.session.begin_nested():
                db.session.add(course)
                db.session.flush()
            return
        except IntegrityError:
            if not tries_left:
                raise


def details_of(course: Course) -> CourseDetails:
    """Read the details in the creator's version: published values with the draft over them."""
    values = page_drafts.working(course)
    return CourseDetails(**{field.name: values[field.name] for field in fields(CourseDetails)})


def set_details(course: Course, actor: User, new: CourseDetails) -> None:
    """Change the details of `course`, directly or as a draft to be approved.

    A former slug redirects to the new one. Raises Refused with the form field it belongs to.
    """
    lifecycle.lock_and_reload(course)
    if new.category_id != course.category_id:
        check_category(new.category_id)
    _check_lines(new.objectives, "objectives")
    _check_lines(new.prerequisites, "prerequisites")
    try:
        rendered(new.description)
    except Refused as refusal:
        raise Refused(refusal.sentence, "description") from refusal
    check_address(course, new.slug)
    try:
        with db.session.begin_nested():
            page_drafts.keep(course, actor, asdict(new))
    except IntegrityError as error:  # another course took the address at this moment
        raise Refused(taken(slugs.for_product(new.slug, course.id)), "slug") from error
    record_change(course, actor, AuditAction.CHANGE_DETAILS)


def access_rules_of(course: Course) -> AccessRules:
    """Read the access settings; they have no draft."""
    return AccessRules(
        course.visibility, course.sequential, {m.id: m.unlock_after_days for m in modules_of(course)}
    )


def modules_of(course: Course) -> list[Module]:
    """List the modules in order."""
    query = select(Module).where(Module.course_id == course.id).order_by(Module.position)
    return list(db.session.scalars(query))


def set_access_rules(course: Course, actor: User, new: AccessRules) -> None:
    """Change visibility, lesson order and drip schedule, effective at once.

    Raises Refused for members-only: there are no memberships yet.
    """
    lifecycle.lock_and_reload(course)
    if new.visibility == ProductVisibility.MEMBERS_ONLY != course.visibility:
        raise Refused("Memberships aren’t available yet. Choose another option.", "visibility")
    course.visibility, course.sequential = new.visibility, new.sequential
    for module in modules_of(course):
        module.unlock_after_days = new.drip.get(module.id, module.unlock_after_days)
    record_change(course, actor, AuditAction.SET_ACCESS)


def sharing_of(product: Authored) -> SharingTexts:
    """Read the sharing texts in the creator's version."""
    values = page_drafts.working(product)
    return SharingTexts(values["meta_title"] or "", values["meta_description"] or "")


def set_sharing(product: Authored, actor: User, new: SharingTexts) -> None:
    """Change the sharing texts, directly or as a draft to be approved."""
    lifecycle.lock_and_reload(product)
    values = {"meta_title": new.meta_title or None, "meta_description": new.meta_description or None}
    page_drafts.keep(product, actor, values)
    record_change(product, actor, AuditAction.SET_SHARING)


def categories() -> list[tuple[uuid.UUID, str]]:
    """List all categories as id and path ("Web / Flask"), each subcategory below its parent."""
    rows = db.session.execute(select(Category.id, Category.parent_id, Category.name, Category.position)).all()
    by_id = {row.id: row for row in rows}

    def path(row: Any) -> tuple[Any, ...]:
        parent = by_id.get(row.parent_id)
        return (*(path(parent) if parent else ()), (row.position, row.name))

    return [(row.id, " / ".join(name for _, name in path(row))) for row in sorted(rows, key=path)]


def check_category(category_id: uuid.UUID) -> None:
    """Refuse an unknown category."""
    if db.session.get(Category, category_id) is None:
        raise Refused("That category no longer exists. Choose another.", "category")


def _check_lines(lines: list[str], field: str) -> None:
    if len(lines) > LINES:
        raise Refused(f"Use at most {LINES} lines.", field)
    if any(len(line) > LINE_LENGTH for line in lines):
        raise Refused(f"Use at most {LINE_LENGTH} characters per line.", field)


def check_address(course: Product, slug: str) -> None:
    """Refuse a slug that another product has or had."""
    if slug != course.slug and (free := slugs.for_product(slug, course.id)) != slug:
        raise Refused(taken(free), "slug")


def taken(free: str) -> str:
    """Say that a slug is taken, and suggest a free one."""
    return f"Another course uses this address. {free} is available."


def record_change(course: Product, actor: User, action: AuditAction) -> None:
    """Audit a saved page, and update the search index of a published course."""
    course.updated_at = clock.now()
    audit.record(actor, action, course, course.title)
    if course.status == ProductStatus.PUBLISHED:
        search.index(course)
    db.session.flush()
