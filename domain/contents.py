"""What a course is made of, as its creator works on it: what a checklist and a reviewer look at.

Hidden lessons and those that wait for approval are among it, each with the draft over what learners see.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import aliased, load_only, undefer
from sqlalchemy.orm.attributes import set_committed_value

from domain import lesson_contents
from domain.lesson_contents import NEW
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
    Resource,
    db,
)


@dataclass(frozen=True)
class Recording:
    """A recording; `proposed`: learners don't see it yet. Its captions are loaded without their text."""

    asset: MediaAsset
    proposed: bool

    @property
    def captions(self) -> int:
        """In how many languages it has captions."""
        return len(self.asset.captions)

    @property
    def is_ready(self) -> bool:
        """Whether it can be played."""
        return self.asset.status == MediaStatus.READY


@dataclass(frozen=True)
class Sitting:
    """A lesson: `values` by column name as its creator has them, `text_length` in characters.

    `body` is the text that learners see, loaded only where something waits and where it was asked for.
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
        """Its title, as changed."""
        title: str = self.values["title"]
        return title

    @property
    def kind(self) -> LessonKind:
        """How it teaches, as changed."""
        kind: LessonKind = self.values["kind"]
        return kind

    @property
    def is_new(self) -> bool:
        """Whether learners have seen none of it."""
        return NEW in (self.lesson.draft or {})

    @property
    def is_changed(self) -> bool:
        """Whether something of it waits for approval."""
        waits = any(resource.pending for resource in self.resources)
        return waits or bool(self.lesson.draft) or (self.recording is not None and self.recording.proposed)

    @property
    def is_shown(self) -> bool:
        """Whether learners see it, or will once it is approved."""
        shown = self.values["published"] and self.values["visibility"] != LessonVisibility.PRIVATE
        return bool(shown and self.module.published)

    @property
    def is_preview(self) -> bool:
        """Whether anyone may try it."""
        return self.is_shown and self.values["visibility"] == LessonVisibility.PREVIEW

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read, watch or hear."""
        return not (self.text_length or self.recording or self.values["external_video_url"])


@dataclass(frozen=True)
class Contents:
    """The lessons in their order, the course's own film, and what code comes with it."""

    course: Course
    sittings: list[Sitting]
    intro: Recording | None
    archives: list[CodeArchive]

    @property
    def shown(self) -> list[Sitting]:
        """The lessons that learners see or will see."""
        return [sitting for sitting in self.sittings if sitting.is_shown]

    @property
    def seconds(self) -> int:
        """How long the lessons that are shown take."""
        return sum(sitting.values["duration_seconds"] for sitting in self.shown)

    @property
    def length(self) -> str:
        """The same in words: “38 minutes” or “2.5 hours”."""
        minutes = round(self.seconds / 60)
        if minutes >= 60:
            hours = f"{minutes / 60:.1f}".removesuffix(".0")
            return "1 hour" if hours == "1" else f"{hours} hours"
        return "1 minute" if minutes == 1 else f"{minutes} minutes"

    @property
    def recordings(self) -> Iterator[tuple[Recording, Sitting | None]]:
        """Every recording with its lesson; None for the course's own film."""
        if self.intro is not None:
            yield self.intro, None
        for sitting in self.sittings:
            if sitting.recording is not None:
                yield sitting.recording, sitting

    def modules(self) -> Iterator[tuple[Module, list[Sitting]]]:
        """The modules that have lessons, each with them."""
        together: dict[uuid.UUID, tuple[Module, list[Sitting]]] = {}
        for sitting in self.sittings:
            together.setdefault(sitting.module.id, (sitting.module, []))[1].append(sitting)
        yield from together.values()

    def sitting(self, lesson_id: uuid.UUID | None) -> Sitting | None:
        """The lesson of this id; without one the first that is changed, or the first of all."""
        if lesson_id is not None:
            return next((sitting for sitting in self.sittings if sitting.lesson.id == lesson_id), None)
        changed = (sitting for sitting in self.sittings if sitting.is_changed)
        return next(changed, self.sittings[0] if self.sittings else None)

    @property
    def mark(self) -> str:
        """Tells one state from another: it changes with everything that a reviewer decides about."""
        course = self.course
        facts: list[object] = [
            course.title, course.summary, course.description, course.price_cents, course.visibility.value,
            course.objectives, course.prerequisites, course.technology, course.meta_title,
            course.meta_description, course.thumbnail, course.category_id,
            *_marks(self.intro), *(archive.id for archive in self.archives),
        ]  # fmt: skip
        for s in self.sittings:
            facts += [
                s.lesson.id,
                s.lesson.version,
                s.is_shown,
                s.module.title,
                s.module.description,
                *_marks(s.recording),
            ]
            facts += [(resource.id, resource.title) for resource in s.resources]
        return sha256(repr(facts).encode()).hexdigest()[:16]


def _marks(recording: Recording | None) -> list[object]:
    """What of a recording its creator can change: which it is, its chapters, its captions."""
    if recording is None:
        return [None]
    captions = [(caption.language, caption.label, caption.updated_at) for caption in recording.asset.captions]
    return [recording.asset.id, recording.asset.chapters, captions]


def load(course: Course, asked: uuid.UUID | None = None) -> Contents:
    """Everything `course` is made of, in four queries, with the text of `asked` or the first lesson."""
    files: dict[uuid.UUID, list[Resource]] = {}
    for resource in _resources(course):
        files.setdefault(resource.lesson_id, []).append(resource)
    live: dict[uuid.UUID | None, Recording] = {}
    proposed: dict[uuid.UUID | None, Recording] = {}
    for asset in _assets(course):
        is_proposed = asset.proposed_for is not None
        place = proposed if is_proposed else live
        place[asset.proposed_for or asset.lesson_id] = Recording(asset, is_proposed)
    sittings = [
        _sitting(row, proposed.get(row[0].id) or live.get(row[0].id), files.get(row[0].id, []))
        for row in _lessons(course, asked)
    ]
    archives = db.session.scalars(select(CodeArchive).where(CodeArchive.course_id == course.id)).all()
    return Contents(course, sittings, live.get(None), list(archives))


def _sitting(row: Any, recording: Recording | None, resources: list[Resource]) -> Sitting:
    lesson, module, length, body = row
    draft = lesson.draft or {}
    values = {name: getattr(lesson, name) for name in lesson_contents.COLUMNS if name != "body"}
    values |= lesson_contents.typed(draft)
    return Sitting(
        lesson, module, values, len(draft["body"]) if "body" in draft else length, body, recording, resources
    )


def _lessons(course: Course, asked: uuid.UUID | None) -> Any:
    other, place = aliased(Lesson), aliased(Module)
    first = (
        select(other.id)
        .join(place, place.id == other.module_id)
        .where(other.course_id == course.id)
        .order_by(place.position, other.position)
        .limit(1)
    )
    wanted = or_(
        Lesson.draft.is_not(None),
        Lesson.id == (asked or first.scalar_subquery()),
        select(MediaAsset.id).where(MediaAsset.proposed_for == Lesson.id).exists(),
        select(Resource.id).where(Resource.lesson_id == Lesson.id, Resource.pending).exists(),
    )
    columns = (getattr(Lesson, name) for name in lesson_contents.COLUMNS if name != "body")
    return db.session.execute(
        select(Lesson, Module, func.length(Lesson.body), case((wanted, Lesson.body)))
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id == course.id)
        .options(load_only(*columns, Lesson.version, Lesson.course_id), undefer(Lesson.draft))
        .order_by(Module.position, Lesson.position)
    )


def _assets(course: Course) -> list[MediaAsset]:
    """The recordings with the languages of their captions, whose text nobody needs here."""
    query = (
        select(MediaAsset, Caption.language, Caption.label, Caption.updated_at)
        .outerjoin(Caption, Caption.asset_id == MediaAsset.id)
        .where(MediaAsset.course_id == course.id)
        .order_by(Caption.language)
    )
    tracks: dict[MediaAsset, list[Caption]] = {}
    for asset, language, label, changed in db.session.execute(query):
        names = [Caption(language=language, label=label, vtt="", updated_at=changed)] if language else []
        tracks.setdefault(asset, []).extend(names)
    for asset, captions in tracks.items():
        set_committed_value(asset, "captions", captions)
    return list(tracks)


def _resources(course: Course) -> Any:
    query = select(Resource).join(Lesson, Lesson.id == Resource.lesson_id)
    return db.session.scalars(query.where(Lesson.course_id == course.id).order_by(Resource.position))
