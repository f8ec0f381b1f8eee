"""Submission for review: of a course, a bundle or an update; withdrawing it, and taking it off sale."""

import uuid

from sqlalchemy import exists
from sqlalchemy.orm import aliased

import jobs
from domain import Refused
from domain.authoring import (
    approved_settings,
    bundle_checklist,
    checklist,
    course_content,
    lesson_drafts,
    page_drafts,
)
from domain.authoring.checklist import ChecklistItem
from domain.catalog import kinds, lifecycle
from domain.catalog.lifecycle import Authored
from domain.platform import audit, moderation_queue
from domain.platform.audit_actions import AuditAction
from models import Course, ModerationItem, ModerationKind, ProductStatus, UpdateState, User, Verdict, db


def needs_review(course: Authored, actor: User) -> bool:
    """Tell if what `actor` submits needs an admin's review.

    It does even for trusted creators once an admin took this course, or another of the same creator, off
    sale: otherwise a copy, or the same course under a new name, would be on sale at once.
    """
    if actor.is_admin:
        return False
    if course.off_with_creator or not lifecycle.publishes_directly(course, actor):
        return True
    return _was_taken_down(course) or (
        not lifecycle.is_live(course) and _something_is_down(course.creator_id)
    )


def needs_review_to_start(creator: User) -> bool:
    """Tell if a course of `creator` that isn't on sale needs a review, as `needs_review` does."""
    return not creator.is_admin and (not lifecycle.is_trusted(creator) or _something_is_down(creator.id))


def call_to_submit(waits: bool, of_update: bool, noun: str = "course") -> str:
    """Name the step that puts a course or its changes forward; `waits`: it needs a review."""
    if of_update:
        return "Submit changes" if waits else "Publish changes"
    return "Submit for review" if waits else f"Publish {noun}"


def submit(course: Authored, actor: User) -> bool:
    """Submit `course`: it goes on sale at once or into the review queue; answers if it is on sale.

    Raises Refused while requirements of the checklist are missing, and from a status that can't be submitted.
    """
    lifecycle.lock_course(course)
    _check(course)
    waits = needs_review(course, actor)
    lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, actor)
    if course.update_state == UpdateState.PENDING:  # it expired while its update was in review
        moderation_queue.withdraw(ModerationKind.UPDATE, course.id)
        course.update_state = UpdateState.EDITING
    if waits:
        _queue(ModerationKind.COURSE, course)
        return False
    publish(course, actor)
    return True


def submit_update(course: Authored, actor: User) -> bool:
    """Submit the changes of a course on sale: published at once or queued; answers if published.

    Raises Refused without waiting changes, and while requirements of the checklist are missing.
    """
    lifecycle.lock_course(course)
    if course.status != ProductStatus.PUBLISHED:
        noun = kinds.noun(course)
        raise Refused(f"This {noun} is {lifecycle.NAMES[course.status]}: submit the {noun} itself.")
    if course.update_state == UpdateState.PENDING:
        raise Refused("These changes are already in review.")
    if course.update_state == UpdateState.NONE:
        raise Refused("There are no new changes to submit.")
    _check(course)
    if not lifecycle.publishes_directly(course, actor):
        course.update_state = UpdateState.PENDING
        audit.record(actor, AuditAction.SUBMIT_UPDATE, course)
        _queue(ModerationKind.UPDATE, course)
        return False
    publish_update(course, actor)
    audit.record(actor, AuditAction.PUBLISH_UPDATE, course)
    return True


def withdraw(course: Authored, actor: User) -> None:
    """Withdraw the course or its update from the review queue. Refused when neither is in it."""
    lifecycle.lock_course(course)
    if course.status == ProductStatus.PENDING_REVIEW:
        lifecycle.change_status(course, lifecycle.status_before_review(course), actor)
        moderation_queue.withdraw(ModerationKind.COURSE, course.id)
    elif course.update_state == UpdateState.PENDING:
        course.update_state = UpdateState.EDITING
        moderation_queue.withdraw(ModerationKind.UPDATE, course.id)
        audit.record(actor, AuditAction.WITHDRAW_UPDATE, course)
        db.session.flush()
    else:
        noun = kinds.noun(course)
        raise Refused(f"This {noun} isn’t waiting for review. It may have just been decided.")


def take_off_sale(course: Authored, actor: User) -> None:
    """Archive `course`. Refused unless it is on sale; one in review is withdrawn instead."""
    lifecycle.lock_course(course)
    if course.status != ProductStatus.PUBLISHED:
        noun, standing = kinds.noun(course), lifecycle.NAMES[course.status]
        raise Refused(f"This {noun} is {standing}; only a published {noun} can be archived.")
    lifecycle.change_status(course, ProductStatus.ARCHIVED, actor)


def publish(course: Authored, actor: User, note: str = "") -> None:
    """Put a course in review on sale, publishing its drafts."""
    if lifecycle.is_live(course):
        _apply(course)
    lifecycle.change_status(course, ProductStatus.PUBLISHED, actor, note)
    course.off_with_creator = False
    _note_settings(course)


def publish_update(course: Authored, actor: User) -> None:
    """Publish the waiting changes: restarts the expiry clock and puts an expired course on sale again."""
    _apply(course)
    if course.status == ProductStatus.EXPIRED:
        lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, actor)
        lifecycle.change_status(course, ProductStatus.PUBLISHED, actor)
    else:
        lifecycle.refresh(course)
    _note_settings(course)


def missing(course: Authored) -> list[ChecklistItem]:
    """List the requirements that still block the submission."""
    if isinstance(course, Course):
        return checklist.missing(course_content.load(course))
    return bundle_checklist.missing(course)


def _note_settings(course: Authored) -> None:
    """Keep the settings that need no approval, for the next reviewer."""
    if isinstance(course, Course):
        approved_settings.save_snapshot(course)


def _apply(course: Authored) -> None:
    """Publish the drafts and close the update.

    Changes that couldn't be published, such as a failed recording, open another.
    """
    if isinstance(course, Course):
        lesson_drafts.apply(course)
    else:
        page_drafts.apply(course)
    course.update_state = UpdateState.NONE
    lifecycle.sync_update_state(course)


def _check(course: Authored) -> None:
    if points := missing(course):
        raise Refused("Something is missing: " + ", ".join(point.text.lower() for point in points) + ".")


def _queue(kind: ModerationKind, course: Authored) -> None:
    item = moderation_queue.enqueue(kind, course.id, course.title, course.creator_id)
    jobs.enqueue("check_links", key=f"check_links:{item.id}", item_id=str(item.id))
    db.session.flush()


def _something_is_down(creator_id: uuid.UUID) -> bool:
    """Tell if an admin took a course of this creator off sale and none has approved it since."""
    taken, later = aliased(ModerationItem), aliased(ModerationItem)
    approved_since = exists().where(
        later.subject_id == taken.subject_id,
        later.verdict == Verdict.APPROVED,
        later.closed_at > taken.closed_at,
    )
    taken_down = exists().where(
        taken.creator_id == creator_id,
        taken.kind == ModerationKind.REPORT,
        taken.verdict == Verdict.HIDDEN,
        ~approved_since,
    )
    return bool(db.session.scalar(db.select(taken_down)))


def _was_taken_down(course: Authored) -> bool:
    """Tell if the last decision of an admin about the course was to take it off sale."""
    decided = (
        db.select(ModerationItem.kind, ModerationItem.verdict)
        .where(
            ModerationItem.subject_id == course.id,
            ModerationItem.verdict.in_((Verdict.APPROVED, Verdict.HIDDEN)),
        )
        .order_by(ModerationItem.closed_at.desc())
        .limit(1)
    )
    last = db.session.execute(decided).first()
    return last is not None and last.verdict == Verdict.HIDDEN
