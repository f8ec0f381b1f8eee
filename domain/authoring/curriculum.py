"""The curriculum: modules and lessons of a course, and their order.

Every verb locks the course row first, so that edits in two tabs run one after the other, and reads rows and
order again after that. A move names the neighbour to follow instead of an index, which another tab may have
shifted; positions count from 1 without gaps and are rewritten on every move.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import undefer_group

from domain import Refused
from domain.authoring import duplication, lesson_content, lesson_drafts, page_drafts, resources
from domain.authoring.lesson_content import NEW
from domain.base import clock, slugs
from domain.catalog import lifecycle
from domain.learning import progress_recount
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Course, Lesson, LessonKind, LessonVisibility, Module, Resource, User, db

MOST_MODULES, MOST_LESSONS = 60, 500
LONGEST_DESCRIPTION, LONGEST_DRIP = 2000, 365


class NotInCourse(Refused):
    """The module or lesson isn't in the course: deleted meanwhile, or another course's."""


@dataclass(frozen=True)
class Position:
    """The place to move something to: after the row `id` (None: at the beginning), or `last` for the end."""

    id: uuid.UUID | None = None
    last: bool = False


def module_of(course: Course, module_id: uuid.UUID) -> Module:
    """Find a module of `course` with its draft; raises NotInCourse."""
    query = select(Module).where(Module.id == module_id, Module.course_id == course.id)
    found = db.session.scalar(query.options(undefer_group("drafts")))
    if found is None:
        raise NotInCourse("That module isn’t part of this course any more.")
    return found


def lesson_of(course: Course, lesson_id: uuid.UUID) -> Lesson:
    """Find a lesson of `course` with its draft; raises NotInCourse."""
    query = select(Lesson).where(Lesson.id == lesson_id, Lesson.course_id == course.id)
    found = db.session.scalar(query.options(undefer_group("drafts")))
    if found is None:
        raise NotInCourse("That lesson isn’t part of this course any more.")
    return found


def add_module(course: Course, actor: User, title: str) -> Module:
    """Add a module at the end. Where changes need approval, learners see it only once approved."""
    lifecycle.lock_course(course)
    if len(_modules(course)) >= MOST_MODULES:
        raise Refused(f"A course has at most {MOST_MODULES} modules.", "title")
    place = _next(Module.position, Module.course_id == course.id)
    module = Module(
        course_id=course.id, title=title, position=place, **page_drafts.initial_module_state(course, actor)
    )
    return _record_module_change(course, actor, AuditAction.ADD_MODULE, module)


def change_module(
    course: Course,
    module_id: uuid.UUID,
    actor: User,
    title: str,
    description: str,
    unlock_after_days: int,
    published: bool,
) -> Module:
    """Change the texts, drip delay (days after enrolment) and publication of a module.

    Texts and publishing become a draft where changes of `actor` need approval; the delay never does.
    """
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    module.unlock_after_days = unlock_after_days
    words = {"title": title, "description": description, "published": published}
    page_drafts.keep_module(course, module, actor, words)
    return _record_module_change(course, actor, AuditAction.CHANGE_MODULE, module)


def publish_module(course: Course, module_id: uuid.UUID, actor: User, published: bool) -> Module:
    """Show a module with its published lessons to learners, or hide it."""
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    page_drafts.keep_module(course, module, actor, {"published": published})
    return _record_module_change(
        course, actor, AuditAction.PUBLISH_MODULE if published else AuditAction.HIDE_MODULE, module
    )


def move_module(course: Course, module_id: uuid.UUID, actor: User, after: Position) -> Module:
    """Move a module behind another one. Refused when either of them is gone."""
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    order = [id_ for id_ in _modules(course) if id_ != module.id]
    order.insert(_place(order, after, "module"), module.id)
    _number(Module, [{"key": id_, "place": place} for place, id_ in enumerate(order, 1)])
    return _record_module_change(course, actor, AuditAction.MOVE_MODULE, module)


def duplicate_module(course: Course, module_id: uuid.UUID, actor: User) -> Module:
    """Copy a module right behind it, hidden, with the texts and links of its lessons but without files."""
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    order = _modules(course)
    query = select(Lesson).where(Lesson.module_id == module.id).order_by(Lesson.position)
    lessons = db.session.scalars(query.options(undefer_group("drafts"))).all()
    if len(order) >= MOST_MODULES:
        raise Refused(f"A course has at most {MOST_MODULES} modules.")
    _check_room(course, len(lessons))
    words = page_drafts.module_text(module)
    copy = Module(
        course_id=course.id,
        title=_copied(words.title),
        description=words.description,
        position=_next(Module.position, Module.course_id == course.id),
        unlock_after_days=module.unlock_after_days,
        **page_drafts.initial_module_state(course, actor, hidden=True),
    )
    db.session.add(copy)
    db.session.flush()
    for place, lesson in enumerate(lessons, 1):
        _copy(course, lesson, actor, copy.id, place, lesson.title, hidden=not lesson.published)
    order.insert(order.index(module.id) + 1, copy.id)
    _number(Module, [{"key": id_, "place": place} for place, id_ in enumerate(order, 1)])
    return _record_module_change(course, actor, AuditAction.DUPLICATE_MODULE, copy)


def add_lesson(course: Course, module_id: uuid.UUID, actor: User, title: str, kind: LessonKind) -> Lesson:
    """Add a lesson at the end of a module. Where changes need approval, learners see it once approved."""
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    _check_room(course, 1)
    lesson = Lesson(
        course_id=course.id,
        module_id=module.id,
        title=title,
        slug=slugs.for_lesson(title, course.id, language=course.language),
        kind=kind,
        position=_next(Lesson.position, Lesson.module_id == module.id),
        **_initial_state(course, actor),
    )
    return _record_lesson_change(course, actor, AuditAction.ADD_LESSON, lesson)


def move_lesson(
    course: Course, lesson_id: uuid.UUID, actor: User, after: Position, module_id: uuid.UUID | None = None
) -> Lesson:
    """Move a lesson behind another one, in whichever module that is, or to an end of a module.

    Refused, moving nothing, when the lesson, its new neighbour or the module is gone.
    """
    lifecycle.lock_course(course)
    lesson = lesson_of(course, lesson_id)
    target = lesson_of(course, after.id).module_id if after.id else None
    target = target or (module_of(course, module_id).id if module_id else lesson.module_id)
    order = [id_ for id_ in _lessons(target) if id_ != lesson.id]
    if after.id != lesson.id:
        order.insert(_place(order, after, "lesson"), lesson.id)
        left = [id_ for id_ in _lessons(lesson.module_id) if id_ != lesson.id]
        rows = _rows(target, order) + (_rows(lesson.module_id, left) if target != lesson.module_id else [])
        _number(Lesson, rows)
    return _record_lesson_change(course, actor, AuditAction.MOVE_LESSON, lesson)


def duplicate_lesson(course: Course, lesson_id: uuid.UUID, actor: User) -> Lesson:
    """Copy a lesson right behind it, hidden, with text and links but without recording and files."""
    lifecycle.lock_course(course)
    lesson = lesson_of(course, lesson_id)
    _check_room(course, 1)
    order = _lessons(lesson.module_id)
    title = _copied(lesson_drafts.working(lesson).title)
    place = _next(Lesson.position, Lesson.module_id == lesson.module_id)
    copy = _copy(course, lesson, actor, lesson.module_id, place, title, hidden=True)
    order.insert(order.index(lesson.id) + 1, copy.id)
    _number(Lesson, _rows(lesson.module_id, order))
    return _record_lesson_change(course, actor, AuditAction.DUPLICATE_LESSON, copy)


def publish_lesson(course: Course, lesson_id: uuid.UUID, actor: User, published: bool) -> Lesson:
    """Publish a lesson, which may need approval, or hide it, which never does."""
    lesson = lesson_of(course, lesson_id)
    lesson_drafts.adjust(course, lesson, actor, {"published": published})
    return lesson


def set_visibility(course: Course, lesson_id: uuid.UUID, actor: User, visibility: LessonVisibility) -> Lesson:
    """Change the visibility of a lesson: enrolled learners, anyone as a preview, or nobody."""
    lesson = lesson_of(course, lesson_id)
    lesson_drafts.adjust(course, lesson, actor, {"visibility": visibility})
    return lesson


def rename_lesson(course: Course, lesson_id: uuid.UUID, actor: User, title: str) -> Lesson:
    """Change the title of a lesson; its slug follows only while no learner can have the address."""
    lesson = lesson_of(course, lesson_id)
    values = {"title": title, **slug_for_title(course, lesson, title)}
    lesson_drafts.adjust(course, lesson, actor, values)
    return lesson


def slug_for_title(course: Course, lesson: Lesson, title: str) -> dict[str, str]:
    """Derive the slug for a new `title`; empty if the course is live or the slug was chosen by hand."""
    before = lesson_drafts.working(lesson)
    made_from_title = before.slug.startswith(slugs.slugify(before.title, "lesson", course.language))
    if lifecycle.is_live(course) or title == before.title or not made_from_title:
        return {}
    return {"slug": slugs.for_lesson(title, course.id, lesson.id, course.language)}


def delete_lesson(course: Course, lesson_id: uuid.UUID, actor: User) -> str:
    """Delete a lesson with its recording, files and learners' progress; answers its title."""
    lifecycle.lock_course(course)
    lesson = lesson_of(course, lesson_id)
    title, module_id = lesson_drafts.working(lesson).title, lesson.module_id
    resources.discard_files([lesson.id])
    audit.record(actor, AuditAction.DELETE_LESSON, lesson, title)
    db.session.delete(lesson)
    db.session.flush()
    _number(Lesson, _rows(module_id, _lessons(module_id)))
    _shown(course, actor)
    return title


def delete_module(course: Course, module_id: uuid.UUID, actor: User) -> str:
    """Delete a module with all its lessons, files and progress; answers its title."""
    lifecycle.lock_course(course)
    module = module_of(course, module_id)
    title = page_drafts.module_text(module).title
    resources.discard_files(_lessons(module.id))
    audit.record(actor, AuditAction.DELETE_MODULE, module, title)
    db.session.delete(module)
    db.session.flush()
    _number(Module, [{"key": id_, "place": place} for place, id_ in enumerate(_modules(course), 1)])
    _shown(course, actor)
    return title


def _initial_state(course: Course, actor: User, hidden: bool = False) -> dict[str, Any]:
    """Choose the publication of a new lesson: a draft to be approved, hidden in a live course, or shown."""
    if lifecycle.needs_approval(course, actor):
        draft = {NEW: True} if hidden else {NEW: True, "published": True}
        return {"published": False, "draft": draft, "draft_saved_at": clock.now()}
    return {"published": not hidden and not lifecycle.is_live(course)}


def _copy(
    course: Course, lesson: Lesson, actor: User, module_id: uuid.UUID, place: int, title: str, hidden: bool
) -> Lesson:
    """Insert a new lesson with the content of `lesson` in its creator's version."""
    source = lesson_drafts.working(lesson)
    copy = Lesson(
        course_id=course.id,
        module_id=module_id,
        position=place,
        title=title,
        slug=slugs.for_lesson(title, course.id, language=course.language),
        **_initial_state(course, actor, hidden),
    )
    names = ("description", "kind", "visibility", "body", "external_video_url", "duration_seconds")
    db.session.add(copy)
    db.session.flush()
    pictures = duplication.PictureCopies(course, course, lesson)
    values = {name: getattr(source, name) for name in names}
    lesson_content.write(copy, {**values, "body": pictures.moved(source.body)})
    pictures.write({lesson.id: copy.id})
    links = select(Resource).where(Resource.lesson_id == lesson.id, Resource.url.is_not(None))
    for link in db.session.scalars(links.order_by(Resource.position)).all():
        db.session.add(
            Resource(
                lesson_id=copy.id,
                title=link.proposed_title or link.title,
                kind=link.kind,
                url=link.url,
                position=link.position,
            )
        )
    db.session.flush()
    return copy


def _copied(title: str) -> str:
    return f"Copy of {title}"[: lesson_content.MAX_TITLE]


def _check_room(course: Course, more: int) -> None:
    count = db.session.scalar(select(func.count(Lesson.id)).where(Lesson.course_id == course.id)) or 0
    if count + more > MOST_LESSONS:
        raise Refused(f"A course has at most {MOST_LESSONS} lessons.", "title")


def _modules(course: Course) -> list[uuid.UUID]:
    return list(
        db.session.scalars(select(Module.id).where(Module.course_id == course.id).order_by(Module.position))
    )


def _lessons(module_id: uuid.UUID) -> list[uuid.UUID]:
    return list(
        db.session.scalars(select(Lesson.id).where(Lesson.module_id == module_id).order_by(Lesson.position))
    )


def _next(column: Any, condition: Any) -> int:
    """Find the next free position; gaps and whatever numbers there are don't matter."""
    return (db.session.scalar(select(func.max(column)).where(condition)) or 0) + 1


def _place(order: Sequence[uuid.UUID], after: Position, what: str) -> int:
    """Translate `after` into an index of `order`; raises NotInCourse when the neighbour is gone."""
    if after.last:
        return len(order)
    if after.id is None:
        return 0
    if after.id not in order:
        raise NotInCourse(f"The {what} you moved it after isn’t part of this course any more.")
    return order.index(after.id) + 1


def _rows(module_id: uuid.UUID, order: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    return [{"key": id_, "place": place, "module": module_id} for place, id_ in enumerate(order, 1)]


def _number(table: type[Module] | type[Lesson], rows: list[dict[str, Any]]) -> None:
    """Rewrite positions, moving all rows out of the way first: the unique constraint is checked per row."""
    if not rows:
        return
    columns = table.__table__.c
    keys = [row["key"] for row in rows]
    aside = update(table).where(columns.id.in_(keys)).values(position=-1 - columns.position)
    db.session.execute(aside.execution_options(synchronize_session=False))
    values: dict[str, Any] = {"position": bindparam("place")}
    if "module" in rows[0]:
        values["module_id"] = bindparam("module")
    placed = update(table.__table__).where(columns.id == bindparam("key")).values(values)  # type: ignore[arg-type]
    db.session.connection().execute(placed, rows)
    for row in db.session.identity_map.values():
        if isinstance(row, table) and row.id in keys:
            db.session.expire(row, ["position", "module_id"] if table is Lesson else ["position"])


def _record_module_change(course: Course, actor: User, action: AuditAction, module: Module) -> Module:
    db.session.add(module)
    db.session.flush()
    audit.record(actor, action, module, module.title)
    _shown(course, actor)
    return module


def _record_lesson_change(course: Course, actor: User, action: AuditAction, lesson: Lesson) -> Lesson:
    db.session.add(lesson)
    db.session.flush()
    audit.record(actor, action, lesson, lesson.title)
    _shown(course, actor)
    return lesson


def _shown(course: Course, actor: User) -> None:
    """Recount the course and, where learners' content changed, open or settle its update."""
    progress_recount.recount_course(course)
    lifecycle.content_changed(course, actor)
