"""A course's outline for its learner: lessons with completion, duration and lock, and where to resume."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Uuid, and_, bindparam, select

from domain.base import percent
from domain.base.compiled_statements import CompiledStatement
from domain.catalog import shown_lessons
from domain.learning import access, access_facts
from domain.learning.access import DenialReason
from models import Course, Enrollment, Lesson, LessonKind, LessonProgress, LessonVisibility, Module, User, db


@dataclass(frozen=True)
class OutlineLesson:
    """A lesson of the outline. `duration` and `position` are seconds; `reason` says why it is locked.

    `begun`: the reader has opened it before.
    """

    id: uuid.UUID
    slug: str
    title: str
    kind: LessonKind
    duration: int
    position: int
    begun: bool
    done: bool
    withheld: bool
    reason: DenialReason | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the reader may open it now."""
        return self.reason is None


@dataclass(frozen=True)
class OutlineModule:
    """A module: its title, and its lessons in order."""

    title: str
    entries: list[OutlineLesson]


@dataclass(frozen=True)
class Outline:
    """The outline of a course. Unpublished lessons are included for its creator, but never counted."""

    parts: list[OutlineModule]
    entries: list[OutlineLesson] = field(default_factory=list)
    finished: bool = False

    @property
    def counted(self) -> list[OutlineLesson]:
        """List the published lessons, of which progress is computed."""
        return [entry for entry in self.entries if not entry.withheld]

    @property
    def done(self) -> int:
        """Count the completed lessons."""
        return sum(entry.done for entry in self.counted)

    @property
    def fresh(self) -> int:
        """Count the incomplete lessons of a completed course, which were added later; 0 before."""
        return len(self.counted) - self.done if self.finished else 0

    @property
    def percent(self) -> int:
        """Compute the progress in whole percents."""
        return percent.whole(self.done, len(self.counted))

    def entry(self, lesson_id: uuid.UUID) -> OutlineLesson:
        """Find the entry of a lesson."""
        return next(entry for entry in self.entries if entry.id == lesson_id)

    def beside(self, lesson_id: uuid.UUID) -> tuple[OutlineLesson | None, OutlineLesson | None]:
        """Find the lessons before and after this one."""
        at = next(i for i, entry in enumerate(self.entries) if entry.id == lesson_id)
        before = self.entries[at - 1] if at else None
        after = self.entries[at + 1] if at + 1 < len(self.entries) else None
        return before, after

    def where_to_go_on(self, last_lesson_id: uuid.UUID | None) -> OutlineLesson | None:
        """Choose the open lesson to resume; None when there is none.

        That is the last lesson while it is unfinished, else the next unfinished one after it, else the first
        unfinished one. A completed course begins again.
        """
        is_open = [entry for entry in self.entries if entry.is_open]
        at = next((i for i, entry in enumerate(is_open) if entry.id == last_lesson_id), 0)
        unfinished = [entry for entry in is_open[at:] + is_open[:at] if not entry.done and not entry.withheld]
        if unfinished:
            return unfinished[0]
        if self.done < len(self.counted):
            return is_open[at] if is_open else None
        return is_open[0] if is_open else None


def load(user: User | None, course: Course, facts: access_facts.AccessFacts) -> Outline:
    """Build the outline of `course` for `user` (None: a visitor), with locks by `facts`; one query."""
    parts: list[OutlineModule] = []
    module_id: uuid.UUID | None = None
    unfinished: uuid.UUID | None = None
    finished = False
    for row in _rows(user, course, everything=facts.trusted):
        finished = row.finished_at is not None
        if row.module_id != module_id:
            module_id = row.module_id
            parts.append(OutlineModule(row.module_title, []))
        entry = _entry(row, facts, unfinished if course.sequential else None)
        parts[-1].entries.append(entry)
        if unfinished is None and not entry.done and not entry.withheld:
            unfinished = entry.id
    return Outline(parts, [entry for part in parts for entry in part.entries], finished)


def last_lesson_of(user: User, course: Course) -> uuid.UUID | None:
    """Find the lesson that the learner opened last."""
    query = select(Enrollment.last_lesson_id)
    return db.session.scalar(query.where(Enrollment.user_id == user.id, Enrollment.course_id == course.id))


def _rows(user: User | None, course: Course, everything: bool) -> Any:
    values = {"user": user.id if user else None, "course": course.id}
    statement = _EVERY_LESSON if everything else _SHOWN_LESSONS
    return statement.run(db.session.connection(), values)


def _lessons(everything: bool) -> Select[*tuple[Any, ...]]:
    """Build the query of the outline; `everything`: include what learners don't see."""
    lesson, module, read, enrolled = (
        table.__table__.c for table in (Lesson, Module, LessonProgress, Enrollment)
    )
    user = bindparam("user", type_=Uuid())
    mine = and_(read.lesson_id == lesson.id, read.user_id == user)
    learns = and_(enrolled.course_id == lesson.course_id, enrolled.user_id == user)
    query = (
        select(
            lesson.id,
            lesson.slug,
            lesson.title,
            lesson.kind,
            lesson.duration_seconds,
            lesson.visibility,
            lesson.published,
            module.id.label("module_id"),
            module.title.label("module_title"),
            module.published.label("module_published"),
            module.unlock_after_days,
            read.position_seconds,
            read.completed_at,
            enrolled.completed_at.label("finished_at"),
        )
        .select_from(Lesson.__table__)
        .join(Module.__table__, module.id == lesson.module_id)
        .outerjoin(LessonProgress.__table__, mine)
        .outerjoin(Enrollment.__table__, learns)
        .where(lesson.course_id == bindparam("course", type_=Uuid()))
        .order_by(module.position, lesson.position)
    )
    if everything:
        return query
    return query.where(shown_lessons.shown())


def _entry(row: Any, facts: access_facts.AccessFacts, unfinished: uuid.UUID | None) -> OutlineLesson:
    gate = access_facts.LessonGate(
        withheld=not shown_lessons.is_shown(
            published=row.published, visibility=row.visibility, module_published=row.module_published
        ),
        preview=row.visibility == LessonVisibility.PREVIEW,
        unlock_after_days=row.unlock_after_days,
        completed=row.completed_at is not None,
        unfinished=unfinished,
    )
    decision = access.decide_by(replace(facts, gate=gate))
    return OutlineLesson(
        id=row.id,
        slug=row.slug,
        title=row.title,
        kind=row.kind,
        duration=row.duration_seconds,
        position=row.position_seconds or 0,
        begun=row.position_seconds is not None,
        done=gate.completed,
        withheld=gate.withheld,
        reason=decision.reason,
        until=decision.until,
    )


_EVERY_LESSON = CompiledStatement(lambda _dialect: _lessons(everything=True))
_SHOWN_LESSONS = CompiledStatement(lambda _dialect: _lessons(everything=False))
