"""The whole content of a course in its creator's version, for the checklist and for reviewers.

Includes hidden lessons and those waiting for approval; drafts are laid over the published values.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, Uuid, bindparam, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased, load_only, undefer
from sqlalchemy.orm.attributes import set_committed_value

from domain.authoring import lesson_content
from domain.authoring.lesson_content import NEW
from domain.catalog import shown_lessons, tags
from domain.media import captions, recordings
from models import (
    Caption,
    CodeArchive,
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Module,
    ProposedCaption,
    Resource,
    db,
)


@dataclass(frozen=True)
class Recording:
    """A recording of a lesson or of the course; `proposed`: it waits for approval, learners don't see it.

    Its captions are loaded without their text. `before` is the published recording that a proposed one would
    replace, if there is one.
    """

    asset: MediaAsset
    proposed: bool
    before: MediaAsset | None = None

    @property
    def captions(self) -> int:
        """Count the languages that it has captions in."""
        return len(captions.working_copies(self.asset))

    @property
    def is_changed(self) -> bool:
        """Tell if the recording, its captions or its chapters wait for approval."""
        return recordings.waits(self.asset)

    @property
    def is_ready(self) -> bool:
        """Tell if transcoding is finished and it can be played."""
        return self.asset.status == MediaStatus.READY


@dataclass(frozen=True)
class LessonContent:
    """A lesson in its creator's version: `values` by column name, `text_length` in characters.

    `body` is the published text; loaded only for lessons with changes and for the requested lesson.
    """

    lesson: Lesson
    module: Module
    values: dict[str, Any]
    text_length: int
    body: str | None = None
    recording: Recording | None = None
    resources: list[Resource] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Read the title, draft over published."""
        title: str = self.values["title"]
        return title

    @property
    def kind(self) -> LessonKind:
        """Read the kind of lesson (text, video, audio …), draft over published."""
        kind: LessonKind = self.values["kind"]
        return kind

    @property
    def is_new(self) -> bool:
        """Tell if the lesson has never been published."""
        return NEW in (self.lesson.draft or {})

    @property
    def is_changed(self) -> bool:
        """Tell if any part of the lesson waits for approval: its draft, a resource or its recording."""
        waits = any(resource.pending or resource.proposed_title for resource in self.resources)
        return waits or bool(self.lesson.draft) or (self.recording is not None and self.recording.is_changed)

    @property
    def is_shown(self) -> bool:
        """Tell if learners see the lesson, or will once its changes are approved."""
        return shown_lessons.is_shown(
            published=self.values["published"],
            visibility=self.values["visibility"],
            module_published=(self.module.draft or {}).get("published", self.module.published),
        )

    @property
    def is_preview(self) -> bool:
        """Tell if the lesson is a free preview that anyone may open."""
        return self.is_shown and self.values["visibility"] == LessonVisibility.PREVIEW

    @property
    def is_empty(self) -> bool:
        """Tell if the lesson has no text, no recording and no external video."""
        return not (self.text_length or self.recording or self.values["external_video_url"])


@dataclass(frozen=True)
class CourseContent:
    """The content of a course: its lessons in order, intro film, code archives, and all of its modules."""

    course: Course
    lessons: list[LessonContent]
    intro: Recording | None
    archives: list[CodeArchive]
    places: list[Module]

    @property
    def shown(self) -> list[LessonContent]:
        """List the lessons that learners see, or will once they are approved."""
        return [content for content in self.lessons if content.is_shown]

    @property
    def seconds(self) -> int:
        """Sum up the duration of the shown lessons, in seconds."""
        return sum(content.values["duration_seconds"] for content in self.shown)

    @property
    def length(self) -> str:
        """Format `seconds` for people: “38 minutes” or “2.5 hours”."""
        minutes = round(self.seconds / 60)
        if minutes >= 60:
            hours = f"{minutes / 60:.1f}".removesuffix(".0")
            return "1 hour" if hours == "1" else f"{hours} hours"
        return "1 minute" if minutes == 1 else f"{minutes} minutes"

    @property
    def recordings(self) -> Iterator[tuple[Recording, LessonContent | None]]:
        """Yield every recording with its lesson; None for the intro film."""
        if self.intro is not None:
            yield self.intro, None
        for content in self.lessons:
            if content.recording is not None:
                yield content.recording, content

    def modules(self) -> Iterator[tuple[Module, list[LessonContent]]]:
        """Group the lessons by module, in order; modules without lessons are left out."""
        together: dict[uuid.UUID, tuple[Module, list[LessonContent]]] = {}
        for content in self.lessons:
            together.setdefault(content.module.id, (content.module, []))[1].append(content)
        yield from together.values()

    def lesson(self, lesson_id: uuid.UUID | None) -> LessonContent | None:
        """Find a lesson by its id; without an id the first changed one, or else the first of all."""
        if lesson_id is not None:
            return next((content for content in self.lessons if content.lesson.id == lesson_id), None)
        changed = (content for content in self.lessons if content.is_changed)
        return next(changed, self.lessons[0] if self.lessons else None)

    @property
    def mark(self) -> str:
        """Fingerprint everything that a reviewer decides about, as 16 hex digits.

        A decision carries it, so that approving a course that changed in the meantime is noticed (optimistic
        lock).
        """
        course = self.course
        facts: list[object] = [
            course.title, course.summary, course.description, course.price_cents, course.visibility.value,
            course.objectives, course.prerequisites, course.technology, course.meta_title,
            course.meta_description, course.thumbnail, course.category_id, course.draft, course.level,
            course.language, course.sale_price_cents, course.sale_ends_at, course.tier, course.sequential,
            tags.names_of(course), *_marks(self.intro), *(archive.id for archive in self.archives),
        ]  # fmt: skip
        facts += [
            (m.id, m.title, m.description, m.published, m.unlock_after_days, m.draft) for m in self.places
        ]
        for s in self.lessons:
            facts += [
                s.lesson.id,
                s.lesson.version,
                s.is_shown,
                s.module.id,
                *_marks(s.recording),
            ]
            facts += [(resource.id, resource.title, resource.proposed_title) for resource in s.resources]
        return sha256(repr(facts).encode()).hexdigest()[:16]


def _marks(recording: Recording | None) -> list[object]:
    """List the facts of a recording that its creator can change: its id, chapters and captions."""
    if recording is None:
        return [None]
    asset = recording.asset
    rows: list[captions.Spoken] = [*asset.captions, *asset.proposed_captions]
    spoken = [(row.language, row.label, row.updated_at) for row in rows]
    return [asset.id, asset.chapters, asset.proposed_chapters, spoken]


def load(course: Course, asked: uuid.UUID | None = None) -> CourseContent:
    """Load the content of `course` in five queries, with the text of `asked` or of the first lesson."""
    files: dict[uuid.UUID, list[Resource]] = {}
    for resource in _resources(course):
        files.setdefault(resource.lesson_id, []).append(resource)
    found = _recordings(course)
    lessons = [
        _lesson_content(row, found.get(row[0].id), files.get(row[0].id, []))
        for row in _lessons(course, asked)
    ]
    archives = db.session.scalars(select(CodeArchive).where(CodeArchive.course_id == course.id)).all()
    places = db.session.scalars(_MODULES, {"course": course.id}).all()
    return CourseContent(course, lessons, found.get(None), list(archives), list(places))


def _recordings(course: Course) -> dict[uuid.UUID | None, Recording]:
    """Map each lesson's id to its recording, a proposed one over the published; None keys the intro film."""
    live: dict[uuid.UUID | None, MediaAsset] = {}
    proposed: dict[uuid.UUID | None, MediaAsset] = {}
    for asset in _assets(course):
        waits = asset.proposed_film or asset.proposed_for is not None
        (proposed if waits else live)[asset.proposed_for or asset.lesson_id] = asset
    there = {place: Recording(asset, False, asset) for place, asset in live.items()}
    return there | {place: Recording(asset, True, live.get(place)) for place, asset in proposed.items()}


def _lesson_content(row: Any, recording: Recording | None, resources: list[Resource]) -> LessonContent:
    lesson, module, length, body = row
    draft = lesson.draft or {}
    values = {name: getattr(lesson, name) for name in lesson_content.COLUMNS if name != "body"}
    values |= lesson_content.typed(draft)
    return LessonContent(
        lesson, module, values, len(draft["body"]) if "body" in draft else length, body, recording, resources
    )


def _lessons(course: Course, asked: uuid.UUID | None) -> Any:
    return db.session.execute(_lessons_query(), {"course": course.id, "asked": asked})


@cache
def _lessons_query() -> Select[Any]:
    """Build the query of all lessons with modules; texts only of changed lessons and of `asked`.

    Cached: building the statement takes longer than running it.
    """
    other, place = aliased(Lesson), aliased(Module)
    first = (
        select(other.id)
        .join(place, place.id == other.module_id)
        .where(other.course_id == _COURSE)
        .order_by(place.position, other.position)
        .limit(1)
    )
    recording = select(MediaAsset.id).where(MediaAsset.lesson_id == Lesson.id)
    waits = Resource.pending | Resource.proposed_title.is_not(None)
    wanted = or_(
        Lesson.draft.is_not(None),
        Lesson.id == func.coalesce(bindparam("asked", type_=Uuid()), first.scalar_subquery()),
        select(MediaAsset.id).where(MediaAsset.proposed_for == Lesson.id).exists(),
        recording.where(MediaAsset.proposed_chapters.is_not(None)).exists(),
        recording.join(ProposedCaption).exists(),
        select(Resource.id).where(Resource.lesson_id == Lesson.id, waits).exists(),
    )
    columns = (getattr(Lesson, name) for name in lesson_content.COLUMNS if name != "body")
    return (
        select(Lesson, Module, func.length(Lesson.body), case((wanted, Lesson.body)))
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id == _COURSE)
        .options(
            load_only(*columns, Lesson.version, Lesson.course_id),
            undefer(Lesson.draft),
            undefer(Module.draft),
        )
        .order_by(Module.position, Lesson.position)
    )


@cache
def _assets_query() -> Select[Any]:
    """Build the query of recordings joined with their caption tracks: one row for each track."""
    live, proposed = Caption.__table__.c, ProposedCaption.__table__.c
    theirs = select(MediaAsset.id).where(MediaAsset.course_id == _COURSE)
    track = union_all(
        *(
            select(c.asset_id, c.language, c.label, c.updated_at, literal(waits).label("waits")).where(
                c.asset_id.in_(theirs)
            )
            for c, waits in ((live, False), (proposed, True))
        )
    ).subquery()
    return (
        select(MediaAsset, *track.c)
        .outerjoin(track, track.c.asset_id == MediaAsset.id)
        .where(MediaAsset.course_id == _COURSE)
        .order_by(track.c.language)
    )


def _assets(course: Course) -> list[MediaAsset]:
    """Load the recordings with caption languages but without caption text, which can be megabytes."""
    tracks: dict[MediaAsset, tuple[list[Caption], list[ProposedCaption]]] = {}
    for asset, _asset_id, language, label, changed, waits in db.session.execute(
        _assets_query(), {"course": course.id}
    ):
        shown, waiting = tracks.setdefault(asset, ([], []))
        words = {"language": language, "label": label, "vtt": "", "updated_at": changed}
        if language and waits:
            waiting.append(ProposedCaption(**words))
        elif language:
            shown.append(Caption(**words))
    for asset, (shown, waiting) in tracks.items():
        set_committed_value(asset, "captions", shown)
        set_committed_value(asset, "proposed_captions", waiting)
    return list(tracks)


def _resources(course: Course) -> Any:
    return db.session.scalars(_RESOURCES, {"course": course.id})


# Statements are built once: building them takes longer than running them.
_COURSE = bindparam("course", type_=Uuid())
_MODULES = (
    select(Module).where(Module.course_id == _COURSE).options(undefer(Module.draft)).order_by(Module.position)
)
_RESOURCES = (
    select(Resource)
    .join(Lesson, Lesson.id == Resource.lesson_id)
    .where(Lesson.course_id == _COURSE)
    .order_by(Resource.position)
)
