"""Reports of courses, which go to the moderation queue."""

import uuid
from typing import Any

from sqlalchemy import ScalarSelect, select

from domain import Refused
from domain.catalog import availability
from domain.community import review_reports
from domain.platform import moderation_queue
from models import Course, ModerationKind, Report, ReportReason, User, db, upsert


def report(user: User, course: Course, reason: ReportReason, note: str = "") -> None:
    """Report `course` to the admins; it stays on sale meanwhile.

    Refused for one's own course, with an unverified address, for a second report, and beyond the daily limit.
    """
    if course.creator_id == user.id:
        raise Refused(availability.OWN_COURSE)
    if not user.is_verified:
        raise Refused("Confirm your email address first, then you can report a course.")
    if before := standing(user, course.id):
        raise Refused(before)
    review_reports.check_limit(user)
    row = upsert(Report).values(product_id=course.id, user_id=user.id, reason=reason, note=note)
    made = row.on_conflict_do_nothing(index_elements=["product_id", "user_id"]).returning(Report.id)
    if db.session.scalar(made) is None:
        raise Refused(standing(user, course.id))
    moderation_queue.enqueue(ModerationKind.REPORT, course.id, course.title, course.creator_id)


def standing(user: User, course_id: uuid.UUID) -> str:
    """Describe the state of the user's report; "" if they haven't reported the course."""
    return sentence(db.session.scalar(select(looked_at(user.id, course_id))))


def looked_at(user: Any, product: Any) -> ScalarSelect[bool]:
    """Build the SQL expression "an admin has decided about `user`'s report of `product`".

    Both are values or columns. NULL where there is no report.
    """
    report = Report.__table__.c
    mine = (report.user_id == user) & (report.product_id == product)
    return (
        select(report.outcome.is_not(None)).where(mine).correlate_except(Report.__table__).scalar_subquery()
    )


def sentence(looked_at: bool | None) -> str:
    """Describe that state to the person who reported; "" for None."""
    if looked_at is None:
        return ""
    return "You’ve reported this course. " + (
        "We’ve looked into it." if looked_at else "We’ll look into it soon."
    )
