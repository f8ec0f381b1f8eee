"""Writing the rows of a course whose files are stored."""

import uuid

from sqlalchemy import insert

import jobs
from domain.base import clock
from domain.base.counts import plural
from domain.catalog import lifecycle, tags
from domain.learning import progress_recount
from domain.media import code_archives
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from domain.portable import MANIFEST
from domain.portable.file_store import PreparedCourse, RowFile
from domain.portable.model import NewLesson, NewRecording
from domain.portable.recordings import is_sound
from models import (
    Caption,
    Course,
    Lesson,
    LessonKind,
    MediaAsset,
    MediaKind,
    MediaStatus,
    Module,
    Picture,
    ProductStatus,
    Resource,
    User,
    course_prerequisites,
    db,
)


def write(made: PreparedCourse, creator: User, origin: str) -> Course:
    """Insert a new draft of `creator`; `origin` names its folder or file, for the audit log."""
    course = _course(made, creator)
    tags.set_tags(course, made.course.tags)
    if made.place.required:
        now = clock.now()
        rows = [
            {"course_id": course.id, "prerequisite_id": id_, "locks_since": now if is_lock else None}
            for id_, is_lock in made.place.required.items()
        ]
        db.session.execute(insert(course_prerequisites), rows)
    lessons = _modules(made, course)
    for row in made.pictures:
        slug = row["lesson"]
        values = {key: value for key, value in row.items() if key != "lesson"}
        lesson_id = lessons[slug] if slug is not None else None
        db.session.add(Picture(**values, course_id=course.id, lesson_id=lesson_id))
    for slug, kept in made.recordings.items():
        _recording(made, course, slug, lessons.get(slug), kept)
    if made.code:
        file, contents = made.code
        code_archives.adopt(course, creator, file.id, file.key, file.filename, contents)
    progress_recount.recount_course(course)
    lifecycle.content_changed(course, creator)
    audit.record(
        creator,
        AuditAction.IMPORT_COURSE,
        course,
        f"{plural(course.lesson_count, 'lesson')} from {origin[:200]}",
    )
    db.session.flush()
    return course


def _course(made: PreparedCourse, creator: User) -> Course:
    new, place = made.course, made.place
    course = Course(
        id=place.course_id, title=new.title, slug=place.slug, summary=new.summary,
        description=new.description, description_html=made.description_html, creator_id=creator.id,
        category_id=place.category_id, level=new.level, tier=new.tier, price_cents=new.price_cents,
        sale_price_cents=new.sale_price_cents, sale_ends_at=new.sale_ends_at, status=ProductStatus.DRAFT,
        visibility=new.visibility, meta_title=new.meta_title, meta_description=new.meta_description,
        thumbnail=made.cover, technology=new.technology, language=new.language, objectives=new.objectives,
        prerequisites=new.prerequisites, sequential=new.sequential, currency=settings.current().currency,
    )  # fmt: skip
    db.session.add(course)
    db.session.flush()
    return course


def _modules(made: PreparedCourse, course: Course) -> dict[str, uuid.UUID]:
    """Insert the modules and lessons; returns the id of each lesson by its slug."""
    ids: dict[str, uuid.UUID] = {}
    for position, new in enumerate(made.course.modules, 1):
        module = Module(
            course_id=course.id, title=new.title, description=new.description, position=position,
            published=new.published, unlock_after_days=new.unlock_after_days,
        )  # fmt: skip
        db.session.add(module)
        db.session.flush()
        rows = [_lesson(made, module, one, place) for place, one in enumerate(new.lessons, 1)]
        db.session.add_all(rows)
        db.session.flush()
        for lesson, one in zip(rows, new.lessons, strict=True):
            ids[lesson.slug] = lesson.id
            db.session.add_all(_resources(made, lesson, one))
    return ids


def _lesson(made: PreparedCourse, module: Module, new: NewLesson, position: int) -> Lesson:
    text = made.html[new.slug]
    length = text.reading_seconds if new.kind == LessonKind.TEXT else new.duration_seconds or 0
    return Lesson(
        course_id=module.course_id, module_id=module.id, title=new.title, slug=new.slug,
        description=new.description, position=position, kind=new.kind, visibility=new.visibility,
        body=new.body, body_html=text.html if new.body else "", external_video_url=new.external_video_url,
        duration_seconds=length, published=new.published,
    )  # fmt: skip


def _resources(made: PreparedCourse, lesson: Lesson, new: NewLesson) -> list[Resource]:
    rows = []
    for number, one in enumerate(new.resources):
        row = Resource(lesson_id=lesson.id, title=one.title, kind=one.kind, url=one.url, position=number + 1)
        if one.file:
            kept = made.resources[lesson.slug, number]
            row.id, row.storage_key, row.size = kept.id, kept.key, kept.size
        rows.append(row)
    return rows


def _recording(
    made: PreparedCourse, course: Course, slug: str, lesson_id: uuid.UUID | None, kept: RowFile
) -> None:
    new = _written(made, slug)
    asset = MediaAsset(
        id=kept.id, course_id=course.id, lesson_id=lesson_id, storage_key=kept.key, size=kept.size,
        filename=kept.filename, kind=MediaKind.AUDIO if is_sound(new.file) else MediaKind.VIDEO,
        status=MediaStatus.PROCESSING, chapters=new.chapters,
    )  # fmt: skip
    db.session.add(asset)
    db.session.flush()
    for one in new.captions:
        db.session.add(Caption(asset_id=asset.id, language=one.language, label=one.label, vtt=one.vtt))
    jobs.enqueue("process_media", key=f"media:{asset.id}", asset_id=str(asset.id))


def _written(made: PreparedCourse, slug: str) -> NewRecording:
    """Return the recording of the lesson at `slug`; "" is the course's preview film."""
    lessons = {lesson.slug: lesson.recording for lesson in made.course.lessons()}
    found = lessons[slug] if slug else made.course.preview_film
    if found is None:
        raise KeyError(f"{MANIFEST} names no recording for {slug!r}")
    return found
