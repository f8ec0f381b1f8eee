"""Routes of the curriculum editor: modules and lessons, added, moved, duplicated, published and deleted."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of, opened
from blueprints.studio.lesson_forms import (
    KINDS,
    ModuleForm,
    NewLessonForm,
    RenameForm,
    TitledForm,
)
from domain import Refused
from domain.authoring import curriculum, curriculum_page, lesson_drafts, page_drafts
from domain.authoring.curriculum import NotInCourse
from domain.catalog import lifecycle
from models import Course, Lesson, LessonKind, Module
from web import hypermedia
from web.actions import Attempt
from web.forms import Form
from web.signed_in import me

Row = TypeVar("Row")
Place = tuple[curriculum.Position, uuid.UUID | None]
HOME = "/courses/<uuid:course_id>/curriculum"


@bp.route(HOME, methods=["GET", "POST"])
def curriculum_of(course_id: uuid.UUID) -> Response:
    """Show the curriculum; posting a title adds a module at its end."""
    course = course_of(course_id)
    form = TitledForm()
    if not form.is_submitted():
        return show(course)
    if not form.validate():
        return show(course, form.status, new_module=form)
    return change(
        course,
        lambda: curriculum.add_module(course, me(), form.title.data or ""),
        lambda module: f"“{named(module)}” is added. Now add lessons to it.",
        new_module=form,
    )


@bp.route(f"{HOME}/modules/<uuid:module_id>/edit", methods=["GET", "POST"])
def edit_module(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Edit a module: title, description, drip and whether it is published."""
    course = opened(course_id)
    module = curriculum.module_of(course, module_id)
    words = page_drafts.module_text(module)._asdict()
    form = ModuleForm(data={**words, "unlock_after_days": module.unlock_after_days})
    if not form.validate_on_submit():
        return hypermedia.render(
            "studio/curriculum/module.html", status=form.status, course=course, module=module, form=form
        )
    return change(
        course,
        lambda: curriculum.change_module(
            course,
            module_id,
            me(),
            form.title.data or "",
            form.description.data or "",
            form.unlock_after_days.data or 0,
            bool(form.published.data),
        ),
        lambda module: f"“{named(module)}” is saved.",
    )


@bp.route(f"{HOME}/modules/<uuid:module_id>/delete", methods=["GET", "POST"])
def delete_module(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Confirm with what will be lost, then delete a module."""
    course = course_of(course_id)
    module = curriculum.module_of(course, module_id)
    if request.method != "POST":
        inside = curriculum_page.lessons_of(course, module.id)
        address = url_for(".delete_module", course_id=course.id, module_id=module.id)
        losses = curriculum_page.deletion_impact(inside)
        return confirm(course, module.title, losses, address, curriculum_page.titles(course, inside))
    return change(
        course,
        lambda: curriculum.delete_module(course, module_id, me()),
        lambda title: f"“{title}” is deleted.",
    )


@bp.post(f"{HOME}/modules/<uuid:module_id>/lessons")
def add_lesson(course_id: uuid.UUID, module_id: uuid.UUID) -> Response:
    """Add a lesson at the end of a module."""
    course = course_of(course_id)
    form = NewLessonForm()
    if not form.validate():
        return show(course, form.status, new_lesson=form, new_lesson_in=module_id)
    hidden = lifecycle.is_live(course)
    return change(
        course,
        lambda: curriculum.add_lesson(
            course, module_id, me(), form.title.data or "", LessonKind(form.kind.data)
        ),
        lambda lesson: f"“{lesson.title}” is added{', hidden until you publish it' if hidden else ''}.",
        new_lesson=form,
        new_lesson_in=module_id,
    )


@bp.post(f"{HOME}/lessons/<uuid:lesson_id>/title")
def rename_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Rename a lesson."""
    course = opened(course_id)
    lesson = curriculum.lesson_of(course, lesson_id)
    form = RenameForm(data={"title": lesson_drafts.working(lesson).title})
    if not form.validate():
        return show(course, form.status, renamed=form, open_menu=lesson_id)
    return change(
        course,
        lambda: curriculum.rename_lesson(course, lesson_id, me(), form.title.data or ""),
        lambda lesson: f"It’s now called “{lesson_drafts.working(lesson).title}”.",
        open_menu=lesson_id,
    )


@bp.route(f"{HOME}/lessons/<uuid:lesson_id>/delete", methods=["GET", "POST"])
def delete_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Confirm with what will be lost, then delete a lesson."""
    course = course_of(course_id)
    lesson = curriculum.lesson_of(course, lesson_id)
    if request.method != "POST":
        losses, title = curriculum_page.deletion_impact([lesson.id]), lesson_drafts.working(lesson).title
        return confirm(
            course, title, losses, url_for(".delete_lesson", course_id=course.id, lesson_id=lesson.id)
        )
    return change(
        course,
        lambda: curriculum.delete_lesson(course, lesson_id, me()),
        lambda title: f"“{title}” is deleted.",
    )


@bp.errorhandler(NotInCourse)
def not_in_course(gone: NotInCourse) -> Response:
    """Show the curriculum, and that the module or lesson isn't in it any more (404)."""
    return show(course_of((request.view_args or {})["course_id"]), 404, trouble=gone.sentence)


def change(
    course: Course, verb: Callable[[], Row], said: Callable[[Row], str], is_new: bool = False, **shown: Any
) -> Response:
    """Call `verb`, commit and show the curriculum, or the reason of a refusal.

    A row that `is_new` gets the focus. `shown` keeps the state of the page: a form with its values, the menu
    that stays open.
    """
    course_id = course.id
    with Attempt(silent=True) as attempt:
        row = verb()
        place = hypermedia.dom_id(row) if isinstance(row, Module | Lesson) else "curriculum"
        attempt.say(said(row))
    if attempt.refusal is not None:
        return _refuse(course_of(course_id), attempt.refusal, **shown)
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("studio.curriculum_of", course_id=course_id, _anchor=place))
    return show(course_of(course_id), open_menu=shown.get("open_menu"), focus=place if is_new else "")


def _refuse(course: Course, refusal: Refused, **shown: Any) -> Response:
    """Show the curriculum with the refusal, beside the form that caused it or at the top."""
    form = shown.get("new_module") or shown.get("new_lesson")
    if isinstance(refusal, NotInCourse) or not isinstance(form, Form):
        status = 404 if isinstance(refusal, NotInCourse) else 422
        return show(course, status, trouble=refusal.sentence)
    form.refuse(refusal)
    return show(course, 422, **shown)


def show(
    course: Course,
    status: int = 200,
    trouble: str = "",
    new_module: TitledForm | None = None,
    new_lesson: NewLessonForm | None = None,
    new_lesson_in: uuid.UUID | None = None,
    renamed: TitledForm | None = None,
    open_menu: uuid.UUID | None = None,
    focus: str = "",
) -> Response:
    """Render the page, or its list alone for a swap."""
    return hypermedia.render(
        "studio/curriculum/page.html",
        "studio/curriculum/_list.html",
        status=status,
        course=course,
        modules=curriculum_page.rows(course),
        kinds=KINDS,
        trouble=trouble,
        new_module=new_module,
        new_lesson=new_lesson,
        new_lesson_in=new_lesson_in,
        renamed=renamed,
        open_menu=open_menu,
        focus=focus,
    )


def confirm(
    course: Course,
    title: str,
    losses: curriculum_page.DeletionImpact,
    address: str,
    titles: Sequence[str] = (),
) -> Response:
    """Render the page that asks before deleting; `titles` are those of a module's lessons."""
    return hypermedia.render(
        "studio/curriculum/delete.html",
        course=course,
        title=title,
        losses=losses,
        titles=titles,
        address=address,
        counted=curriculum_page.COUNTED,
    )


def named(module: Module) -> str:
    """Return the title of a module as its creator wrote it last."""
    return page_drafts.module_text(module).title
