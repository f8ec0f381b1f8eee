"""The query of a lesson's page: lesson, access facts, and everything that the page shows."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, String, Uuid, and_, bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from domain.base import clock, slugs
from domain.base.compiled_statements import CompiledStatement
from domain.base.row_entities import EntityColumns
from domain.learning import access_facts
from models import Caption, CodeArchive, Course, Lesson, MediaAsset, Module, Resource, db

_COURSE = EntityColumns(Course, (
    Course.title, Course.slug, Course.summary, Course.creator_id, Course.language, Course.sequential,
    Course.price_cents, Course.sale_price_cents, Course.sale_ends_at, Course.status, Course.visibility,
    Course.expires_at, Course.deleted_at,
))  # fmt: skip
_LESSON = EntityColumns(Lesson, (
    Lesson.course_id, Lesson.title, Lesson.slug, Lesson.description, Lesson.kind, Lesson.visibility,
    Lesson.body_html, Lesson.external_video_url, Lesson.duration_seconds,
))  # fmt: skip
_MEDIA = EntityColumns(MediaAsset, (
    MediaAsset.kind, MediaAsset.status, MediaAsset.error, MediaAsset.duration_seconds, MediaAsset.mp4,
    MediaAsset.playlist, MediaAsset.poster, MediaAsset.chapters, MediaAsset.lesson_id,
))  # fmt: skip
_RESOURCE = EntityColumns(Resource, (
    Resource.title, Resource.kind, Resource.url, Resource.storage_key, Resource.size, Resource.pending,
))  # fmt: skip
_MODULE = EntityColumns(Module, (Module.title,))
_CODE = EntityColumns(CodeArchive, (CodeArchive.size,))


def load(
    user_id: uuid.UUID | None, course_slug: str, lesson_slug: str
) -> tuple[Course, Lesson, Sequence[Any]] | None:
    """Load the course at `course_slug`, present or former, and its lesson, with what the lesson's page shows.

    In one query, and one for the captions of a recording. The rows are those of `access_facts.query`; None
    without such a lesson.
    """
    db.session.flush()
    asked = {
        "user_id": user_id, "moment": clock.now(), "course_slug": course_slug, "lesson_slug": lesson_slug,
    }  # fmt: skip
    rows = _LESSON_PAGE.run(db.session.connection(), asked)
    if not rows:
        return None
    course, lesson = _COURSE.made(rows[0]), _LESSON.made(rows[0])
    assert course is not None  # noqa: S101 - joined inside
    assert lesson is not None  # noqa: S101 - as above
    resources = {resource.id: resource for row in rows if (resource := _RESOURCE.made(row)) is not None}
    set_committed_value(course, "code", _CODE.made(rows[0]))
    set_committed_value(lesson, "module", _MODULE.made(rows[0]))
    set_committed_value(lesson, "media", _with_captions(_MEDIA.made(rows[0])))
    set_committed_value(lesson, "resources", list(resources.values()))
    return course, lesson, rows


def _with_captions(recording: MediaAsset | None) -> MediaAsset | None:
    if recording is not None:
        found = _CAPTIONS.run(db.session.connection(), {"asset_id": recording.id})
        set_committed_value(recording, "captions", [_CAPTION.made(row) for row in found])
    return recording


def _build(_dialect: str) -> Select[*tuple[Any, ...]]:
    """Build the query: a row for each grant and resource."""
    lesson, media, resource, code = (t.__table__ for t in (Lesson, MediaAsset, Resource, CodeArchive))
    course_id = slugs.product_id_at(bindparam("course_slug", type_=String()))
    return (
        access_facts.query(bindparam("user_id", type_=Uuid()), with_lesson=True)
        .add_columns(*(label for part in _PARTS for label in part.labels))
        .outerjoin(media, media.c.lesson_id == lesson.c.id)
        .outerjoin(resource, resource.c.lesson_id == lesson.c.id)
        .outerjoin(code, and_(code.c.course_id == lesson.c.course_id, code.c.pending.is_(False)))
        .where(lesson.c.slug == bindparam("lesson_slug", type_=String()), lesson.c.course_id == course_id)
        .order_by(resource.c.position)
    )


_PARTS = (_COURSE, _LESSON, _MODULE, _MEDIA, _RESOURCE, _CODE)
_LESSON_PAGE = CompiledStatement(_build)
_CAPTION = EntityColumns(Caption)
_CAPTIONS = CompiledStatement(
    lambda _dialect: (
        select(*_CAPTION.labels)
        .where(Caption.asset_id == bindparam("asset_id", type_=Uuid()))
        .order_by(Caption.language)
    )
)
