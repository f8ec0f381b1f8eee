"""What somebody typed into the editor of a lesson and didn't save: kept for them, seen by no learner."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.authoring import lesson_content, lesson_drafts
from domain.authoring.lesson_drafts import Tab
from domain.base import clock
from domain.catalog import lifecycle
from models import Course, Lesson, User, db


@dataclass(frozen=True)
class Typed:
    """What was typed: values by column name as JSON keeps them, in which tab, by whom, when."""

    values: dict[str, Any]
    tab: str
    user_id: uuid.UUID
    at: datetime


def of(lesson: Lesson) -> Typed | None:
    """What was typed at `lesson` and not saved, if anything was."""
    if lesson.typed is None or lesson.typed_at is None:
        return None
    kept = lesson.typed
    return Typed(kept["values"], kept["tab"], uuid.UUID(kept["by"]), lesson.typed_at)


def keep(
    course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any], version: int, tab: Tab
) -> datetime:
    """Keep what is being typed, unchecked; answers when. Raises drafts.Overtaken as drafts.save does."""
    lesson_drafts.hold(course, lesson, version, tab)
    lesson.typed = {"values": lesson_content.plain(values), "tab": tab.name, "by": str(actor.id)}
    lesson.typed_at = moment = clock.now()
    db.session.flush()
    return moment


def throw_away(course: Course, lesson: Lesson) -> None:
    """Drop what was typed and not saved."""
    lifecycle.hold(course)
    lesson.typed = lesson.typed_at = None
    db.session.flush()
