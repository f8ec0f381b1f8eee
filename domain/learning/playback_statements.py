"""The statements of heartbeats, compiled once and handed to the driver; see docs/decisions/0013."""

from typing import Any

from sqlalchemy import Select, String, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from domain.base import slugs
from domain.base.compiled_statements import CompiledStatement
from domain.learning import access_facts
from domain.people import sessions
from models import LessonProgress, MediaAsset, User, UserSession, UtcDateTime

VERSION: Any = literal_column(
    "lesson_progress.xmin::text"
)  # PostgreSQL's own: the transaction that wrote the row
RELAXED = func.set_config("synchronous_commit", "off", True).label("relaxed")  # don't wait for the disk


def _locked(dialect: str) -> Select[*tuple[Any, ...]]:
    """Lock the person's row as well on PostgreSQL; SQLite's transaction holds the write lock anyway."""
    if dialect != "postgresql":
        return _watcher(dialect)
    return _watcher(dialect).add_columns(RELAXED).with_for_update(of=User.__table__, key_share=True)


def _versioned(dialect: str) -> Select[*tuple[Any, ...]]:
    """Read the version of the row of progress as well (PostgreSQL)."""
    return _watcher(dialect).add_columns(VERSION.label("version"))


def _watcher(_dialect: str) -> Select[*tuple[Any, ...]]:
    """Build the join of person, access, lesson, enrolment and progress."""
    user, held, asset = User.__table__, UserSession.__table__, MediaAsset.__table__
    people = held.join(user, user.c.id == held.c.user_id)
    length = (
        select(asset.c.duration_seconds)
        .where(asset.c.lesson_id == access_facts.lesson_.c.id)
        .scalar_subquery()
    )
    moment = bindparam("moment", type_=UtcDateTime())
    return (
        access_facts.query(user.c.id, with_lesson=True, people=people)
        .add_columns(
            user.c.id.label("user_id"),
            user.c.role,
            user.c.access_override,
            (access_facts.product.c.creator_id == user.c.id).label("is_creator"),
            access_facts.product.c.id.label("course_id"),
            access_facts.lesson_.c.id.label("lesson_id"),
            access_facts.lesson_.c.kind,
            func.coalesce(length, access_facts.lesson_.c.duration_seconds).label("length"),
            access_facts.enrollment.c.id.label("enrollment_id"),
            (access_facts.enrollment.c.last_lesson_id == access_facts.lesson_.c.id).label("is_here"),
            access_facts.enrollment.c.last_accessed_at,
            access_facts.progress.c.watched,
            access_facts.progress.c.updated_at.label("last_beat_at"),
            access_facts.progress.c.spent_until,
        )
        .where(
            *sessions.holder_of(bindparam("token", type_=String()), moment),
            access_facts.product.c.id == slugs.product_id_at(bindparam("course_slug", type_=String())),
            access_facts.lesson_.c.slug == bindparam("lesson_slug", type_=String()),
        )
    )


def _progress(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = LessonProgress.__table__
    mine = (table.c.user_id == bindparam("user_id"), table.c.lesson_id == bindparam("lesson_id"))
    last_beat_at = table.c.updated_at.label("last_beat_at")
    return select(table.c.watched, table.c.completed_at, last_beat_at, table.c.spent_until).where(*mine)


def _upsert(dialect: str, where: Any = None) -> Any:
    """Build the upsert of progress; `where`: a condition on the row that is there."""
    columns = LessonProgress.__table__.c
    given = (
        "user_id", "lesson_id", "position_seconds", "watched_seconds", "watched", "completed_at",
        "spent_until",
    )  # fmt: skip
    moment = bindparam("moment", type_=UtcDateTime())
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(LessonProgress).values(
        {name: bindparam(name, type_=columns[name].type) for name in given}
        | dict.fromkeys(("started_at", "created_at", "updated_at"), moment)
    )
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["user_id", "lesson_id"],
        set_={
            "position_seconds": new.position_seconds,
            "watched_seconds": new.watched_seconds,
            "watched": new.watched,
            "spent_until": new.spent_until,
            "completed_at": func.coalesce(columns.completed_at, new.completed_at),
            "updated_at": new.updated_at,
        },
        where=where,
    )


def _unchanged(dialect: str) -> Any:
    """Build the upsert for a row of this version (PostgreSQL); answers no row when it has changed."""
    same = bindparam("version", type_=String()) == VERSION
    return _upsert(dialect, where=same).returning(RELAXED)


LOCKED, VERSIONED, PROGRESS, UPSERT, UNCHANGED = (
    CompiledStatement(_locked),
    CompiledStatement(_versioned),
    CompiledStatement(_progress),
    CompiledStatement(_upsert),
    CompiledStatement(_unchanged),
)
