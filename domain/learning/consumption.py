"""Consumption of courses: seconds watched, texts opened, and courses finished."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select

from domain.base import percent
from domain.catalog import shown_lessons
from models import Enrollment, Lesson, LessonKind, LessonProgress, MediaAsset, Module, db


class CourseLength(NamedTuple):
    """The lessons of a course that learners see, and their length in seconds."""

    lessons: int
    seconds: int


class Consumption(NamedTuple):
    """The part of a course that a person has used, in seconds of its length; `opened` counts its lessons.

    `opened_at` is when they first opened a lesson at or after a given moment, None if they haven't.
    """

    seconds: int = 0
    opened: int = 0
    opened_at: datetime | None = None
    finished: bool = False


NOTHING = Consumption()
# Each lesson counts at least a second, so that a course of very short texts has a length too.
_LENGTH = case((Lesson.duration_seconds > 0, Lesson.duration_seconds), else_=1)


def share(used: Collection[Consumption], lengths: Collection[CourseLength]) -> int:
    """Compute the share of the courses that was used, in whole percents, rounded down; at most 100."""
    seconds, total = sum(one.seconds for one in used), sum(length.seconds for length in lengths)
    return min(100, percent.whole(seconds, total))


def lengths(course_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CourseLength]:
    """Measure courses in one query: the sum of recordings and of the reading times of texts."""
    rows = db.session.execute(
        select(Lesson.course_id, func.count(Lesson.id), func.sum(_LENGTH))
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id.in_(course_ids), shown_lessons.shown())
        .group_by(Lesson.course_id)
    )
    measured = {course_id: CourseLength(lessons, int(seconds)) for course_id, lessons, seconds in rows}
    return {course_id: measured.get(course_id, CourseLength(0, 0)) for course_id in course_ids}


def of(
    user_ids: Collection[uuid.UUID], course_ids: Collection[uuid.UUID], since: datetime
) -> dict[tuple[uuid.UUID, uuid.UUID], Consumption]:
    """Sum up what people have used of courses, by person and course, in two queries.

    A recording counts by the seconds watched, and wholly once it is complete. A text, and a film elsewhere
    that can't be measured, counts wholly once it was opened. `since` is the moment for `opened_at`.
    """
    is_measured = (Lesson.kind.in_((LessonKind.VIDEO, LessonKind.AUDIO))) & MediaAsset.id.is_not(None)
    watched = case((LessonProgress.watched_seconds < _LENGTH, LessonProgress.watched_seconds), else_=_LENGTH)
    used = case((is_measured & LessonProgress.completed_at.is_(None), watched), else_=_LENGTH)
    opened_at = func.min(case((LessonProgress.started_at >= since, LessonProgress.started_at)))
    rows = db.session.execute(
        select(
            LessonProgress.user_id, Lesson.course_id, func.sum(used), func.count(Lesson.id),
            opened_at.label("opened_at"),
        )
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(MediaAsset, MediaAsset.lesson_id == Lesson.id)
        .where(
            LessonProgress.user_id.in_(user_ids), Lesson.course_id.in_(course_ids), shown_lessons.shown()
        )
        .group_by(LessonProgress.user_id, Lesson.course_id)
    )  # fmt: skip
    finished = _finished(user_ids, course_ids)
    return {
        (user_id, course_id): Consumption(int(seconds), opened, at, (user_id, course_id) in finished)
        for user_id, course_id, seconds, opened, at in rows
    }


def _finished(
    user_ids: Collection[uuid.UUID], course_ids: Collection[uuid.UUID]
) -> set[tuple[uuid.UUID, uuid.UUID]]:
    query = select(Enrollment.user_id, Enrollment.course_id).where(
        Enrollment.user_id.in_(user_ids), Enrollment.course_id.in_(course_ids),
        Enrollment.completed_at.is_not(None),
    )  # fmt: skip
    return {(row.user_id, row.course_id) for row in db.session.execute(query)}
