"""Duplication of a course: everything its creator wrote, nothing that happened to it since.

Recordings, captions, files and the code archive aren't copied. Pictures in texts are copied by the worker, so
that either course can be deleted without the other losing them.
"""

import re
import uuid
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import selectinload, undefer
from uuid_utils.compat import uuid7

import jobs
import storage
from domain.authoring import course_details, page_drafts
from domain.learning import progress_recount
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import (
    Course,
    Lesson,
    Module,
    Picture,
    ProductStatus,
    Resource,
    User,
    course_prerequisites,
    db,
    product_tags,
)

_PICTURE = re.compile(r"(/pictures/)([0-9a-fA-F-]{36})")
_KEPT = (
    "summary", "description", "category_id", "level", "tier", "price_cents", "currency", "visibility",
    "meta_title", "meta_description", "thumbnail", "technology", "language", "objectives", "prerequisites",
    "sequential",
)  # fmt: skip


def duplicate(course: Course, actor: User) -> Course:
    """Copy `course` as a draft of the same creator: its details, modules, lessons and links.

    Changes that wait for approval are copied as if they were published.
    """
    values = page_drafts.working(course)
    title = f"{values['title'][:190]} (copy)"
    copy = Course(title=title, creator_id=course.creator_id, status=ProductStatus.DRAFT)
    for name in _KEPT:
        setattr(copy, name, values.get(name, getattr(course, name)))
    course_details.insert(copy, title)
    pictures = PictureCopies(course, copy)
    copy.description = pictures.moved(copy.description)
    copy.description_html = page_drafts.rendered(copy.description) if copy.description else ""
    _copy_links(course, copy)
    lessons = _copy_lessons(course, copy, pictures)
    pictures.write(lessons)
    progress_recount.recount_course(copy)
    audit.record(actor, AuditAction.DUPLICATE_COURSE, copy, f"of {course.id}")
    db.session.flush()
    return copy


def copy_picture(source: str, target: str) -> None:
    """Copy a stored file to `target`. Run by the worker; does nothing if either was deleted meanwhile."""
    store = storage.current()
    if db.session.scalar(select(Picture.id).where(Picture.storage_key == target)) is None:
        return
    if store.exists(source):
        with store.open(source) as content:
            store.put(target, content, "image/webp")


class PictureCopies:
    """A mapping of a course's or lesson's pictures to new ids, made as texts that show them are copied."""

    def __init__(self, course: Course, copy: Course, lesson: Lesson | None = None) -> None:
        query = select(Picture).where(Picture.course_id == course.id)
        if lesson is not None:
            query = query.where(Picture.lesson_id == lesson.id)
        self.known = {str(row.id): row for row in db.session.scalars(query)}
        self.copy = copy
        self.new: dict[str, uuid.UUID] = {}

    def moved(self, text: str) -> str:
        """Rewrite picture addresses in `text` to those of the copies."""

        def to(found: re.Match[str]) -> str:
            old = found[2].lower()
            if old not in self.known:
                return found[0]
            return found[1] + str(self.new.setdefault(old, uuid7()))

        return _PICTURE.sub(to, text)

    def write(self, lessons: dict[uuid.UUID, uuid.UUID]) -> None:
        """Insert rows of the pictures that copied texts show, and enqueue jobs that copy their files."""
        for old, id_ in self.new.items():
            row = self.known[old]
            key = f"pictures/{self.copy.id}/{id_}.{row.storage_key.rpartition('.')[2]}"
            db.session.add(
                Picture(
                    id=id_, course_id=self.copy.id, storage_key=key, content_type=row.content_type,
                    lesson_id=lessons.get(row.lesson_id) if row.lesson_id else None,
                    width=row.width, height=row.height, size=row.size,
                )
            )  # fmt: skip
            jobs.enqueue("copy_picture", source=row.storage_key, target=key)


def _copy_links(course: Course, copy: Course) -> None:
    """Copy the tags and the prerequisite courses."""
    for table, own in ((product_tags, "product_id"), (course_prerequisites, "course_id")):
        rows = db.session.execute(select(table).where(table.c[own] == course.id)).mappings().all()
        if rows:
            db.session.execute(insert(table), [{**row, own: copy.id} for row in rows])


def _copy_lessons(course: Course, copy: Course, pictures: PictureCopies) -> dict[uuid.UUID, uuid.UUID]:
    """Copy modules with lessons and links; answers new lesson ids by old ones."""
    query = (
        select(Module)
        .where(Module.course_id == course.id)
        .options(selectinload(Module.lessons).selectinload(Lesson.resources), undefer(Module.draft))
        .order_by(Module.position)
    )
    made: dict[uuid.UUID, uuid.UUID] = {}
    for module in db.session.scalars(query):
        words = page_drafts.module_text(module)
        twin = Module(
            course_id=copy.id, title=words.title, description=words.description, position=module.position,
            published=words.published, unlock_after_days=module.unlock_after_days,
        )  # fmt: skip
        db.session.add(twin)
        db.session.flush()
        for lesson in module.lessons:
            made[lesson.id] = _copy_lesson(lesson, twin, pictures)
    return made


def _copy_lesson(lesson: Lesson, module: Module, pictures: PictureCopies) -> uuid.UUID:
    words: dict[str, Any] = {
        name: getattr(lesson, name)
        for name in ("title", "slug", "description", "kind", "visibility", "body", "external_video_url",
                     "duration_seconds", "published")
    }  # fmt: skip
    words |= {name: value for name, value in (lesson.draft or {}).items() if name in words}
    words["body"] = pictures.moved(words["body"])
    html = page_drafts.rendered(words["body"]) if words["body"] else ""
    twin = Lesson(
        id=uuid7(), course_id=module.course_id, module_id=module.id, position=lesson.position,
        body_html=html, **words,
    )  # fmt: skip
    db.session.add(twin)
    links = (resource for resource in lesson.resources if resource.url is not None)
    for resource in links:
        db.session.add(
            Resource(
                lesson_id=twin.id, title=resource.proposed_title or resource.title, kind=resource.kind,
                url=resource.url, position=resource.position,
            )
        )  # fmt: skip
    return twin.id
