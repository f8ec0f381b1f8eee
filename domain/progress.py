"""How far a learner has come: completing lessons, and what that makes of the course."""

import uuid
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Update, Uuid, and_, bindparam, case, func, select, update

from domain import clock
from models import (
    Enrollment,
    EnrollmentStatus,
    Lesson,
    LessonProgress,
    LessonVisibility,
    Module,
    User,
    UtcDateTime,
    db,
    upsert,
)


def complete(user: User, lesson: Lesson) -> bool:
    """Mark `lesson` complete for `user`. True when that completed the course, now and not before."""
    lock(user.id)
    now = clock.now()
    statement = upsert(LessonProgress).values(
        user_id=user.id, lesson_id=lesson.id, started_at=now, completed_at=now
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "lesson_id"],
            set_={"completed_at": now, "updated_at": now},
            where=LessonProgress.completed_at.is_(None),
        )
    )
    return recount(user.id, lesson.course_id, last_lesson_id=lesson.id)


def reopen(user: User, lesson: Lesson) -> None:
    """Take the completion of `lesson` back, and with it the course's. What was watched stays watched."""
    lock(user.id)
    now = clock.now()
    db.session.execute(
        update(LessonProgress)
        .where(LessonProgress.user_id == user.id, LessonProgress.lesson_id == lesson.id)
        .values(completed_at=None)
    )
    db.session.execute(
        update(Enrollment)
        .where(Enrollment.user_id == user.id, Enrollment.course_id == lesson.course_id)
        .values(
            completed_at=None,
            status=case(
                (Enrollment.status == EnrollmentStatus.COMPLETED, EnrollmentStatus.ACTIVE),
                else_=Enrollment.status,
            ),
            updated_at=now,
        )
    )
    recount(user.id, lesson.course_id, last_lesson_id=lesson.id)


def lock(user_id: uuid.UUID) -> None:
    """Let one request at a time change this learner's progress.

    What is watched is merged and lessons are counted: both read before they write. SQLite has given
    the write lock already; PostgreSQL locks the person's row, which exists before any progress does.
    """
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def recount(
    user_id: uuid.UUID,
    course_id: uuid.UUID,
    last_lesson_id: uuid.UUID | None = None,
    via: Connection | None = None,
) -> bool:
    """Bring the enrolment, if there is one, up to date with its lessons; `lock` must be held.

    True when this completed the course. A course that was completed stays so when lessons are added.
    It runs in the session, or on the connection `via`.
    """
    values = {
        "user": user_id,
        "course": course_id,
        "last_lesson": last_lesson_id,
        "moment": clock.now(),
    }
    row = (via or db.session).execute(_recount(last_lesson_id is not None), values).first()
    return row is not None and row.completed_at == values["moment"]


@cache
def _recount(moves: bool) -> Update:
    """The statement behind `recount`, built once; `moves` says whether the learner is in a lesson."""
    user, course = bindparam("user", type_=Uuid()), bindparam("course", type_=Uuid())
    moment = bindparam("moment", type_=UtcDateTime())
    total = _lessons(course, user, func.count(Lesson.id))
    done = _lessons(course, user, func.count(LessonProgress.completed_at))
    finished = and_(total > 0, done >= total)
    changes: dict[str, Any] = {
        "progress_percent": case((total > 0, done * 100 // total), else_=0),
        "completed_at": case(
            (and_(finished, Enrollment.completed_at.is_(None)), moment), else_=Enrollment.completed_at
        ),
        "status": case(
            (and_(finished, Enrollment.status == EnrollmentStatus.ACTIVE), EnrollmentStatus.COMPLETED),
            else_=Enrollment.status,
        ),
        "total_watch_seconds": _watched(course, user),
        "updated_at": moment,
    }
    if moves:
        changes |= {"last_lesson_id": bindparam("last_lesson", type_=Uuid()), "last_accessed_at": moment}
    return (
        update(Enrollment)
        .where(Enrollment.user_id == user, Enrollment.course_id == course)
        .values(changes)
        .returning(Enrollment.completed_at)
        .execution_options(synchronize_session=False)
    )


def touch(
    connection: Connection,
    enrollment_id: uuid.UUID,
    user_id: uuid.UUID,
    course_id: uuid.UUID,
    lesson_id: uuid.UUID,
) -> None:
    """Note where the learner is and how long they have watched, without counting lessons."""
    values = {
        "enrollment": enrollment_id,
        "user": user_id,
        "course": course_id,
        "last_lesson": lesson_id,
        "moment": clock.now(),
    }
    connection.execute(_touch(), values)


@cache
def _touch() -> Update:
    user, course = bindparam("user", type_=Uuid()), bindparam("course", type_=Uuid())
    moment = bindparam("moment", type_=UtcDateTime())
    return (
        update(Enrollment)
        .where(Enrollment.id == bindparam("enrollment", type_=Uuid()))
        .values(
            last_lesson_id=bindparam("last_lesson", type_=Uuid()),
            last_accessed_at=moment,
            updated_at=moment,
            total_watch_seconds=_watched(course, user),
        )
        .execution_options(synchronize_session=False)
    )


def _lessons(course: Any, user: Any, counted: Any) -> Any:
    """`counted` over the lessons that learners of the course see, with the learner's progress beside them."""
    mine = and_(LessonProgress.lesson_id == Lesson.id, LessonProgress.user_id == user)
    return (
        select(counted)
        .select_from(Lesson)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonProgress, mine)
        .where(
            Lesson.course_id == course,
            Lesson.published,
            Module.published,
            Lesson.visibility != LessonVisibility.PRIVATE,
        )
        .scalar_subquery()
    )


def _watched(course: Any, user: Any) -> Any:
    return (
        select(func.coalesce(func.sum(LessonProgress.watched_seconds), 0, type_=Integer))
        .select_from(LessonProgress)
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .where(LessonProgress.user_id == user, Lesson.course_id == course)
        .scalar_subquery()
    )
