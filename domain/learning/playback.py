"""Heartbeats of the player: checked and merged into the watched ranges.

Every viewer sends one every ten seconds, so this is the hottest path: one query for person, access, lesson
and progress together, one or two to write, on a plain connection, because opening an ORM session costs as
much as all of them.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, String, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.exceptions import Forbidden

from domain.base import clock, signing, slugs
from domain.base.compiled_statements import CompiledStatement
from domain.learning import access, access_facts, progress
from domain.learning.watched_ranges import SAME_PLACE, Heartbeat, Ranges, accept, since, total
from domain.people import sessions
from models import (
    LessonKind,
    LessonProgress,
    MediaAsset,
    Role,
    User,
    UserSession,
    UtcDateTime,
    db,
)

COMPLETE_AT = 0.95
ENROLLMENT_EVERY = timedelta(seconds=60)
SIGNATURE = 32  # hex digits


@dataclass(frozen=True)
class WatchedState:
    """Progress before this heartbeat: watched ranges, completion, and the time of the last heartbeat.

    `spent_until`: the time until which watching is already accounted for.
    """

    watched: Ranges
    completed: bool
    last_beat_at: datetime | None
    spent_until: datetime | None


@dataclass(frozen=True)
class Watcher:
    """A person who may watch a lesson, and the values that their heartbeats are checked against (seconds).

    `is_learner` is false for the course's creator and for admins, who are left out of the statistics;
    `was_here` says that the enrolment names this lesson as the last one.
    """

    user_id: uuid.UUID
    course_id: uuid.UUID
    lesson_id: uuid.UUID
    is_learner: bool
    plays: bool
    duration: float
    enrollment_id: uuid.UUID | None
    was_here: bool
    last_accessed_at: datetime | None
    seen: WatchedState


@dataclass(frozen=True)
class HeartbeatResult:
    """The result of a heartbeat: seconds played, and whether it completed the lesson and the course."""

    played: float = 0.0
    lesson_completed: bool = False
    course_completed: bool = False


def sign_opening(user_id: uuid.UUID, lesson_id: uuid.UUID) -> str:
    """Sign the present time as proof of when this person's page of the lesson was opened (HMAC)."""
    seconds, thousandths = divmod(int(clock.now().timestamp() * 1000), 1000)
    moment = f"{seconds:x}-{thousandths:x}"
    return f"{moment}.{signing.digest(_opening(user_id, lesson_id, moment), SIGNATURE)}"


def connect() -> Connection:
    """Open a connection whose commits don't wait for the disk: heartbeats may be lost in a power failure.

    That halves the time of a heartbeat. Other commits stay durable, and make these durable with them.
    """
    return db.engine.connect().execution_options(may_be_lost=True)


def watcher(connection: Connection, token: str, course_slug: str, lesson_slug: str) -> Watcher:
    """Load the session's person and the lesson, locked so that their heartbeats run one after another.

    Raises Forbidden for everybody who isn't signed in, for unknown lessons and without access: a player
    needn't know which.
    """
    values = {
        "token": sessions.token_hash(token),
        "moment": clock.now(),
        "course_slug": course_slug,
        "lesson_slug": lesson_slug,
    }
    rows = _WATCHER.run(connection, values)
    if not rows:
        raise Forbidden
    row = rows[0]
    is_learner = row.role != Role.ADMIN and not row.is_creator
    trusted = row.access_override or not is_learner
    if not access.decide_by(access_facts.from_rows(rows, trusted=trusted, stranger=False)).allowed:
        raise Forbidden
    return Watcher(
        user_id=row.user_id,
        course_id=row.course_id,
        lesson_id=row.lesson_id,
        is_learner=is_learner,
        plays=row.kind in (LessonKind.VIDEO, LessonKind.AUDIO),
        duration=float(row.length or 0),
        enrollment_id=row.enrollment_id,
        was_here=bool(row.is_here),
        last_accessed_at=row.last_accessed_at,
        seen=_seen(row),
    )


def record_heartbeat(connection: Connection, who: Watcher, heartbeat: Heartbeat) -> HeartbeatResult:
    """Merge a heartbeat into the learner's progress. The position moves freely; watched ranges only grow.

    A position beyond the end discards the heartbeat; a range that can't have been played is left out.
    """
    if heartbeat.position > who.duration + SAME_PLACE:
        return HeartbeatResult()
    now = clock.now()
    seen = _seen_under_lock(connection, who)
    begun = since(_opened_at(who, heartbeat.opened), seen.spent_until, seen.last_beat_at, now)
    counted = None
    if who.plays:
        counted = accept(seen.watched, seen.spent_until, heartbeat, who.duration, begun, now)
    merged, spent_until = counted or (seen.watched, seen.spent_until)
    seconds = total(merged)
    completes = (
        who.plays
        and not seen.completed
        and 0 < COMPLETE_AT * who.duration <= seconds
        and (merged != seen.watched or heartbeat.ended)
    )
    _write(connection, who, heartbeat, merged, seconds, now if completes else None, spent_until)
    played = (heartbeat.end or 0.0) - (heartbeat.start or 0.0) if counted else 0.0
    return HeartbeatResult(played, completes, _save_position(connection, who, heartbeat, completes))


def _opened_at(who: Watcher, proof: str) -> datetime | None:
    """Verify the proof and return when the player's page was opened; None without a valid one."""
    moment, _, signature = proof.partition(".")
    if not signing.verify(_opening(who.user_id, who.lesson_id, moment), signature, SIGNATURE):
        return None
    seconds, _, thousandths = moment.partition("-")
    return datetime.fromtimestamp(int(seconds, 16) + int(thousandths or "0", 16) / 1000, UTC)


def _opening(user_id: uuid.UUID, lesson_id: uuid.UUID, moment: str) -> bytes:
    return b"player opened" + user_id.bytes + lesson_id.bytes + moment.encode()


def _seen(row: Any) -> WatchedState:
    return WatchedState(row.watched or [], row.completed_at is not None, row.last_beat_at, row.spent_until)


def _seen_under_lock(connection: Connection, who: Watcher) -> WatchedState:
    """Return the progress as of the lock: PostgreSQL may have read it before it waited for the lock."""
    if connection.dialect.name != "postgresql":
        return who.seen
    rows = _PROGRESS.run(connection, {"user_id": who.user_id, "lesson_id": who.lesson_id})
    return _seen(rows[0]) if rows else WatchedState([], False, None, None)


def _write(
    connection: Connection,
    who: Watcher,
    heartbeat: Heartbeat,
    watched: Ranges,
    seconds: float,
    completed_at: datetime | None,
    spent_until: datetime | None,
) -> None:
    values = {
        "user_id": who.user_id,
        "lesson_id": who.lesson_id,
        "position_seconds": int(min(heartbeat.position, who.duration)),
        "watched_seconds": int(seconds),
        "watched": watched,
        "completed_at": completed_at,
        "spent_until": spent_until,
        "moment": completed_at or clock.now(),
    }
    _UPSERT.run(connection, values)


def _save_position(connection: Connection, who: Watcher, heartbeat: Heartbeat, completes: bool) -> bool:
    """Update the enrolment: at once when a lesson begins, pauses or is completed, else once a minute."""
    if completes:
        return progress.recount(who.user_id, who.course_id, last_lesson_id=who.lesson_id, via=connection)
    if who.enrollment_id is None or who.last_accessed_at is None:
        return False
    if not who.was_here or not heartbeat.flowing or clock.now() - who.last_accessed_at > ENROLLMENT_EVERY:
        progress.touch(connection, who.enrollment_id, who.user_id, who.course_id, who.lesson_id)
    return False


def _watcher(dialect: str) -> Select[*tuple[Any, ...]]:
    """Build the join of person, access, lesson, enrolment and progress.

    On PostgreSQL it also locks the person's row, and turns off waiting for the disk (synchronous_commit).
    """
    user, held, asset = User.__table__, UserSession.__table__, MediaAsset.__table__
    people = held.join(user, user.c.id == held.c.user_id)
    length = (
        select(asset.c.duration_seconds)
        .where(asset.c.lesson_id == access_facts.lesson_.c.id)
        .scalar_subquery()
    )
    moment = bindparam("moment", type_=UtcDateTime())
    statement = (
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
    if dialect == "postgresql":
        relaxed = func.set_config("synchronous_commit", "off", True).label("relaxed")
        statement = statement.add_columns(relaxed).with_for_update(of=user, key_share=True)
    return statement


def _progress(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = LessonProgress.__table__
    mine = (table.c.user_id == bindparam("user_id"), table.c.lesson_id == bindparam("lesson_id"))
    last_beat_at = table.c.updated_at.label("last_beat_at")
    return select(table.c.watched, table.c.completed_at, last_beat_at, table.c.spent_until).where(*mine)


def _upsert(dialect: str) -> Any:
    """Build the upsert of progress."""
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
    )


_WATCHER, _PROGRESS, _UPSERT = (
    CompiledStatement(_watcher),
    CompiledStatement(_progress),
    CompiledStatement(_upsert),
)
