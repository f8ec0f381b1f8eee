"""Recounting after a change of a course's lessons: its totals, and the progress of its learners."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

import jobs
from domain.catalog import counters
from domain.learning import progress
from models import Course, Enrollment, Lesson, db

MOST_AT_ONCE = 50_000  # learners times lessons that a request may recount, which takes a tenth of a second
_LATER = "recounted_later"


def recount_course(course: Course) -> None:
    """Recount the lessons of `course` and its learners' progress; to be called after every change of lessons.

    Progress is recomputed when the lessons differ from those it was last computed over: at once, or by the
    worker where it takes long.
    """
    if db.session.info.get(_LATER) == course.id:
        return
    name = counters.count_lessons(course)
    if course.lessons_counted != name:
        course.lessons_counted = name
        db.session.flush()
        _recount_learners(course)


@contextmanager
def once(course: Course) -> Iterator[None]:
    """Recount `course` at the end of the block only, however many of its lessons are changed within."""
    db.session.info[_LATER] = course.id
    try:
        yield
    finally:
        del db.session.info[_LATER]
    recount_course(course)


def recount_learners(course_id: str, after: str | None = None) -> None:
    """Recompute the progress of a course's learners, as a job, in batches with short locks."""
    id_ = uuid.UUID(course_id)
    lessons_of = db.session.scalar(select(func.count()).where(Lesson.course_id == id_)) or 0
    most = max(1, MOST_AT_ONCE // max(1, lessons_of))
    _, last = progress.recount_some(id_, uuid.UUID(after) if after else None, most)
    if last is not None:
        jobs.enqueue("recount_learners", course_id=course_id, after=str(last))


def _recount_learners(course: Course) -> None:
    there = db.session.scalar(select(func.count()).where(Lesson.course_id == course.id)) or 0
    most = MOST_AT_ONCE // max(1, there)
    learners = select(Enrollment.id).where(Enrollment.course_id == course.id).limit(most + 1)
    if (db.session.scalar(select(func.count()).select_from(learners.subquery())) or 0) > most:
        jobs.enqueue("recount_learners", course_id=str(course.id))
    else:
        progress.recount_some(course.id, None, most + 1)
