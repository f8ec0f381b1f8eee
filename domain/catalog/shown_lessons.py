"""The lessons that learners see: one rule, in Python and in SQL.

A lesson is shown when it and its module are published and it isn't private. Whoever counts, lists, searches
or opens lessons asks here; who may open a shown lesson is decided in `domain.learning.access`.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, true

from models import Lesson, LessonVisibility, Module

lessons, modules = Lesson.__table__.c, Module.__table__.c


def is_shown(*, published: bool, visibility: LessonVisibility, module_published: bool) -> bool:
    """Tell if learners see a lesson with these values."""
    return published and module_published and visibility != LessonVisibility.PRIVATE


def shown(lesson: Any = lessons, module: Any = modules) -> ColumnElement[bool]:
    """Build `is_shown` as SQL for a lesson joined with its module; columns of the tables, or of aliases."""
    return and_(
        lesson.published == true(),
        lesson.visibility != LessonVisibility.PRIVATE,
        module.published == true(),
    )
