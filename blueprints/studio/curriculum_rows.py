"""Routes of the buttons of one row of the curriculum: moved, shown, made a preview, duplicated."""

import uuid
from functools import partial

from flask import abort
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from blueprints.studio.curriculum import HOME, change, named
from blueprints.studio.lesson_forms import PositionForm
from domain.authoring import curriculum, lesson_drafts
from domain.catalog import lifecycle
from models import Course, Lesson, LessonVisibility, Module
from web.forms import SwitchForm
from web.signed_in import me

MODULE = f"{HOME}/modules/<uuid:module_id>"
LESSON = f"{HOME}/lessons/<uuid:lesson_id>"


@bp.post(f"{MODULE}/move")
def move_module(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Move a module among the others."""
    course, (place, _) = course_of(course_id), _place()
    return change(
        course,
        lambda: curriculum.move_module(course, module_id, me(), place),
        lambda module: f"“{module.title}” is moved.",
    )


@bp.post(f"{MODULE}/published")
def publish_module(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Show a module to learners, or hide it with its lessons."""
    course, form = course_of(course_id), SwitchForm()
    return change(
        course,
        lambda: curriculum.publish_module(course, module_id, me(), form.on.data),
        partial(_seen_module, course) if form.on.data else lambda module: f"“{named(module)}” is hidden.",
    )


@bp.post(f"{MODULE}/duplicate")
def duplicate_module(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Add a copy of a module, hidden."""
    course = course_of(course_id)
    return change(
        course,
        lambda: curriculum.duplicate_module(course, module_id, me()),
        lambda module: f"“{named(module)}” is added, hidden. Recordings and files aren’t copied.",
        is_new=True,
    )


@bp.post(f"{LESSON}/move")
def move_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Move a lesson within its module or into another."""
    course, place = course_of(course_id), _place()
    return change(
        course,
        lambda: curriculum.move_lesson(course, lesson_id, me(), *place),
        lambda lesson: f"“{lesson.title}” is moved.",
    )


@bp.post(f"{LESSON}/published")
def publish_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Publish a lesson, or hide it from learners."""
    course, form = course_of(course_id), SwitchForm()
    return change(
        course,
        lambda: curriculum.publish_lesson(course, lesson_id, me(), form.on.data),
        partial(_seen_lesson, course),
        open_menu=lesson_id,
    )


@bp.post(f"{LESSON}/preview")
def preview_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Open a lesson to anyone as a free preview, or to those who own the course."""
    course, form = course_of(course_id), SwitchForm()
    seen_by = LessonVisibility.PREVIEW if form.on.data else LessonVisibility.MEMBERS
    return change(
        course,
        lambda: curriculum.set_visibility(course, lesson_id, me(), seen_by),
        partial(_seen_lesson, course),
        open_menu=lesson_id,
    )


@bp.post(f"{LESSON}/duplicate")
def duplicate_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Add a copy of a lesson, hidden."""
    course = course_of(course_id)
    return change(
        course,
        lambda: curriculum.duplicate_lesson(course, lesson_id, me()),
        partial(_seen_lesson, course),
        is_new=True,
    )


def _place() -> tuple[curriculum.Position, uuid.UUID | None]:
    """Read where the row goes; a form that doesn't say it is answered 400."""
    form = PositionForm()
    return (form.place() if form.validate() else None) or abort(400)


def _seen_lesson(course: Course, lesson: Lesson) -> str:
    """Describe the new state of a lesson for the toast."""
    now = lesson_drafts.working(lesson)
    if lesson.draft:
        return f"“{now.title}” is changed. Learners see it once the update is approved."
    if not now.published:
        return f"“{now.title}” is hidden."
    if now.visibility == LessonVisibility.PRIVATE:
        return f"“{now.title}” is visible only to you."
    who = "anyone" if now.visibility == LessonVisibility.PREVIEW else "everyone who owns the course"
    if not lifecycle.is_live(course):
        return f"“{now.title}” will be open to {who} once the course is published."
    return f"“{now.title}” is published and open to {who}."


def _seen_module(course: Course, module: Module) -> str:
    if not module.published:
        return f"Learners will see “{named(module)}” once it’s approved."
    if not lifecycle.is_live(course):
        return f"Learners will see “{named(module)}” once the course is published."
    return f"Learners see “{named(module)}”."
