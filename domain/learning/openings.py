"""Openings of lessons: the beginning of a learner's progress, also where no script reports it.

What a learner has opened decides about refunds (domain/refunds). A page writes nothing, so an opening is
buffered and written within seconds; a killed process may lose some, which is to the learner's advantage.
"""

import uuid
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, literal, select

from domain.base import clock
from domain.platform import events
from models import Lesson, LessonProgress, User, UtcDateTime, upsert

_GIVEN = (
    "user_id", "lesson_id", "position_seconds", "watched_seconds", "watched", "started_at", "created_at",
    "updated_at",
)  # fmt: skip


def note(user_id: uuid.UUID, lesson_id: uuid.UUID) -> None:
    """Buffer that a learner opens a lesson now; progress that has begun before stays as it is."""
    events.write_later(partial(_begin, user_id, lesson_id, clock.now()))


def _begin(user_id: uuid.UUID, lesson_id: uuid.UUID, at: datetime, connection: Connection) -> None:
    """Write progress that begins at `at`, unless person or lesson have been deleted meanwhile."""
    moment, columns = literal(at, UtcDateTime()), LessonProgress.__table__.c
    nothing = literal([], columns.watched.type)
    there = (
        select(
            User.id, Lesson.id, literal(0), literal(0), nothing, moment, moment.label("made"),
            moment.label("set"),
        )
        .select_from(User)
        .join(Lesson, Lesson.id == lesson_id)
        .where(User.id == user_id)
    )  # fmt: skip
    statement = upsert(LessonProgress).from_select(_GIVEN, there)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["user_id", "lesson_id"]))
