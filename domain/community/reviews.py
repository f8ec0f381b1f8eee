"""Reviews: writing, changing, voting, reporting, and the ratings of products.

Every change of a rating locks the product's row; otherwise two concurrent reviews would each be left out of
the other's count.
"""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, cast, delete, func, not_, or_, select, update
from werkzeug.exceptions import NotFound

import jobs
from domain import Refused
from domain.base import clock, sql
from domain.base.addresses import path_to
from domain.catalog import kinds
from domain.community import review_reports, text_decisions
from domain.community.text_decisions import AuthoredText
from domain.learning import access
from domain.platform import audit, moderation_queue, notifications
from domain.platform.audit_actions import AuditAction
from models import (
    ModerationKind,
    NotificationKind,
    Product,
    ReportReason,
    Review,
    ReviewVote,
    Standing,
    User,
    db,
    upsert,
)

MAX_COMMENT = 5000
MAX_NOTE = 500
_DIGITS = 4


def is_hidden(review: Review) -> bool:
    """Tell if `review` is hidden: seen by its author and admins only, in no rating."""
    return review.flagged and not review.approved


def hidden(review: Any = Review) -> ColumnElement[bool]:
    """Build `is_hidden` as SQL; `review` holds the columns of reviews."""
    return and_(review.flagged, not_(review.approved))


def may_review(user: User | None, product: Product) -> bool:
    """Tell whether `user` owns the product and didn't make it; being an admin isn't enough."""
    return user is not None and product.creator_id != user.id and access.has(user, product)


def only_owners(product: Product) -> str:
    """Say who can review `product`."""
    return f"Only people who own this {kinds.noun(product)} can review it."


def own_review(user: User, product: Product) -> Review | None:
    """Load `user`'s review of the product."""
    query = select(Review).where(Review.user_id == user.id, Review.product_id == product.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).first()


def find(user: User, review_id: uuid.UUID) -> tuple[Review, Product]:
    """Load a review that `user` may see, with its product; raises NotFound otherwise."""
    found = db.session.execute(
        select(Review, Product)
        .join(Product, Product.id == Review.product_id)
        .where(Review.id == review_id, Product.deleted_at.is_(None))
    ).first()
    if found is None:
        raise NotFound
    review, product = found
    if is_hidden(review) and not user.is_admin and review.user_id != user.id:
        raise NotFound
    if not kinds.kind_of(product).is_known_to(user, product):
        raise NotFound
    return review, product


def write(user: User, product: Product, rating: int, comment: str) -> Review:
    """Write `user`'s review of the product, or change the existing one. Idempotent.

    `rating` is 1–5, `comment` has at most MAX_COMMENT characters. An approval is for one text only: a new
    text is visible and can be reported again. If an admin has hidden an earlier text of this person, it needs
    approval (text_decisions.visibility_of). Refused unless `may_review`.
    """
    lock_reviews(product.id)
    if not may_review(user, product):
        raise Refused(only_owners(product))
    review = own_review(user, product)
    if review is None:
        review = Review(user_id=user.id, product_id=product.id, rating=rating, comment=comment)
        db.session.add(review)
        waits = _place(review)
        db.session.flush()
        if waits:
            _let_wait(review, product.title)
        if not review.flagged:
            tell_creator(review, product)
    elif (review.rating, review.comment) != (rating, comment):
        waits = is_hidden(review)
        said_anew = review.comment != comment
        review.rating, review.comment, review.edited_at = rating, comment, clock.now()
        if said_anew and not waits:
            waits = _place(review)
        if waits:
            _let_wait(review, product.title)  # including after an admin has hidden its earlier text
    db.session.flush()
    _write_rating(product.id)
    return review


def tell_creator(review: Review, product: Product) -> None:
    """Notify the creator of a visible review, once."""
    notifications.tell(
        product.creator_id,
        NotificationKind.REVIEW_RECEIVED,
        f"New review of “{product.title}”: {review.rating} of 5 stars",
        review.comment,
        path_to("studio.reviews", course=product.id),
        "Read and reply",
        key=f"review:{review.user_id}:{product.id}",
    )


def withdraw(user: User, product: Product) -> bool:
    """Delete `user`'s review, even if they no longer own the product; tells whether there was one."""
    lock_reviews(product.id)
    review = own_review(user, product)
    if review is None:
        return False
    leave_queue(ModerationKind.REVIEW, review, text_decisions.in_review(review), is_hidden(review))
    reply = text_decisions.in_reply(review, product.creator_id)
    leave_queue(ModerationKind.REPLY, review, reply, review.reply_hidden)
    db.session.delete(review)
    db.session.flush()
    _write_rating(product.id)
    return True


def leave_queue(kind: ModerationKind, review: Review, authored: AuthoredText, was_hidden: bool) -> None:
    """Remove a text that is being deleted from the moderation queue, and remember that it was in it."""
    if moderation_queue.waiting(kind, review.id) is not None:
        text_decisions.save_decision(authored, Standing.HIDDEN if was_hidden else Standing.REPORTED)
        moderation_queue.withdraw(kind, review.id)


def vote(user: User, review: Review, helpful: bool) -> None:
    """Set or withdraw `user`'s helpful vote. Idempotent; refused for one's own review."""
    if review.user_id == user.id:
        raise Refused("You can’t vote for your own review.")
    sql.lock(review)
    pair = {"review_id": review.id, "user_id": user.id}
    change: Any = delete(ReviewVote).filter_by(**pair)
    if helpful:
        change = upsert(ReviewVote).values(**pair).on_conflict_do_nothing()
    if db.session.scalar(change.returning(ReviewVote.user_id)) is None:
        return
    step = 1 if helpful else -1
    db.session.execute(
        update(Review)
        .where(Review.id == review.id)
        .values(helpful_count=Review.helpful_count + step, updated_at=Review.updated_at)
    )
    sql.reload(review, ["helpful_count"])


def report(user: User, review: Review, reason: ReportReason, note: str = "") -> None:
    """Report `review` to the admins; it stays visible until they decide.

    It is hidden at once if several independent owners agree or it contains held words, unless it was
    approved. Refused for one's own, with an unverified address, for a second report of the same text, and
    beyond the daily limit.
    """
    if not user.is_verified:
        raise Refused("Confirm your email address first, then you can report a review.")
    if review.user_id == user.id:
        raise Refused("You can’t report your own review. You can edit or delete it.")
    lock_review(review)
    review_reports.file_report(user, review, text_decisions.in_review(review), reason, note)
    title = db.session.scalar(select(Product.title).where(Product.id == review.product_id)) or ""
    _let_wait(review, title)
    db.session.flush()
    if not review.approved and not review.flagged:
        _hide_by_rule(review)


def _hide_by_rule(review: Review) -> None:
    """Hide a reported review without an admin where a rule says so, with the effect of a decision."""
    authored = text_decisions.in_review(review)
    why = review_reports.why_hidden(review, authored, about_reply=False)
    if not why:
        return
    review.flagged = True
    text_decisions.save_decision(authored, Standing.HIDDEN)
    audit.record(None, AuditAction.HIDE_REVIEW_BY_RULE, review, why)
    db.session.flush()
    _write_rating(review.product_id)


def recount(product_id: uuid.UUID) -> None:
    """Recompute the number and the average of the product's visible ratings."""
    lock_reviews(product_id)
    _write_rating(product_id)


def recount_all() -> int:
    """Correct every rating and helpful count that disagrees with its rows; returns how many did."""
    wrong = db.session.scalars(_wrong_ratings()).all()
    for product_id in wrong:
        recount(product_id)
    return len(wrong) + _recount_votes()


def lock_review(review: Review) -> None:
    """Load `review` in its present state and lock it with its product until the transaction ends.

    Raises NotFound when its author has deleted it meanwhile.
    """
    lock_reviews(review.product_id)
    sql.lock(review)


def lock_reviews(product_id: uuid.UUID) -> None:
    """Lock this product's reviews until the transaction ends.

    On SQLite the write lock suffices. FOR NO KEY UPDATE: rows that refer to the product stay writable.
    """
    sql.lock_key(Product, product_id)


def _let_wait(review: Review, title: str) -> None:
    moderation_queue.enqueue(ModerationKind.REVIEW, review.id, title, review.user_id)


def _place(review: Review) -> bool:
    """Set the state of `review` for its new text; tells whether it goes to the moderation queue."""
    place = text_decisions.visibility_of(text_decisions.in_review(review))
    review.flagged, review.approved = place.hidden, place.approved
    return place.waits


def _write_rating(product_id: uuid.UUID) -> None:
    """Store the rating; only if it changed, because `updated_at` makes the index cache reload the course."""
    count, average = _tally(product_id)
    changed: Any = db.session.execute(
        update(Product)
        .where(Product.id == product_id, or_(Product.rating_count != count, Product.rating_avg != average))
        .values(rating_count=count, rating_avg=average)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount:
        jobs.enqueue("correct_course_days", course_id=str(product_id))


def _tally(product_id: uuid.UUID) -> tuple[int, float]:
    counted = select(func.count(), func.avg(Review.rating)).where(
        Review.product_id == product_id, not_(hidden())
    )
    count, average = db.session.execute(counted).one()
    return count, round(float(average or 0), _DIGITS)


def _wrong_ratings() -> Any:
    """List the ids of products whose rating differs from that of their visible reviews, in order."""
    true = (
        select(Review.product_id, func.count().label("count"), func.avg(Review.rating).label("average"))
        .where(not_(hidden()))
        .group_by(Review.product_id)
        .subquery()
    )
    apart = func.abs(Product.rating_avg - func.coalesce(cast(true.c.average, Float), 0)) > 0.1**_DIGITS
    return (
        select(Product.id)
        .outerjoin(true, true.c.product_id == Product.id)
        .where(or_(Product.rating_count != func.coalesce(true.c.count, 0), apart))
        .order_by(Product.id)
    )


def _recount_votes() -> int:
    votes = select(func.count()).where(ReviewVote.review_id == Review.id).correlate(Review).scalar_subquery()
    wrong = db.session.scalars(select(Review.id).where(Review.helpful_count != votes).order_by(Review.id))
    ids = wrong.all()
    for review_id in ids:
        # Lock first: an UPDATE that waited for a concurrent vote would count with its old snapshot.
        sql.lock_key(Review, review_id)
        db.session.execute(
            update(Review)
            .where(Review.id == review_id)
            .values(helpful_count=votes, updated_at=Review.updated_at)
            .execution_options(synchronize_session=False)
        )
    return len(ids)
