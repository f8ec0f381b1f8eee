"""Decisions with undo: nothing happens for WINDOW, then a job applies them.

Until then the item stores the decision and has left the queue. Nothing is published, hidden or mailed
meanwhile, so that undoing has nothing to revert.
"""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete
from werkzeug.exceptions import NotFound

import jobs
from domain import Refused
from domain.base import clock
from domain.catalog import lifecycle
from domain.community import reviews, text_decisions
from domain.moderation import decisions
from domain.moderation.verdicts import ModerationDecision
from domain.people import creator_page_drafts
from domain.platform import audit, moderation_queue
from domain.platform.audit_actions import AuditAction
from domain.refunds import requests
from models import Job, JobState, ModerationItem, ModerationKind, Review, User, Verdict, db

WINDOW = timedelta(seconds=10)
OVER = "This decision can’t be undone any more: the ten seconds are over."


def schedule(item: ModerationItem, admin: User, decision: ModerationDecision, seen: str = "") -> str:
    """Schedule the decision to be applied after WINDOW; returns a sentence about its consequences.

    `seen` is as in decisions.decide, which is tried first and rolled back: it raises what that raises.
    """
    said = _try_out(item, admin, decision, seen)
    moderation_queue.lock_claimed(item, admin)
    moderation_queue.save_notes(item, admin, "")
    item.decision = {
        "verdict": decision.verdict.value, "reason": decision.reason, "notes": decision.notes,
        "by": str(admin.id), "seen": seen or _mark(item),
    }  # fmt: skip
    item.effective_at = clock.now() + WINDOW
    item.claimed_by = item.claimed_until = None
    db.session.flush()
    at = item.effective_at.isoformat()
    jobs.enqueue(
        "carry_out_verdict", key=_key(item.id, at), run_after=item.effective_at, item_id=str(item.id), at=at
    )
    return said


def undo(item: ModerationItem, admin: User) -> None:
    """Undo the decision of `admin` within WINDOW; the item is pending again, claimed by them.

    Raises Refused for anybody else, when it is too late, and when there is no decision.
    """
    moderation_queue.lock(item)
    if item.closed_at is not None:
        raise Refused(OVER)
    if item.decision is None or item.effective_at is None:
        raise Refused("There’s nothing to undo here. It may already have been undone.")
    if item.decision["by"] != str(admin.id):
        raise Refused("Only the admin who decided can undo it.")
    if item.effective_at <= clock.now():
        raise Refused(OVER)
    verdict, at = item.decision["verdict"], item.effective_at.isoformat()
    moderation_queue.save_notes(item, admin, item.decision["notes"])
    key = _key(item.id, at)
    db.session.execute(delete(Job).where(Job.unique_key == key, Job.state == JobState.QUEUED))
    item.decision = item.effective_at = None
    item.claimed_by, item.claimed_until = admin.id, clock.now() + moderation_queue.CLAIM
    audit.record(admin, AuditAction.TAKE_BACK_DECISION, item, f"{item.title}: {verdict.replace('_', ' ')}")
    db.session.flush()


def carry_out(item_id: str, at: str) -> None:
    """Apply the decision; the job. One that can't be applied any more makes the item pending again.

    `at` identifies the decision: after an undo there may be another one.
    """
    item = db.session.get(ModerationItem, uuid.UUID(item_id))
    if item is None:
        return
    _lock_subject(item)
    moderation_queue.lock(item)
    decided, effective_at = item.decision, item.effective_at
    if item.closed_at is not None or decided is None or effective_at != datetime.fromisoformat(at):
        return
    admin = db.session.get_one(User, uuid.UUID(decided["by"]))
    item.decision = item.effective_at = None
    db.session.flush()
    try:
        with db.session.begin_nested():
            _carry_out(item, admin, decided)
    except Refused as refusal:
        why = f"Not carried out: {refusal.sentence}"
        audit.record(
            admin, AuditAction.DECISION_LAPSED, item, "\n\n".join(filter(None, (why, decided["notes"])))
        )
    db.session.flush()


def lapsed(item: ModerationItem) -> str:
    """Explain why the last decision about an open item wasn't applied; "" where there is none."""
    if item.closed_at is not None or item.decision is not None:
        return ""
    found = audit.history_of("moderationitem", item.id, 1)
    return found[0][0].note if found and found[0][0].action == AuditAction.DECISION_LAPSED else ""


def _lock_subject(item: ModerationItem) -> None:
    """Lock the subject before the item, as every other verb does; no error where it is deleted."""
    with suppress(NotFound):
        if item.kind in moderation_queue.OF_REVIEWS:
            review = db.session.get(Review, item.subject_id)
            if review is not None:
                reviews.lock_review(review)
        elif item.kind == ModerationKind.REFUND:
            if (request := requests.find(item.subject_id)) is not None:
                requests.lock(request)
        elif (creator := creator_page_drafts.creator_of(item)) is not None:
            creator_page_drafts.lock_page(creator)
        elif (course := decisions.course_of(item)) is not None:
            lifecycle.lock_course(course)
        elif (product := decisions.product_of(item)) is not None:
            lifecycle.lock_and_reload(product)


def _carry_out(item: ModerationItem, admin: User, decided: dict[str, str]) -> None:
    if item.kind in moderation_queue.OF_REVIEWS and decided["seen"] != _mark(item):
        what = "review" if item.kind == ModerationKind.REVIEW else "reply"
        raise Refused(f"Its author changed the {what} in the meantime.")
    if not admin.is_admin or not admin.is_active:
        raise Refused(f"{admin.name} is no longer an admin.")
    decision = ModerationDecision(Verdict(decided["verdict"]), decided["reason"], decided["notes"])
    decisions.decide(item, admin, decision, decided["seen"])


def _try_out(item: ModerationItem, admin: User, decision: ModerationDecision, seen: str) -> str:
    """Decide inside a savepoint and roll back, so that a refusal comes now and not in the worker."""
    trial = db.session.begin_nested()
    try:
        return decisions.decide(item, admin, decision, seen)
    finally:
        trial.rollback()


def _mark(item: ModerationItem) -> str:
    """Compute the fingerprint of the subject's present state; "" for subjects that can't change."""
    if item.kind == ModerationKind.REVIEW:
        review = db.session.get(Review, item.subject_id, populate_existing=True)
        return f"{text_decisions.digest(review.comment)}{review.rating}" if review else ""
    if item.kind == ModerationKind.REPLY:
        review = db.session.get(Review, item.subject_id, populate_existing=True)
        return text_decisions.digest(review.reply) if review else ""
    if (creator := creator_page_drafts.creator_of(item)) is not None:
        return creator_page_drafts.version(creator)
    course = decisions.course_of(item) or decisions.bundle_of(item)
    return decisions.mark_of(course) if course is not None else ""


def _key(item_id: uuid.UUID, at: str) -> str:
    return f"verdict:{item_id}:{at}"
