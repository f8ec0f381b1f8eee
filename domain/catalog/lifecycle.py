"""The lifecycle of a course: going on sale, expiring, and changing while people learn it.

A course that was ever published is live: learners may hold it. Changes to the page and the lessons of a live
course by a creator who isn't vetted stay drafts until an admin approves the update; everybody else's are
published at once.

Statuses change in `change_status` alone, along TRANSITIONS. Besides the usual way on sale and off it, a
course in review can be withdrawn to its former status.
"""

from collections.abc import Sequence

from sqlalchemy import or_, select
from werkzeug.exceptions import NotFound

import jobs
from domain import Refused
from domain.base import clock, sql
from domain.catalog import availability, freshness, kinds
from domain.catalog.index import search
from domain.platform import audit, moderation_queue, settings
from domain.platform.audit_actions import AuditAction
from models import (
    Bundle,
    BundleCourse,
    CodeArchive,
    Course,
    Lesson,
    MediaAsset,
    ModerationKind,
    Module,
    Product,
    ProductStatus,
    ProposedCaption,
    Resource,
    UpdateState,
    User,
    db,
)

Authored = Course | Bundle
DRAFT, PENDING_REVIEW, PUBLISHED, REJECTED, EXPIRED, ARCHIVED = ProductStatus
TRANSITIONS: dict[ProductStatus, tuple[ProductStatus, ...]] = {
    DRAFT: (PENDING_REVIEW,),
    PENDING_REVIEW: (PUBLISHED, REJECTED, DRAFT, EXPIRED, ARCHIVED),
    PUBLISHED: (EXPIRED, ARCHIVED),
    REJECTED: (PENDING_REVIEW,),
    EXPIRED: (PENDING_REVIEW,),
    ARCHIVED: (PENDING_REVIEW,),
}
NAMES = {
    DRAFT: "a draft",
    PENDING_REVIEW: "in review",
    PUBLISHED: "published",
    REJECTED: "sent back",
    EXPIRED: "expired",
    ARCHIVED: "archived",
}
_ACTIONS = {
    PENDING_REVIEW: AuditAction.SUBMIT_COURSE,
    PUBLISHED: AuditAction.PUBLISH_COURSE,
    REJECTED: AuditAction.REJECT_COURSE,
    EXPIRED: AuditAction.EXPIRE_COURSE,
    ARCHIVED: AuditAction.ARCHIVE_COURSE,
}


def is_live(course: Authored) -> bool:
    """Tell if learners may hold the course: it was published at some time."""
    return course.published_at is not None


def publishes_directly(course: Authored, actor: User) -> bool:
    """Tell if `actor` needs no approval for `course`."""
    return is_trusted(actor)


def is_trusted(actor: User) -> bool:
    """Tell if `actor` needs no approval: admins, vetted creators, a shop without review."""
    return actor.is_admin or actor.vetted or not settings.current().require_review


def needs_approval(course: Authored, actor: User) -> bool:
    """Tell if changes by `actor` to the page and lessons of `course` become drafts that need approval."""
    return is_live(course) and not publishes_directly(course, actor)


def change_status(course: Authored, to: ProductStatus, actor: User | None, note: str = "") -> None:
    """Change the status of a course or bundle, with an entry in the audit log; `actor` None is the system.

    What depends on the status follows: publication and expiry dates, the search document; archiving withdraws
    an update from the review queue. Refused where TRANSITIONS doesn't allow the step, and where `actor` may
    not decide it.
    """
    lock_course(course)
    before = course.status
    if to not in TRANSITIONS[before]:
        noun = kinds.noun(course)
        raise Refused(f"This {noun} is {NAMES[before]}, so it can’t become {NAMES[to]}.")
    if to in (PUBLISHED, REJECTED) and actor is not None and not _may_decide(course, to, actor):
        raise Refused(f"An admin has to review this {kinds.noun(course)} first.")
    course.status = to
    if to == PUBLISHED:
        now = clock.now()
        course.published_at = course.published_at or now
        if isinstance(course, Course):
            freshness.restart(course, now)
    elif to == ARCHIVED and course.update_state == UpdateState.PENDING:
        moderation_queue.withdraw(ModerationKind.UPDATE, course.id)
        course.update_state = UpdateState.EDITING
    _keep_findable(course)
    if before == PUBLISHED and _is_bundled(course):
        jobs.enqueue("settle_bundles")
    taken_back = before == PENDING_REVIEW and to in (DRAFT, EXPIRED, ARCHIVED)
    audit.record(actor, AuditAction.WITHDRAW_COURSE if taken_back else _ACTIONS[to], course, note)
    db.session.flush()


_STANDING = ("status", "published_at", "update_state", "admin_notes", "draft", "deleted_at")


def lock_course(course: Authored) -> None:
    """Lock the row of `course`, or of a bundle, until the transaction ends and reload its status columns.

    Raises NotFound for one that was deleted meanwhile.
    """
    dates = ("expires_at", "content_updated_at") if isinstance(course, Course) else ()
    _lock(course, (*_STANDING, *dates))


def lock_and_reload(product: Product) -> None:
    """Lock `product` as `lock_course` does and reload all of its columns."""
    _lock(product)


def _lock(product: Product, names: Sequence[str] = ()) -> None:
    sql.lock(product, names)
    if product.deleted_at is not None:
        raise NotFound


def status_before_review(course: Authored) -> ProductStatus:
    """Work out the status that a course in review goes back to when it is withdrawn."""
    if course.published_at is None:
        return DRAFT
    return EXPIRED if availability.is_expired(course, clock.now()) else ARCHIVED


def refresh(course: Authored) -> None:
    """Restart the expiry clock now, where there is one, and rewrite the search document."""
    if isinstance(course, Course):
        freshness.restart(course, clock.now())
    _keep_findable(course)


def content_changed(course: Course, actor: User) -> None:
    """Record that `actor` changed the content: call it after each change of modules, lessons or files.

    A published change restarts the expiry clock. Where changes of `actor` need approval, one that leaves a
    draft opens an update, and small fixes that are published anyway don't restart it. The search document and
    the catalogue's version follow.
    """
    if needs_approval(course, actor):
        sync_update_state(course)
        if course.status == PUBLISHED:
            search.index(course)
        return
    content_shown(course)


def content_shown(course: Course) -> None:
    """Record that learners see new content from now on."""
    now = clock.now()
    course.content_updated_at = now
    # An expired course returns by being submitted, not by an edit.
    if course.status == PUBLISHED:
        freshness.restart(course, now)
    _keep_findable(course)


def sync_update_state(course: Authored) -> None:
    """Open an update if something waits for approval and close it if not; one in review stays."""
    db.session.flush()
    if course.update_state != UpdateState.PENDING:
        course.update_state = UpdateState.EDITING if has_pending_changes(course) else UpdateState.NONE


def has_pending_changes(course: Authored) -> bool:
    """Tell if any change of `course` waits for approval."""
    if isinstance(course, Bundle):
        return course.draft is not None
    lessons = select(Lesson.id).where(Lesson.course_id == course.id)
    recordings = select(MediaAsset.id).where(MediaAsset.course_id == course.id)
    page = select(Course.id).where(Course.id == course.id, Course.draft.is_not(None))
    waiting = (
        page,
        select(Module.id).where(Module.course_id == course.id, Module.draft.is_not(None)),
        lessons.where(Lesson.draft.is_not(None)),
        lessons.join(Resource).where(Resource.pending | Resource.proposed_title.is_not(None)),
        recordings.where(
            (MediaAsset.proposed_for.is_not(None) & ~MediaAsset.steps_in)
            | (MediaAsset.proposed_film & ~MediaAsset.steps_in)
            | MediaAsset.proposed_chapters.is_not(None)
        ),
        recordings.join(ProposedCaption),
        select(CodeArchive.id).where(CodeArchive.course_id == course.id, CodeArchive.pending),
    )
    return bool(db.session.scalar(select(or_(*(query.exists() for query in waiting)))))


def in_review(course: Authored) -> bool:
    """Tell if the course or its update is in the review queue."""
    return course.status == PENDING_REVIEW or course.update_state == UpdateState.PENDING


def _may_decide(course: Authored, to: ProductStatus, actor: User) -> bool:
    return actor.is_admin or (to == PUBLISHED and publishes_directly(course, actor))


def _is_bundled(course: Authored) -> bool:
    """Tell if a bundle sells `course`, which may have to go off sale with it."""
    links = select(BundleCourse.bundle_id).where(BundleCourse.course_id == course.id)
    return db.session.scalar(links.limit(1)) is not None


def _keep_findable(course: Authored) -> None:
    if course.status == PUBLISHED:
        search.index(course)
    else:
        search.forget(course)
