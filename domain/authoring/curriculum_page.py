"""Queries of the curriculum page, and the losses that a deletion warns about."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Uuid, bindparam, case, false, func, or_, select
from sqlalchemy.orm import aliased

from domain.authoring.lesson_content import NEW
from models import (
    Caption,
    Course,
    Lesson,
    LessonKind,
    LessonProgress,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Module,
    ProposedCaption,
    Resource,
    db,
)

COUNTED = 1000


@dataclass(frozen=True)
class LessonRow:
    """A lesson in its creator's version; `waits`: part of it waits for approval."""

    id: uuid.UUID
    title: str
    kind: LessonKind
    visibility: LessonVisibility
    published: bool
    waits: bool
    is_new: bool
    unsaved_at: datetime | None
    duration_seconds: int
    recording: MediaStatus | None


@dataclass(frozen=True)
class ModuleRow:
    """A module in its creator's version with its lessons in order; `waits`: its own changes wait."""

    id: uuid.UUID
    title: str
    description: str
    published: bool
    unlock_after_days: int
    waits: bool = False
    lessons: list[LessonRow] = field(default_factory=list)


@dataclass(frozen=True)
class DeletionImpact:
    """The losses of a deletion: recordings, files, and learners with progress (counted up to COUNTED + 1).

    `captions`: some of the recordings have them.
    """

    lessons: int
    recordings: int
    captions: bool
    files: int
    learners: int


def rows(course: Course) -> list[ModuleRow]:
    """Load the modules with their lessons in two queries, without the text of any lesson."""
    modules = db.session.execute(_MODULES, {"course": course.id})
    found = {row.id: _module(row) for row in modules}
    for row in db.session.execute(_lessons_query(), {"course": course.id}):
        found[row.module_id].lessons.append(_lesson(row))
    return list(found.values())


def _module(row: Any) -> ModuleRow:
    draft = row.draft or {}
    said = {name: draft.get(name, getattr(row, name)) for name in ("title", "description", "published")}
    return ModuleRow(row.id, **said, unlock_after_days=row.unlock_after_days, waits=bool(draft))


_COURSE = bindparam("course", type_=Uuid())
_MODULES = (
    select(
        Module.id, Module.title, Module.description, Module.published, Module.unlock_after_days, Module.draft
    )
    .where(Module.course_id == _COURSE)
    .order_by(Module.position)
)


@cache
def _lessons_query() -> Select[Any]:
    """Build the query of lessons, drafts over published values.

    Cached: building the statement takes longer than running it.
    """
    live, proposed = aliased(MediaAsset), aliased(MediaAsset)
    draft = Lesson.draft
    extras = select(Resource.id).where(Resource.lesson_id == Lesson.id)
    waits = or_(
        draft.is_not(None),
        proposed.steps_in == false(),
        live.proposed_chapters.is_not(None),
        select(ProposedCaption.id).where(ProposedCaption.asset_id == live.id).exists(),
        extras.where(Resource.pending | Resource.proposed_title.is_not(None)).exists(),
    )
    return (
        select(
            Lesson.id,
            Lesson.module_id,
            func.coalesce(draft["title"].as_string(), Lesson.title).label("title"),
            func.coalesce(draft["kind"].as_string(), Lesson.kind).label("kind"),
            func.coalesce(draft["visibility"].as_string(), Lesson.visibility).label("visibility"),
            Lesson.published,
            draft["published"].as_boolean().label("to_be_published"),
            draft[NEW].as_boolean().label("is_new"),
            waits.label("waits"),
            Lesson.typed_at,
            Lesson.duration_seconds,
            func.coalesce(proposed.status, live.status).label("recording"),
        )
        .outerjoin(live, live.lesson_id == Lesson.id)
        .outerjoin(proposed, proposed.proposed_for == Lesson.id)
        .where(Lesson.course_id == _COURSE)
        .order_by(Lesson.position)
    )


def _lesson(row: Any) -> LessonRow:
    published = row.published if row.to_be_published is None else row.to_be_published
    return LessonRow(
        id=row.id,
        title=row.title,
        kind=LessonKind(row.kind),
        visibility=LessonVisibility(row.visibility),
        published=bool(published),
        waits=bool(row.waits),
        is_new=bool(row.is_new),
        unsaved_at=row.typed_at,
        duration_seconds=row.duration_seconds,
        recording=MediaStatus(row.recording) if row.recording else None,
    )


def deletion_impact(lesson_ids: Sequence[uuid.UUID]) -> DeletionImpact:
    """Count recordings, files and learners' progress lost with these lessons, in three queries."""
    ids = list(lesson_ids)
    learners = (
        select(LessonProgress.user_id)
        .where(LessonProgress.lesson_id.in_(ids))
        .distinct()
        .limit(COUNTED + 1)
        .subquery()
    )
    has_captions = or_(
        *(
            select(kind.id).where(kind.asset_id == MediaAsset.id).exists()
            for kind in (Caption, ProposedCaption)
        )
    )
    of_these = or_(MediaAsset.lesson_id.in_(ids), MediaAsset.proposed_for.in_(ids))
    recordings, captioned = db.session.execute(
        select(func.count(MediaAsset.id), func.count(case((has_captions, 1)))).where(of_these)
    ).one()
    files = select(func.count(Resource.id)).where(Resource.lesson_id.in_(ids))
    return DeletionImpact(
        lessons=len(ids),
        recordings=recordings or 0,
        captions=bool(captioned),
        files=db.session.scalar(files) or 0,
        learners=db.session.scalar(select(func.count()).select_from(learners)) or 0,
    )


def lessons_of(course: Course, module_id: uuid.UUID) -> list[uuid.UUID]:
    """List the ids of a module's lessons in their order."""
    query = select(Lesson.id).where(Lesson.module_id == module_id, Lesson.course_id == course.id)
    return list(db.session.scalars(query.order_by(Lesson.position)))


def titles(course: Course, lesson_ids: Sequence[uuid.UUID]) -> list[str]:
    """List the titles of these lessons in the order of their ids, as their creator wrote them last."""
    title = func.coalesce(Lesson.draft["title"].as_string(), Lesson.title)
    query = select(Lesson.id, title.label("title")).where(Lesson.course_id == course.id)
    known = {row.id: row.title for row in db.session.execute(query.where(Lesson.id.in_(lesson_ids)))}
    return [known[id_] for id_ in lesson_ids if id_ in known]
