"""The query of a lesson's page: lesson, access facts, and everything that the page shows."""

from functools import cache
from typing import Any

from sqlalchemy import Select, String, Uuid, bindparam
from sqlalchemy.orm import contains_eager, joinedload, load_only, selectinload

from domain.base import slugs
from domain.learning import access_facts
from models import CodeArchive, Course, Lesson, MediaAsset, Module, Resource

_SHOWN_OF_COURSE = (
    Course.title, Course.slug, Course.summary, Course.creator_id, Course.language, Course.sequential,
    Course.price_cents, Course.sale_price_cents, Course.sale_ends_at, Course.status, Course.visibility,
    Course.expires_at, Course.deleted_at,
)  # fmt: skip
_SHOWN_OF_LESSON = (
    Lesson.course_id, Lesson.title, Lesson.slug, Lesson.description, Lesson.kind, Lesson.visibility,
    Lesson.body_html, Lesson.external_video_url, Lesson.duration_seconds,
)  # fmt: skip
_SHOWN_OF_MEDIA = (
    MediaAsset.kind, MediaAsset.status, MediaAsset.error, MediaAsset.duration_seconds, MediaAsset.mp4,
    MediaAsset.playlist, MediaAsset.poster, MediaAsset.chapters, MediaAsset.lesson_id,
)  # fmt: skip
_SHOWN_OF_RESOURCES = (
    Resource.title, Resource.kind, Resource.url, Resource.storage_key, Resource.size, Resource.pending,
)  # fmt: skip


@cache
def by_slugs() -> Select[*tuple[Any, ...]]:
    """Build the query by `course_slug`, present or former, and `lesson_slug`, cached.

    A row for each grant, as in `access_facts.query`, with the columns that the page shows.
    """
    course = slugs.product_id_at(bindparam("course_slug", type_=String()))
    return (
        access_facts.query(bindparam("user_id", type_=Uuid()), with_lesson=True)
        .add_columns(Course, Lesson)
        .options(
            load_only(*_SHOWN_OF_COURSE),
            joinedload(Course.code).load_only(CodeArchive.size),
            load_only(*_SHOWN_OF_LESSON),
            contains_eager(Lesson.module).load_only(Module.title),
            joinedload(Lesson.media).options(load_only(*_SHOWN_OF_MEDIA), selectinload(MediaAsset.captions)),
            joinedload(Lesson.resources).load_only(*_SHOWN_OF_RESOURCES),
        )
        .where(Lesson.slug == bindparam("lesson_slug", type_=String()), Course.id == course)
    )
