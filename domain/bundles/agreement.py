"""The agreement of a creator before their course is sold in somebody else's bundle.

An admin asks by adding the course. It counts from when its creator agrees; a refusal takes it out again, and
the admin is told either way.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from domain.base import clock
from domain.base.addresses import path_to
from domain.bundles import growing
from domain.catalog import lifecycle
from domain.catalog.index import search
from domain.platform import audit, notifications
from domain.platform.audit_actions import AuditAction
from models import Bundle, BundleCourse, Course, NotificationKind, Product, ProductStatus, User, db

products = Product.__table__


def ask(bundle: Bundle, course: Course) -> None:
    """Ask the creator of `course` whether `bundle` may sell it."""
    notifications.tell(
        course.creator_id, NotificationKind.BUNDLE_ASKED, f"May “{course.title[:120]}” be sold in a bundle?",
        f"We’d like to sell it in “{bundle.title[:200]}”. It counts only once you agree.",
        path_to("studio.bundle_requests"), "Agree or decline",
        key=f"bundle_asked:{bundle.id.hex}:{course.id.hex}:{clock.now():%Y%m%d%H%M%S}",
    )  # fmt: skip


def requests(creator: User) -> list[BundleCourse]:
    """List what `creator` is asked for, oldest first, with bundle and course."""
    theirs = select(products.c.id).where(products.c.creator_id == creator.id)
    living = select(products.c.id).where(products.c.deleted_at.is_(None))
    query = (
        select(BundleCourse)
        .where(
            BundleCourse.agreed_at.is_(None),
            BundleCourse.course_id.in_(theirs),
            BundleCourse.bundle_id.in_(living),
        )
        .options(joinedload(BundleCourse.bundle).joinedload(Bundle.creator), joinedload(BundleCourse.course))
        .order_by(BundleCourse.added_at, BundleCourse.course_id)
    )
    return list(db.session.scalars(query))


def answer(creator: User, bundle_id: uuid.UUID, course_id: uuid.UUID, agrees: bool) -> BundleCourse:
    """Answer what `creator` is asked for; the same answer twice changes nothing.

    Raises NotFound for other people's courses, and for what nobody asks any more.
    """
    bundle: Bundle | None = db.session.get(Bundle, bundle_id)
    if bundle is None:
        raise NotFound
    lifecycle.lock_course(bundle)
    query = (
        select(BundleCourse)
        .where(BundleCourse.bundle_id == bundle_id, BundleCourse.course_id == course_id)
        .options(joinedload(BundleCourse.course), joinedload(BundleCourse.bundle))
    )
    link = db.session.scalar(query, execution_options={"populate_existing": True})
    if link is None or link.course.creator_id != creator.id or (link.agreed_at is not None and not agrees):
        raise NotFound
    if link.agreed_at is None:
        _settle(link, creator, agrees)
    return link


def _settle(link: BundleCourse, creator: User, agrees: bool) -> None:
    bundle, course = link.bundle, link.course
    if agrees:
        link.agreed_at = clock.now()
        growing.begin(link)
    else:
        db.session.delete(link)
    bundle.updated_at = clock.now()
    action = AuditAction.AGREE_TO_BUNDLE if agrees else AuditAction.DECLINE_BUNDLE
    audit.record(creator, action, bundle, course.title)
    db.session.flush()
    if bundle.status == ProductStatus.PUBLISHED:
        search.index(bundle)
    said = "agreed" if agrees else "declined"
    notifications.tell(
        link.asked_by or bundle.creator_id, NotificationKind.BUNDLE_ASKED,
        f"{creator.name[:60]} {said}: “{course.title[:100]}”", f"In the bundle “{bundle.title}”.",
        path_to("studio.bundle_courses", bundle_id=bundle.id), "See the bundle",
        key=f"bundle_{said}:{bundle.id.hex}:{course.id.hex}:{clock.now():%Y%m%d%H%M%S}",
    )  # fmt: skip
