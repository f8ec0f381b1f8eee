"""Autosave of the lesson editor: text typed but not saved, kept for its author; no learner sees it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.authoring import lesson_content, lesson_drafts
from domain.authoring.lesson_drafts import EditConflict, EditorTab
from domain.base import clock
from models import Course, Lesson, User, db


@dataclass(frozen=True)
class AutosavedLesson:
    """An autosaved form: values by column name as JSON keeps them, the editor tab, the author, the time."""

    values: dict[str, Any]
    tab: str
    user_id: uuid.UUID
    at: datetime


def find(lesson: Lesson) -> AutosavedLesson | None:
    """Find the autosaved form of `lesson`; None where everything is saved."""
    if lesson.typed is None or lesson.typed_at is None:
        return None
    kept = lesson.typed
    return AutosavedLesson(kept["values"], kept["tab"], uuid.UUID(kept["by"]), lesson.typed_at)


def keep(
    course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any], version: int, tab: EditorTab
) -> datetime:
    """Autosave the form unchecked; answers the time. Raises the same edit conflicts as lesson_drafts.save."""
    lesson_drafts.lock_lesson(course, lesson, version, tab)
    lesson.typed = {"values": lesson_content.plain(values), "tab": tab.name, "by": str(actor.id)}
    lesson.typed_at = moment = clock.now()
    db.session.flush()
    return moment


def discard(course: Course, lesson: Lesson, tab: EditorTab) -> None:
    """Drop the autosaved form of `lesson`; what was saved stays.

    Raises lesson_drafts.EditConflict when it is one that `tab` has neither shown nor written.
    """
    lesson_drafts.lock_latest(course, lesson)
    if lesson_drafts.has_unseen_autosave(lesson, tab):
        raise EditConflict
    lesson.typed = lesson.typed_at = None
    db.session.flush()
