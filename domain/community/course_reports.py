"""Reports of courses: readers ask the admins to look at what should not be on sale so."""

import uuid
from typing import Any

from sqlalchemy import ScalarSelect, select

from domain import Refused
from domain.community import review_reports
from domain.platform import moderation_queue
from models import Course, ModerationKind, Report, ReportReason, User, db, upsert


def report(user: User, course: Course, reason: ReportReason, note: str = "") -> None:
    """Ask the admins to look at `course`, which goes on as it is meanwhile.

    Refused for one's own, from an address nobody has proved, for a second time and beyond what
    a day allows.
    """
    if course.creator_id == user.id:
        raise Refused("This is your own course.")
    if not user.is_verified:
        raise Refused("Confirm your email address first; then you can report a course.")
    if before := standing(user, course.id):
        raise Refused(before)
    review_reports.check_limit(user)
    row = upsert(Report).values(product_id=course.id, user_id=user.id, reason=reason, note=note)
    made = row.on_conflict_do_nothing(index_elements=["product_id", "user_id"]).returning(Report.id)
    if db.session.scalar(made) is None:
        raise Refused(standing(user, course.id))
    moderation_queue.put(ModerationKind.REPORT, course.id, course.title, course.creator_id)


def standing(user: User, course_id: uuid.UUID) -> str:
    """A sentence for whoever has reported the course; empty for everybody else."""
    return sentence(db.session.scalar(select(looked_at(user.id, course_id))))


def looked_at(user: Any, product: Any) -> ScalarSelect[bool]:
    """Whether anybody has looked at what `user` reported about `product`, as part of another query.

    Both are values or columns. NULL where there is no report.
    """
    report = Report.__table__.c
    mine = (report.user_id == user) & (report.product_id == product)
    return (
        select(report.outcome.is_not(None)).where(mine).correlate_except(Report.__table__).scalar_subquery()
    )


def sentence(looked_at: bool | None) -> str:
    """What that means for whoever reported it; empty for None."""
    if looked_at is None:
        return ""
    return "You have reported this course. " + (
        "We have looked at it." if looked_at else "It will be looked at."
    )
