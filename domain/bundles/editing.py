"""Editing the courses of a bundle: chosen, ordered, taken out. Each change takes effect at once.

Nobody loses anything: whoever bought the bundle keeps what it held then. A course of another creator's, which
only an admin can choose, counts once its creator has agreed (agreement.py).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, undefer
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock
from domain.bundles import agreement, contents, growing
from domain.catalog import availability, lifecycle
from domain.catalog.index import search
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Bundle, BundleCourse, Course, Product, ProductStatus, User, db

MOST = 50
FOUND = 20
_NOT_ON_SALE = {
    ProductStatus.ARCHIVED: "Archived",
    ProductStatus.DRAFT: "Not published yet",
    ProductStatus.PENDING_REVIEW: "In review",
    ProductStatus.REJECTED: "Sent back",
}


class NotInBundle(Refused):
    """The course isn't in the bundle any more: it was removed in another tab, or by somebody else."""


class ChosenCourse(NamedTuple):
    """A course of a bundle: whether it can be sold now, and whether its creator has agreed.

    `missing` names in a word or two why it can't be sold; "" if it can.
    """

    link: BundleCourse
    course: Course
    sold: bool
    agreed: bool
    missing: str


def bundle_for_creator(user: User, bundle_id: uuid.UUID) -> Bundle:
    """Load a bundle to edit, with its creator and category: by its creator, or any by an admin.

    Raises NotFound for everybody else, for an unknown id and for a deleted bundle.
    """
    query = (
        select(Bundle)
        .where(Bundle.id == bundle_id, Bundle.deleted_at.is_(None))
        .options(joinedload(Bundle.creator), joinedload(Bundle.category), undefer(Bundle.draft))
    )
    bundle = db.session.scalar(query)
    if bundle is None or not (user.is_admin or bundle.creator_id == user.id):
        raise NotFound
    return bundle


def chosen(bundle: Product) -> list[ChosenCourse]:
    """List the courses of `bundle` in their order, those that wait for agreement included."""
    now = clock.now()
    query = (
        select(BundleCourse)
        .where(BundleCourse.bundle_id == bundle.id)
        .options(joinedload(BundleCourse.course).joinedload(Course.creator))
        .order_by(BundleCourse.position, BundleCourse.course_id)
    )
    return [
        ChosenCourse(
            link,
            link.course,
            availability.is_available(link.course, now),
            link.agreed_at is not None,
            _missing(link.course, now),
        )
        for link in db.session.scalars(query)
    ]


def _missing(course: Course, now: datetime) -> str:
    if availability.is_available(course, now):
        return ""
    if availability.is_expired(course, now):
        return "Expired"
    return _NOT_ON_SALE.get(course.status, "Not for sale")


def find(bundle: Bundle, actor: User, title: str = "") -> list[Course]:
    """List courses that `actor` can add, by a part of the title: the bundle's creator's, or any by an admin.

    Without a title an admin is shown those of the bundle's creator too.
    """
    inside = select(BundleCourse.course_id).where(BundleCourse.bundle_id == bundle.id)
    query = (
        select(Course)
        .where(Course.deleted_at.is_(None), Course.id.not_in(inside))
        .options(joinedload(Course.creator))
        .order_by(func.lower(Course.title), Course.id)
        .limit(FOUND)
    )
    if not (actor.is_admin and title):
        query = query.where(Course.creator_id == bundle.creator_id)
    if title:
        query = query.where(Course.title.icontains(title, autoescape=True))
    return list(db.session.scalars(query))


def add(bundle: Bundle, actor: User, course_id: uuid.UUID, for_buyers: bool = True) -> Course:
    """Add a course at the end. `for_buyers`: whoever bought the bundle before gets it as well.

    Adding what is in it already changes nothing. Raises NotFound for what isn't a course that `actor` may
    sell: a bundle, or another creator's.
    """
    contents.lock(bundle.id, [course_id])  # the course too: it can't be deleted meanwhile
    lifecycle.lock_course(bundle)
    course: Course | None = db.session.scalar(
        select(Course).where(Course.id == course_id, Course.deleted_at.is_(None))
    )
    if course is None or not (actor.is_admin or course.creator_id == bundle.creator_id):
        raise NotFound
    links = _links(bundle)
    if any(link.course_id == course.id for link in links):
        return course
    if len(links) >= MOST:
        raise Refused(f"A bundle holds at most {MOST} courses.")
    own = course.creator_id in (bundle.creator_id, actor.id)
    link = BundleCourse(
        bundle_id=bundle.id, course_id=course.id, position=links[-1].position + 1 if links else 1,
        added_at=clock.now(), agreed_at=clock.now() if own else None, asked_by=None if own else actor.id,
        # Whoever buys it before the creator agrees is an earlier buyer too.
        for_buyers=for_buyers and (not own or growing.is_sold(bundle)),
    )  # fmt: skip
    db.session.add(link)
    _record(bundle, actor, AuditAction.ADD_TO_BUNDLE, course)
    if own:
        growing.begin(link)
    else:
        agreement.ask(bundle, course)
    return course


def remove(bundle: Bundle, actor: User, course_id: uuid.UUID) -> Course:
    """Take a course out; whoever got it with the bundle keeps it. Raises NotInBundle."""
    lifecycle.lock_course(bundle)
    links = _links(bundle)
    gone = _of(links, course_id)
    course = db.session.get_one(Course, course_id)
    links.remove(gone)
    db.session.delete(gone)
    _number(links)
    _record(bundle, actor, AuditAction.REMOVE_FROM_BUNDLE, course)
    return course


def move(bundle: Bundle, actor: User, course_id: uuid.UUID, after: uuid.UUID | None) -> Course:
    """Move a course behind the course `after`; None: to the beginning. Raises NotInBundle."""
    lifecycle.lock_course(bundle)
    links = _links(bundle)
    moved = _of(links, course_id)
    if after != course_id:
        links.remove(moved)
        place = links.index(_of(links, after)) + 1 if after is not None else 0
        links.insert(place, moved)
        _number(links)
    course = db.session.get_one(Course, course_id)
    _record(bundle, actor, AuditAction.ORDER_BUNDLE, course)
    return course


def _links(bundle: Bundle) -> list[BundleCourse]:
    query = select(BundleCourse).where(BundleCourse.bundle_id == bundle.id)
    ordered = query.order_by(BundleCourse.position, BundleCourse.course_id)
    return list(db.session.scalars(ordered, execution_options={"populate_existing": True}))


def _of(links: Sequence[BundleCourse], course_id: Any) -> BundleCourse:
    for link in links:
        if link.course_id == course_id:
            return link
    raise NotInBundle("That course isn’t in this bundle any more.")


def _number(links: Sequence[BundleCourse]) -> None:
    for position, link in enumerate(links, 1):
        link.position = position


def _record(bundle: Bundle, actor: User, action: AuditAction, course: Course) -> None:
    """Audit the change, and let caches and the search index follow."""
    bundle.updated_at = clock.now()
    audit.record(actor, action, bundle, course.title)
    db.session.flush()
    if bundle.status == ProductStatus.PUBLISHED:
        search.index(bundle)
