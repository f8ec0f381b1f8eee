"""Verdicts on reviews and replies, and taking one back. Lock order: the review, then the item."""

from sqlalchemy import ColumnElement, and_, select

from domain import Refused
from domain.base import clock
from domain.base.addresses import path_to
from domain.community import reply_reports, review_replies, reviews, text_decisions
from domain.moderation.verdicts import ModerationDecision, answer_reports, close
from domain.platform import audit, moderation_queue, notifications
from domain.platform.audit_actions import AuditAction
from models import (
    ModerationItem,
    ModerationKind,
    NotificationKind,
    Report,
    ReportOutcome,
    Review,
    Standing,
    User,
    Verdict,
    db,
)


def restore(item: ModerationItem, admin: User) -> None:
    """Show a review or reply again that this decision has hidden. Refused for everything else."""
    of_reply = item.kind == ModerationKind.REPLY
    found = reply_reports.find(item.subject_id) if of_reply or item.kind == ModerationKind.REVIEW else None
    review, course = found or (None, None)
    shown = review is None or (not review.reply_hidden if of_reply else review.approved)
    if review is None or course is None or item.verdict != Verdict.HIDDEN or shown:
        raise Refused("There’s nothing hidden to restore.")
    if of_reply:
        review.reply_hidden = False
        said = text_decisions.in_reply(review, course.creator_id)
    else:
        review.approved = True
        said = text_decisions.in_review(review)
    db.session.flush()
    reviews.recount(review.product_id)
    _bind_author(review, said, stays=True)
    item.verdict, item.closed_by, item.closed_at = Verdict.APPROVED, admin.id, clock.now()
    audit.record(admin, AuditAction.RESTORE_REPLY if of_reply else AuditAction.RESTORE_REVIEW, review)


def judge_review(item: ModerationItem, admin: User, decision: ModerationDecision) -> str:
    """Show or hide the item's review; returns a sentence. Refused when its author has deleted it."""
    found = reply_reports.find(item.subject_id)
    if found is None:
        raise Refused("Its author has deleted this review.")
    review, product = found
    reviews.lock_review(review)
    moderation_queue.lock_claimed(item, admin)
    stays, was_shown = decision.verdict == Verdict.APPROVED, not reviews.is_hidden(review)
    review.flagged, review.approved = not stays, stays
    db.session.flush()
    reviews.recount(review.product_id)
    audit.record(
        admin, AuditAction.APPROVE_REVIEW if stays else AuditAction.HIDE_REVIEW, review, decision.notes
    )
    close(item, admin, decision)
    answer_reports(_about(review), product, "review", upheld=not stays)
    _bind_author(review, text_decisions.in_review(review), stays)
    if stays:
        reviews.tell_creator(review, product)  # if it was hidden when it was written
    if not stays:
        notifications.tell(
            review.user_id, NotificationKind.REPORT_DECIDED, f"Your review of “{product.title}” is hidden",
            "\n\n".join(filter(None, (decision.notes, "If you edit it, we’ll check it again."))),
            path_to("reviews.write", slug=product.slug), "Edit it", key=f"hidden:{item.id}",
        )  # fmt: skip
    return _outcome("review", was_shown, stays)


def judge_reply(item: ModerationItem, admin: User, decision: ModerationDecision) -> str:
    """Show or hide the item's reply; returns a sentence. Refused when it no longer exists."""
    found = reply_reports.find(item.subject_id)
    if found is None or not found[0].reply:
        raise Refused("This reply no longer exists.")
    review, product = found
    reviews.lock_review(review)
    moderation_queue.lock_claimed(item, admin)
    stays, was_shown = decision.verdict == Verdict.APPROVED, not review.reply_hidden
    review.reply_hidden = not stays
    audit.record(
        admin, AuditAction.APPROVE_REPLY if stays else AuditAction.HIDE_REPLY, review, decision.notes
    )
    close(item, admin, decision)
    answer_reports(_about(review, reply=True), product, "reply", upheld=not stays)
    _bind_author(review, text_decisions.in_reply(review, product.creator_id), stays)
    if stays:
        creator = db.session.get_one(User, product.creator_id)
        review_replies.tell_author(review, product, creator.name)  # if it was hidden when it was written
    else:
        notifications.tell(
            product.creator_id, NotificationKind.REPORT_DECIDED,
            f"Your reply to a review of “{product.title}” is hidden",
            "\n\n".join(filter(None, (decision.notes, "If you edit it, we’ll check it again."))),
            path_to("studio.reviews", course=product.id), "Edit it", key=f"hidden:{item.id}",
        )  # fmt: skip
    return _outcome("reply", was_shown, stays)


def _outcome(what: str, was_shown: bool, shown: bool) -> str:
    """Say what becomes of a review or reply, by what it was before."""
    if was_shown == shown:
        return f"The {what} stays {'visible' if shown else 'hidden'}."
    return f"The {what} is visible again." if shown else f"The {what} is hidden."


def _about(review: Review, reply: bool = False) -> ColumnElement[bool]:
    """Build the SQL condition "is a report of this review", or of the reply to it."""
    return and_(Report.review_id == review.id, Report.about_reply == reply)


def _bind_author(review: Review, said: text_decisions.AuthoredText, stays: bool) -> None:
    """Store the decision for this person's text there, so that it survives its deletion."""
    which = _about(review, reply="reviewer_id" in said.key)
    reported = select(Report.user_id).where(which, Report.outcome == ReportOutcome.DISMISSED)
    standing = Standing.APPROVED if stays else Standing.HIDDEN
    text_decisions.save_decision(said, standing, db.session.scalars(reported).all() if stays else ())
