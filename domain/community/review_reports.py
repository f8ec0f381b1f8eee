"""Reports of reviews and replies, which go to the moderation queue.

Only several independent owners together hide one at once. All reports, those of courses included, count
towards a person's daily limit.
"""

from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from domain import Refused
from domain.base import clock
from domain.community import text_decisions
from domain.community.text_decisions import AuthoredText
from domain.learning import access_facts
from models import (
    AccessGrant,
    Enrollment,
    Product,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    ReplyStanding,
    Report,
    ReportReason,
    Review,
    User,
    db,
)

OWNERS_THAT_HIDE = 3
# A learner who hasn't paid counts as an owner only with an account this old and this much progress.
SERIOUS_AFTER = timedelta(days=14)
SERIOUS_PERCENT = 20
MOST_A_DAY = 20
DAY = timedelta(days=1)


def check_limit(user: User) -> None:
    """Refuse a report by somebody who has sent MOST_A_DAY within 24 hours (rate limit)."""
    since = clock.now() - DAY
    # A decision updates the row of a report as well, so only open ones count as sent again.
    sent_again = and_(Report.outcome.is_(None), Report.updated_at > since)
    sent = select(func.count(Report.id)).where(
        Report.user_id == user.id, or_(Report.created_at > since, sent_again)
    )
    if (db.session.scalar(sent) or 0) >= MOST_A_DAY:
        raise Refused(f"You’ve sent {MOST_A_DAY} reports today. Please wait until tomorrow.")


def file_report(user: User, review: Review, authored: AuthoredText, reason: ReportReason, note: str) -> None:
    """Store `user`'s report of `review`, or of the reply to it, if that is what `authored` is.

    Refused for a second report of the same text, and beyond the daily limit.
    """
    about_reply = authored.table is ReplyStanding
    what, changed_at = ("reply", review.replied_at) if about_reply else ("review", review.edited_at)
    if text_decisions.was_dismissed(user.id, authored):
        raise Refused(f"You’ve already reported this {what}. We looked at it, and it stays.")
    mine = select(Report).filter_by(review_id=review.id, user_id=user.id, about_reply=about_reply)
    before = db.session.scalars(mine).first()
    if before is not None and (changed_at is None or changed_at < before.updated_at):
        raise Refused(f"You’ve already reported this {what}. We’ll look into it soon.")
    check_limit(user)
    if before is None:
        row = Report(review_id=review.id, user_id=user.id, reason=reason, note=note, about_reply=about_reply)
        db.session.add(row)
    else:
        before.reason, before.note, before.updated_at = reason, note, clock.now()
        before.outcome = before.closed_at = None


def why_hidden(review: Review, authored: AuthoredText, about_reply: bool) -> str:
    """Name the rule that hides a reported text without an admin; "" where none applies."""
    if text_decisions.has_held_words(authored.text):
        return "blocked words"
    return f"{OWNERS_THAT_HIDE} owners agree" if owners_agree(review, about_reply) else ""


def owners_agree(review: Review, about_reply: bool = False) -> bool:
    """Tell whether enough independent owners have an open report of `review`, or of the reply to it.

    Each owns the product now, has a verified address and an active account, and neither made it nor wrote the
    review. And each has paid for it, or has an account older than SERIOUS_AFTER and
    SERIOUS_PERCENT of progress: free courses can be had by any number of fake accounts (Sybil attack).
    """
    own = (
        Purchase.user_id == Report.user_id,
        Purchase.owner_id == Report.user_id,
        Purchase.status == PurchaseStatus.COMPLETED,
    )
    bought = select(Purchase.id).where(
        *own, Purchase.product_id == review.product_id, Purchase.amount_cents > 0
    )
    # A course that came in a bundle was paid for by its share of that.
    in_bundle = (
        select(AccessGrant.id)
        .join(Purchase, Purchase.id == AccessGrant.purchase_id)
        .join(PurchaseShare, PurchaseShare.purchase_id == Purchase.id)
        .where(
            *own,
            AccessGrant.user_id == Report.user_id,
            AccessGrant.course_id == review.product_id,
            PurchaseShare.course_id == AccessGrant.course_id,
            PurchaseShare.amount_cents > 0,
        )
    )
    learns = select(Enrollment.id).where(
        Enrollment.user_id == Report.user_id,
        Enrollment.course_id == review.product_id,
        Enrollment.progress_percent >= SERIOUS_PERCENT,
    )
    is_serious = and_(User.created_at <= clock.now() - SERIOUS_AFTER, learns.exists())
    agreeing = (
        select(func.count(Report.user_id.distinct()))
        .join(User, User.id == Report.user_id)
        .join(Product, Product.id == review.product_id)
        .where(
            Report.review_id == review.id,
            Report.about_reply == about_reply,
            Report.outcome.is_(None),
            User.email_verified_at.is_not(None),
            User.suspended_at.is_(None),
            User.deleted_at.is_(None),
            User.id != review.user_id,
            User.id != Product.creator_id,
            access_facts.having(Report.user_id, review.product_id),
            or_(bought.exists(), in_bundle.exists(), is_serious),
        )
    )
    return (db.session.scalar(agreeing) or 0) >= OWNERS_THAT_HIDE
