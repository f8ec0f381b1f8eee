"""Changes of several lessons of the curriculum at a time: all of them, or none."""

import uuid
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select

from domain import Refused
from domain.authoring import curriculum
from domain.authoring.curriculum import NotInCourse, Position
from domain.catalog import lifecycle
from domain.learning import progress_recount
from models import Course, Lesson, Module, User, db


class BulkAction(StrEnum):
    """An action for the ticked lessons."""

    PUBLISH = "publish"
    HIDE = "hide"
    MOVE = "move"
    DELETE = "delete"


def in_order(course: Course, lesson_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Sort the ids as the curriculum does. Raises Refused without any, NotInCourse if one of them is gone."""
    if not lesson_ids:
        raise Refused("Tick the lessons first.")
    query = select(Lesson.id).join(Module, Module.id == Lesson.module_id).where(Lesson.course_id == course.id)
    places = list(db.session.scalars(query.order_by(Module.position, Lesson.position)))
    chosen = set(lesson_ids)
    if not chosen <= set(places):
        raise NotInCourse("Some of these lessons aren’t part of this course any more.")
    return [id_ for id_ in places if id_ in chosen]


def change(
    course: Course,
    lesson_ids: Sequence[uuid.UUID],
    actor: User,
    action: BulkAction,
    module_id: uuid.UUID | None = None,
) -> int:
    """Do `action` with each lesson as the curriculum does with one; returns how many there were.

    MOVE takes them, in their order, to the end of the module `module_id`.
    """
    lifecycle.lock_course(course)
    ids = in_order(course, lesson_ids)
    if action == BulkAction.MOVE and module_id is None:
        raise Refused("Choose the module to move them to.")
    with progress_recount.once(course):
        for id_ in ids:
            if action == BulkAction.MOVE:
                curriculum.move_lesson(course, id_, actor, Position(last=True), module_id)
            elif action == BulkAction.DELETE:
                curriculum.delete_lesson(course, id_, actor)
            else:
                curriculum.publish_lesson(course, id_, actor, action == BulkAction.PUBLISH)
    return len(ids)
