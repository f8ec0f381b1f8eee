"""Progress: completion of lessons, and the progress of enrolments that follows from it."""

import uuid
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)

import jobs
from domain.base import clock, percent, sql
from domain.base.compiled_statements import CompiledStatement
from domain.catalog import shown_lessons
from models import (
    Enrollment,
    EnrollmentStatus,
    Lesson,
    LessonProgress,
    Module,
    User,
    UtcDateTime,
    db,
    upsert,
)

MOST_AT_ONCE = 1000  # enrolments per statement
COUNTED = ("progress_percent", "completed_at", "status", "total_watch_seconds")


def complete(user: User, lesson: Lesson) -> bool:
    """Mark `lesson` as complete for `user`. True when that completed the course just now."""
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
    """Mark `lesson` as not complete, and so the course. Watched ranges are kept."""
    lock(user.id)
    now = clock.now()
    db.session.execute(
        update(LessonProgress)
        .where(LessonProgress.user_id == user.id, LessonProgress.lesson_id == lesson.id)
        .values(completed_at=None)
    )
    reopened: Any = db.session.execute(
        update(Enrollment)
        .where(
            Enrollment.user_id == user.id,
            Enrollment.course_id == lesson.course_id,
            Enrollment.completed_at.is_not(None),
        )
        .values(
            completed_at=None,
            status=case(
                (Enrollment.status == EnrollmentStatus.COMPLETED, EnrollmentStatus.ACTIVE),
                else_=Enrollment.status,
            ),
            updated_at=now,
        )
    )
    if reopened.rowcount:
        jobs.enqueue("correct_course_days", course_id=str(lesson.course_id))
    recount(user.id, lesson.course_id, last_lesson_id=lesson.id)


def lock(user_id: uuid.UUID) -> None:
    """Serialise changes of this learner's progress.

    Merging ranges and counting lessons both read before they write. SQLite holds the write lock already;
    PostgreSQL locks the person's row, which exists before any progress does.
    """
    sql.lock_key(User, user_id)


def recount(
    user_id: uuid.UUID,
    course_id: uuid.UUID,
    last_lesson_id: uuid.UUID | None = None,
    via: Connection | None = None,
) -> bool:
    """Recompute the enrolment, if there is one, from its lessons; `lock` must be held.

    True when this completed the course. A completed course stays so when lessons are added. It runs in the
    session, or on the connection `via`.
    """
    values = {
        "user": user_id,
        "course": course_id,
        "last_lesson": last_lesson_id,
        "moment": clock.now(),
    }
    on: Any = via or db.session
    _lock_enrollment(on, user_id, course_id)
    row = on.execute(_recount(last_lesson_id is not None), values).first()
    return row is not None and row.completed_at == values["moment"]


def _lock_enrollment(on: Any, user_id: uuid.UUID, course_id: uuid.UUID) -> None:
    """Lock the enrolment first: an UPDATE that waits for a concurrent one counts with its old snapshot."""
    if db.engine.dialect.name == "postgresql":
        mine = (Enrollment.user_id == user_id, Enrollment.course_id == course_id)
        on.execute(select(Enrollment.id).where(*mine).with_for_update(key_share=True))


@cache
def _recount(moves: bool) -> Update:
    """Build the statement of `recount`, cached; `moves`: also store the learner's last lesson."""
    user, course = bindparam("user", type_=Uuid()), bindparam("course", type_=Uuid())
    moment = bindparam("moment", type_=UtcDateTime())
    total = _lessons(course, user, func.count(Lesson.id))
    done = _lessons(course, user, func.count(LessonProgress.completed_at))
    changes = _changes(total, done, _watched(course, user), moment)
    if moves:
        changes |= {"last_lesson_id": bindparam("last_lesson", type_=Uuid()), "last_accessed_at": moment}
    return (
        update(Enrollment)
        .where(Enrollment.user_id == user, Enrollment.course_id == course)
        .values(changes)
        .returning(Enrollment.completed_at)
        .execution_options(synchronize_session=False)
    )


def recount_all() -> int:
    """Recompute every enrolment; returns how many were wrong."""
    wrong = 0
    for course_id in db.session.scalars(select(Enrollment.course_id).distinct()).all():
        last: uuid.UUID | None = None
        while True:
            corrected, last = recount_some(course_id, last, MOST_AT_ONCE)
            wrong += corrected
            if last is None:
                break
    return wrong


def recount_some(course_id: uuid.UUID, after: uuid.UUID | None, most: int) -> tuple[int, uuid.UUID | None]:
    """Recompute at most `most` enrolments of a course, those after the id `after`.

    Returns how many were wrong, and the last one's id when there may be more. They are locked first: on
    PostgreSQL an UPDATE that waited for a learner would count with its old snapshot.
    """
    these = select(Enrollment.id).where(Enrollment.course_id == course_id).order_by(Enrollment.id).limit(most)
    these = these if after is None else these.where(Enrollment.id > after)
    ids = sql.locked(these).all()
    if not ids:
        return 0, None
    true_ = _counted(course_id, Enrollment.id.between(ids[0], ids[-1]))
    changes = _changes(true_.c.total, true_.c.done, true_.c.watched, literal(clock.now(), UtcDateTime()))
    wrong = or_(*(getattr(Enrollment, name).is_distinct_from(changes[name]) for name in COUNTED))
    changed: Any = db.session.execute(
        update(Enrollment)
        .where(Enrollment.id == true_.c.id, wrong)
        .values(changes)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount, ids[-1] if len(ids) == most else None


def _changes(total: Any, done: Any, watched: Any, moment: Any) -> dict[str, Any]:
    """Build the new values of an enrolment with `done` of `total` lessons. The one rule of completion.

    Completing all lessons completes the course; that stays so when lessons are added.
    """
    through = and_(total > 0, done >= total, Enrollment.status == EnrollmentStatus.ACTIVE)
    return {
        "progress_percent": percent.whole_sql(done, total),
        "completed_at": case(
            (and_(through, Enrollment.completed_at.is_(None)), moment), else_=Enrollment.completed_at
        ),
        "status": case((through, EnrollmentStatus.COMPLETED), else_=Enrollment.status),
        "total_watch_seconds": watched,
        "updated_at": moment,
    }


def _counted(course_id: uuid.UUID, which: ColumnElement[bool]) -> Any:
    """Build the subquery of lesson count, completed lessons and seconds watched per enrolment of a course."""
    of_course = (Enrollment.course_id == course_id, which)
    total = (
        select(func.count())
        .select_from(Lesson)
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id == course_id, shown_lessons.shown())
        .scalar_subquery()
    )
    is_done = and_(LessonProgress.completed_at.is_not(None), shown_lessons.shown())
    mine = (
        select(
            LessonProgress.user_id,
            func.sum(case((is_done, 1), else_=0)).label("done"),
            func.sum(LessonProgress.watched_seconds).label("watched"),
        )
        .select_from(LessonProgress)
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .join(Module, Module.id == Lesson.module_id)
        .where(
            Lesson.course_id == course_id,
            LessonProgress.user_id.in_(select(Enrollment.user_id).where(*of_course)),
        )
        .group_by(LessonProgress.user_id)
        .subquery()
    )
    done, watched = (func.coalesce(mine.c[name], 0).label(name) for name in ("done", "watched"))
    return (
        select(Enrollment.id, total.label("total"), done, watched)
        .outerjoin(mine, mine.c.user_id == Enrollment.user_id)
        .where(*of_course)
        .subquery()
    )


def touch(
    connection: Connection,
    enrollment_id: uuid.UUID,
    user_id: uuid.UUID,
    course_id: uuid.UUID,
    lesson_id: uuid.UUID,
) -> None:
    """Store the learner's last lesson and watch time, without counting lessons."""
    values = {
        "enrollment": enrollment_id,
        "user": user_id,
        "course": course_id,
        "last_lesson": lesson_id,
        "moment": clock.now(),
    }
    _TOUCH.run(connection, values)


def _touch(_dialect: str) -> Update:
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


_TOUCH = CompiledStatement(_touch)


def _lessons(course: Any, user: Any, counted: Any) -> Any:
    """Aggregate `counted` over the lessons that learners of the course see, joined with their progress."""
    mine = and_(LessonProgress.lesson_id == Lesson.id, LessonProgress.user_id == user)
    return (
        select(counted)
        .select_from(Lesson)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonProgress, mine)
        .where(Lesson.course_id == course, shown_lessons.shown())
        .correlate(Enrollment)
        .scalar_subquery()
    )


def lessons_left(enrolled: type[Enrollment]) -> Any:
    """Build the SQL expression of the number of incomplete lessons of an enrolment."""
    counted = func.count(Lesson.id) - func.count(LessonProgress.completed_at)
    return _lessons(enrolled.course_id, enrolled.user_id, counted)


def _watched(course: Any, user: Any) -> Any:
    return (
        select(func.coalesce(func.sum(LessonProgress.watched_seconds), 0, type_=Integer))
        .select_from(LessonProgress)
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .where(LessonProgress.user_id == user, Lesson.course_id == course)
        .scalar_subquery()
    )
