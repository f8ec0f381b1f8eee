"""Reports of courses: readers ask the admins to look at what should not be on sale so."""

from sqlalchemy import select

from domain import Refused, moderation
from models import Course, ModerationKind, Report, ReportReason, User, db, upsert


def report(user: User, course: Course, reason: ReportReason, note: str = "") -> None:
    """Ask the admins to look at `course`, which goes on as it is meanwhile.

    Refused for one's own, from an address nobody has proved, and for a second time.
    """
    if course.creator_id == user.id:
        raise Refused("This is your own course.")
    if not user.is_verified:
        raise Refused("Confirm your email address first; then you can report a course.")
    row = upsert(Report).values(product_id=course.id, user_id=user.id, reason=reason, note=note)
    made = row.on_conflict_do_nothing(index_elements=["product_id", "user_id"]).returning(Report.id)
    if db.session.scalar(made) is None:
        raise Refused(_once_is_enough(user, course))
    moderation.put(ModerationKind.REPORT, course.id, course.title, course.creator_id)


def _once_is_enough(user: User, course: Course) -> str:
    mine = select(Report.outcome).where(Report.product_id == course.id, Report.user_id == user.id)
    looked_at = db.session.scalar(mine) is not None
    return "You have reported this course already. " + (
        "We have looked at it." if looked_at else "It will be looked at."
    )
