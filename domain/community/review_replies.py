"""Creators' replies to reviews, and the list of reviews of their products."""

import uuid
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, Uuid, bindparam, case, not_, select
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock, pagination
from domain.base.pagination import Cursor, Page
from domain.catalog import kinds
from domain.community import reviews, text_decisions
from domain.community.reviews import hidden
from domain.platform import audit, moderation_queue, notifications
from domain.platform.audit_actions import AuditAction
from models import ModerationKind, NotificationKind, Product, Review, User, db

PER_PAGE = 20
MAX_REPLY = 2000

review, product, people = (t.__table__.c for t in (Review, Product, User))


class ReceivedReview(NamedTuple):
    """A review of a course, as listed for its creator; `author` is None once their account is deleted."""

    id: uuid.UUID
    rating: int
    comment: str
    created_at: datetime
    edited_at: datetime | None
    reply: str
    replied_at: datetime | None
    reply_hidden: bool
    author: str | None
    course_id: uuid.UUID
    course: str
    slug: str


def load(
    creator: User, course_id: uuid.UUID | None, rating: int | None, unanswered: bool, after: str
) -> Page[ReceivedReview]:
    """Load the page of visible reviews of `creator`'s courses after the cursor `after`, newest first.

    `course_id` filters by course, `rating` by stars, `unanswered` keeps those without a reply.
    """
    mark = pagination.read(after)
    given: dict[str, Any] = {"creator": creator.id, "count": PER_PAGE + 1} | pagination.values(mark)
    given |= {"course": course_id} if course_id else {}
    given |= {"rating": rating} if rating else {}
    statement = _page(course_id is not None, rating is not None, unanswered, mark is not None)
    lines = (ReceivedReview(*row) for row in db.session.connection().execute(statement, given))
    return pagination.cut(lines, PER_PAGE, lambda line: Cursor(line.created_at, line.id))


def find(creator: User, review_id: uuid.UUID) -> tuple[Review, Product]:
    """Load a visible review of a product by `creator`, with the product; raises NotFound otherwise."""
    found = db.session.execute(
        select(Review, Product)
        .join(Product, Product.id == Review.product_id)
        .where(Review.id == review_id, Product.creator_id == creator.id, Product.deleted_at.is_(None))
        .where(not_(hidden()))
    ).first()
    if found is None:
        raise NotFound
    written, reviewed = found
    return written, reviewed


def save_reply(creator: User, written: Review, reviewed: Product, reply: str) -> None:
    """Write or replace the reply to a review; its author is notified of the first one.

    If an admin has hidden an earlier reply there, it needs approval (text_decisions.visibility_of).
    Refused if it
    contains one of the shop's held words.
    """
    if text_decisions.has_held_words(reply):
        raise Refused("Your reply contains words that aren’t allowed here. Please rephrase it.", "reply")
    reviews.lock_review(written)
    is_new = not written.reply
    if written.reply != reply:
        written.reply, written.replied_at = reply, clock.now()
        place = text_decisions.visibility_of(text_decisions.in_reply(written, creator.id))
        written.reply_hidden = place.hidden
        if place.waits:
            moderation_queue.enqueue(ModerationKind.REPLY, written.id, reviewed.title, creator.id)
        audit.record(creator, AuditAction.ADD_REPLY if is_new else AuditAction.CHANGE_REPLY, written)
    if is_new and not written.reply_hidden:
        tell_author(written, reviewed, creator.name)
    db.session.flush()


def tell_author(written: Review, reviewed: Product, creator: str) -> None:
    """Notify the author of a review of the visible reply to it, once."""
    notifications.tell(
        written.user_id,
        NotificationKind.REVIEW_REPLY,
        f"{creator} replied to your review of “{reviewed.title}”",
        written.reply,
        f"{kinds.page(reviewed)}#reviews",
        "Read the reply",
        key=f"reply:{written.id}",
    )


def delete_reply(creator: User, written: Review) -> None:
    """Delete the reply. Idempotent."""
    reviews.lock_review(written)
    if written.reply:
        said = text_decisions.in_reply(written, creator.id)
        reviews.leave_queue(ModerationKind.REPLY, written, said, written.reply_hidden)
        written.reply, written.replied_at, written.reply_hidden = "", None, False
        audit.record(creator, AuditAction.DELETE_REPLY, written)
    db.session.flush()


@cache
def _page(in_course: bool, by_rating: bool, unanswered: bool, goes_on: bool) -> Select[Any]:
    where = [
        product.creator_id == bindparam("creator", type_=Uuid()),
        product.deleted_at.is_(None),
        not_(hidden()),
    ]
    if in_course:
        where.append(product.id == bindparam("course", type_=Uuid()))
    if by_rating:
        where.append(review.rating == bindparam("rating", type_=Integer()))
    if unanswered:
        where.append(review.reply == "")
    if goes_on:
        where.append(pagination.after(review.created_at, review.id))
    tables = Product.__table__.join(Review.__table__, review.product_id == product.id)
    name = case((people.deleted_at.is_(None), people.name))
    return (
        select(
            review.id, review.rating, review.comment, review.created_at, review.edited_at, review.reply,
            review.replied_at, review.reply_hidden, name, product.id, product.title, product.slug,
        )
        .select_from(tables.join(User.__table__, people.id == review.user_id))
        .where(*where)
        .order_by(review.created_at.desc(), review.id.desc())
        .limit(bindparam("count"))
    )  # fmt: skip
