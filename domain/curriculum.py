"""The modules and lessons of a course, and their order."""

from sqlalchemy import select

from models import Course, db


def hold(course: Course) -> None:
    """Let nobody else change the modules and lessons of `course` until this transaction ends.

    The lock leaves room for purchases, which only refer to the row.
    """
    held = select(Course.__table__.c.id).where(Course.__table__.c.id == course.id)
    db.session.execute(held.with_for_update(key_share=True))
