"""Reports of reviews: they wait for an admin. Only several independent owners together hide one at once.

Whatever is reported, reviews and courses, counts towards what a person may report in a day.
"""

from datetime import timedelta

from sqlalchemy import func, select

from domain import Refused, clock, gates
from models import AccessGrant, Product, Report, Review, User, db

OWNERS_THAT_HIDE = 3
MOST_A_DAY = 20
DAY = timedelta(days=1)


def check_limit(user: User) -> None:
    """Refuse a report of somebody who has sent MOST_A_DAY within the last day."""
    since = clock.now() - DAY
    sent = select(func.count(Report.id)).where(Report.user_id == user.id, Report.updated_at > since)
    if (db.session.scalar(sent) or 0) >= MOST_A_DAY:
        raise Refused(f"You have sent {MOST_A_DAY} reports within a day. Please wait until tomorrow.")


def owners_agree(review: Review) -> bool:
    """Tell whether enough independent owners have an open report of `review`.

    Each has the course now, a proved address and an account that is in use, and neither made the course nor
    wrote the review.
    """
    theirs = gates.holding(Report.user_id, review.product_id)  # a column does as well
    agreeing = (
        select(func.count(Report.user_id.distinct()))
        .join(User, User.id == Report.user_id)
        .join(Product, Product.id == review.product_id)
        .where(
            Report.review_id == review.id,
            Report.outcome.is_(None),
            User.email_verified_at.is_not(None),
            User.suspended_at.is_(None),
            User.deleted_at.is_(None),
            User.id != review.user_id,
            User.id != Product.creator_id,
            select(AccessGrant.id).where(*theirs).exists(),
        )
    )
    return (db.session.scalar(agreeing) or 0) >= OWNERS_THAT_HIDE
