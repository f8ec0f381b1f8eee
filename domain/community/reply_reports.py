"""Reports of creators' replies, which go to the moderation queue like those of reviews."""

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.community import review_reports, reviews, text_decisions
from domain.platform import audit, moderation_queue
from domain.platform.audit_actions import AuditAction
from models import ModerationKind, Product, ReportReason, Review, Standing, User, db


def report(user: User, review: Review, product: Product, reason: ReportReason, note: str = "") -> None:
    """Report the reply to `review` to the admins; it stays visible until they decide.

    It is hidden at once by the rules that hide a review. Refused for one's own, with an unverified address,
    for a second report of the same text, and beyond the daily limit. Raises NotFound where there is no reply,
    or it is hidden.
    """
    if not user.is_verified:
        raise Refused("Confirm your email address first, then you can report a reply.")
    if product.creator_id == user.id:
        raise Refused("You can’t report your own reply. You can edit or delete it.")
    reviews.lock_review(review)
    if not review.reply or (review.reply_hidden and not user.is_admin):
        raise NotFound
    authored = text_decisions.in_reply(review, product.creator_id)
    review_reports.file_report(user, review, authored, reason, note)
    moderation_queue.enqueue(ModerationKind.REPLY, review.id, product.title, product.creator_id)
    db.session.flush()
    approved = text_decisions.is_approved(authored, text_decisions.find(authored))
    if review.reply_hidden or approved:
        return
    if why := review_reports.why_hidden(review, authored, about_reply=True):
        review.reply_hidden = True
        text_decisions.save_decision(authored, Standing.HIDDEN)
        audit.record(None, AuditAction.HIDE_REPLY_BY_RULE, review, why)
        db.session.flush()


def find(review_id: object) -> tuple[Review, Product] | None:
    """Load a review with its product, whatever its state; None when either is deleted."""
    found = db.session.execute(
        select(Review, Product).join(Product, Product.id == Review.product_id).where(Review.id == review_id)
    ).first()
    return (found[0], found[1]) if found else None
