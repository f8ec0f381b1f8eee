"""Deletion of a course or bundle: for good if nobody has it, hidden if somebody does. Rules may forbid it."""

import uuid
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import delete, or_, select

import jobs
import storage
from domain import Refused
from domain.base import clock
from domain.base.counts import plural
from domain.bundles import contents
from domain.catalog import kinds, lifecycle
from domain.catalog.index import search
from domain.catalog.lifecycle import Authored
from domain.platform import audit, images, moderation_queue
from domain.platform.audit_actions import AuditAction
from models import (
    AccessGrant,
    BundleCourse,
    CodeArchive,
    GrantSource,
    Lesson,
    MediaAsset,
    ModerationKind,
    Order,
    OrderStatus,
    Picture,
    Product,
    ProductStatus,
    Purchase,
    PurchaseShare,
    Resource,
    User,
    db,
)


class DeletionOutcome(StrEnum):
    """The outcome of a deletion: the row is gone, or hidden (soft delete)."""

    GONE = "gone"
    HIDDEN = "hidden"


def outcome_of(course: Authored) -> DeletionOutcome:
    """Tell if deleting removes the course or only hides it: once bought or taken, learners keep it."""
    taken_with = (AccessGrant.source == GrantSource.FREE) & (AccessGrant.source_id != AccessGrant.course_id)
    kept = or_(
        select(Purchase.id).where(Purchase.product_id == course.id).exists(),
        select(AccessGrant.id).where(AccessGrant.course_id == course.id).exists(),
        select(PurchaseShare.id).where(PurchaseShare.course_id == course.id).exists(),
        select(AccessGrant.id).where(taken_with, AccessGrant.source_id == course.id).exists(),
        # Of a bundle that is hidden itself: in others, a course can't be deleted.
        select(BundleCourse.bundle_id).where(BundleCourse.course_id == course.id).exists(),
    )
    return DeletionOutcome.HIDDEN if db.session.scalar(select(kept)) else DeletionOutcome.GONE


def reason_not_to_delete(course: Authored) -> str | None:
    """Explain in a sentence why `course` can't be deleted now; None when it can."""
    return next((sentence for forbids in RULES if (sentence := forbids(course))), None)


def delete_course(course: Authored, actor: User) -> DeletionOutcome:
    """Delete `course` for good or hide it, as `outcome_of` says. Raises Refused where a rule forbids it."""
    lifecycle.lock_and_reload(course)
    if sentence := reason_not_to_delete(course):
        raise Refused(sentence)
    fate = outcome_of(course)
    for kind in (ModerationKind.COURSE, ModerationKind.UPDATE, ModerationKind.REPORT):
        moderation_queue.withdraw(kind, course.id)
    search.forget(course)
    audit.record(actor, AuditAction.DELETE_COURSE, course, f"{course.title} ({fate})")
    if fate == DeletionOutcome.HIDDEN:
        if course.status == ProductStatus.PUBLISHED:
            lifecycle.change_status(course, ProductStatus.ARCHIVED, actor)
        course.deleted_at = clock.now()
        db.session.flush()
    else:
        _remove(course)
    return fate


def discard_file(storage_key: str) -> None:
    """Delete a stored file unless a row refers to it again. Run by the worker; idempotent."""
    columns = (Resource.storage_key, CodeArchive.storage_key, Picture.storage_key, MediaAsset.storage_key)
    if not any(db.session.scalar(select(column).where(column == storage_key).limit(1)) for column in columns):
        storage.current().delete(storage_key)


def _remove(course: Authored) -> None:
    """Delete the row, cascading to everything below it, and enqueue jobs that delete its files."""
    id_, thumbnails = course.id, (course.thumbnail, (course.draft or {}).get("thumbnail"))
    keys = _keys(id_)
    recordings = list(db.session.scalars(select(MediaAsset.id).where(MediaAsset.course_id == id_)))
    db.session.flush()
    db.session.expunge(course)
    db.session.execute(delete(Product).where(Product.id == id_))
    for recording in recordings:
        jobs.enqueue("discard_media", asset_id=str(recording))
    for key in keys:
        jobs.enqueue("discard_file", storage_key=key)
    for thumbnail in thumbnails:
        images.remove_later(images.ImageUse.THUMBNAIL, thumbnail)


def _keys(course_id: uuid.UUID) -> list[str]:
    """List the storage keys of the course's resources, code archives and pictures."""
    of_lessons = (
        select(Resource.storage_key)
        .join(Lesson, Lesson.id == Resource.lesson_id)
        .where(Lesson.course_id == course_id, Resource.storage_key.is_not(None))
    )
    archives = select(CodeArchive.storage_key).where(CodeArchive.course_id == course_id)
    drawn = select(Picture.storage_key).where(Picture.course_id == course_id)
    return [key for query in (of_lessons, archives, drawn) for key in db.session.scalars(query) if key]


def _is_bundled(course: Authored) -> str | None:
    """Refuse while a bundle holds the course: what it sells would be gone."""
    titles = contents.bundle_titles(course)
    if not titles:
        return None
    more = f" and {plural(len(titles) - 1, 'other bundle')}" if len(titles) > 1 else ""
    return f"This course is in the bundle “{titles[0]}”{more}. It has to be taken out first."


def _is_being_paid(course: Authored) -> str | None:
    """Refuse while an order is pending: its buyer would pay for something that no longer exists."""
    open_order = (
        select(Purchase.id)
        .join(Order, Order.id == Purchase.order_id)
        .where(Purchase.product_id == course.id, Order.status == OrderStatus.PENDING)
        .limit(1)
    )
    if db.session.scalar(open_order) is None:
        return None
    noun = kinds.noun(course)
    return f"Someone is buying this {noun} right now. Archive it now and delete it in a day."


# Each answers a sentence why a course can't be deleted, or None.
RULES: tuple[Callable[[Authored], str | None], ...] = (_is_bundled, _is_being_paid)
