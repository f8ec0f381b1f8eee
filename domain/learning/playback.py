"""Heartbeats of the player: checked and merged into the watched ranges.

Every viewer sends one every ten seconds, so this is the hottest path: one query for person, access, lesson
and progress together, one or two to write, on a plain connection, because opening an ORM session costs as
much as all of them. On PostgreSQL most need no transaction: see `_without_lock`.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import Forbidden

from domain.base import clock, signing
from domain.base.compiled_statements import CompiledStatement
from domain.learning import access, access_facts, progress
from domain.learning import playback_statements as statements
from domain.learning.watched_ranges import SAME_PLACE, Heartbeat, Ranges, accept, since, total
from domain.people import sessions
from models import LessonKind, Role, db, use_autocommit

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
    `was_here` says that the enrolment names this lesson as the last one; `version` is that of the row of
    progress (PostgreSQL).
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
    version: str | None


@dataclass(frozen=True)
class Merged:
    """Progress after a heartbeat: watched ranges, their seconds, and the seconds that it added.

    `completed_at` is set if it completes the lesson.
    """

    watched: Ranges
    seconds: float
    played: float
    completed_at: datetime | None
    spent_until: datetime | None


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


def beat(
    token: str, course_slug: str, lesson_slug: str, heartbeat: Heartbeat
) -> tuple[Watcher, HeartbeatResult]:
    """Record a heartbeat of the session's person, in transactions of its own.

    Commits don't wait for the disk, which halves the time of a heartbeat: it may be lost in a power failure.
    Other commits stay durable, and make these durable with them. Raises Forbidden for everybody who isn't
    signed in, for unknown lessons and without access: a player needn't know which.
    """
    asked = {"token": sessions.token_hash(token), "course_slug": course_slug, "lesson_slug": lesson_slug}
    with db.engine.connect().execution_options(may_be_lost=True) as connection:
        done = _without_lock(connection, asked, heartbeat) if use_autocommit(connection) else None
        if done is not None:
            return done
        with connection.begin():
            who = _watcher(connection, statements.LOCKED, asked)
            return who, _record(connection, who, heartbeat)


def _without_lock(
    connection: Connection, asked: dict[str, str], heartbeat: Heartbeat
) -> tuple[Watcher, HeartbeatResult] | None:
    """Record a heartbeat on PostgreSQL in two round trips, under an optimistic lock instead of a row lock.

    Answers None when it must be done under the row lock: the row of progress is new or has changed since it
    was read, the enrolment is to be written too, or the connection was lost before anything was written.
    """
    try:
        who = _watcher(connection, statements.VERSIONED, asked)
    except DBAPIError as error:
        if error.connection_invalidated:
            return None
        raise
    merged = _merge(who, who.seen, heartbeat)
    if merged is None:
        return who, HeartbeatResult()
    if who.version is None or merged.completed_at or _moves_on(who, heartbeat):
        return None
    written = statements.UNCHANGED.run(connection, _values(who, heartbeat, merged) | {"version": who.version})
    return (who, HeartbeatResult(merged.played)) if written else None


def _watcher(connection: Connection, statement: CompiledStatement, asked: dict[str, str]) -> Watcher:
    """Load the session's person and the lesson. Raises Forbidden."""
    rows = statement.run(connection, asked | {"moment": clock.now()})
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
        version=getattr(row, "version", None),
    )


def _record(connection: Connection, who: Watcher, heartbeat: Heartbeat) -> HeartbeatResult:
    """Merge a heartbeat into the learner's progress, under the lock."""
    merged = _merge(who, _seen_under_lock(connection, who), heartbeat)
    if merged is None:
        return HeartbeatResult()
    statements.UPSERT.run(connection, _values(who, heartbeat, merged))
    completes = merged.completed_at is not None
    return HeartbeatResult(merged.played, completes, _save_position(connection, who, heartbeat, completes))


def _merge(who: Watcher, seen: WatchedState, heartbeat: Heartbeat) -> Merged | None:
    """Merge a heartbeat into what was seen. The position moves freely; watched ranges only grow.

    A position beyond the end discards the heartbeat (None); a range that can't have been played is left out.
    """
    if heartbeat.position > who.duration + SAME_PLACE:
        return None
    now = clock.now()
    begun = since(_opened_at(who, heartbeat.opened), seen.spent_until, seen.last_beat_at, now)
    counted = None
    if who.plays:
        counted = accept(seen.watched, seen.spent_until, heartbeat, who.duration, begun, now)
    watched, spent_until = counted or (seen.watched, seen.spent_until)
    seconds = total(watched)
    completes = (
        who.plays
        and not seen.completed
        and 0 < COMPLETE_AT * who.duration <= seconds
        and (watched != seen.watched or heartbeat.ended)
    )
    played = (heartbeat.end or 0.0) - (heartbeat.start or 0.0) if counted else 0.0
    return Merged(watched, seconds, played, now if completes else None, spent_until)


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
    rows = statements.PROGRESS.run(connection, {"user_id": who.user_id, "lesson_id": who.lesson_id})
    return _seen(rows[0]) if rows else WatchedState([], False, None, None)


def _values(who: Watcher, heartbeat: Heartbeat, merged: Merged) -> dict[str, Any]:
    return {
        "user_id": who.user_id,
        "lesson_id": who.lesson_id,
        "position_seconds": int(min(heartbeat.position, who.duration)),
        "watched_seconds": int(merged.seconds),
        "watched": merged.watched,
        "completed_at": merged.completed_at,
        "spent_until": merged.spent_until,
        "moment": merged.completed_at or clock.now(),
    }


def _save_position(connection: Connection, who: Watcher, heartbeat: Heartbeat, completes: bool) -> bool:
    """Update the enrolment: at once when a lesson begins, pauses or is completed, else once a minute."""
    if completes:
        return progress.recount(who.user_id, who.course_id, last_lesson_id=who.lesson_id, via=connection)
    if _moves_on(who, heartbeat) and who.enrollment_id is not None:
        progress.touch(connection, who.enrollment_id, who.user_id, who.course_id, who.lesson_id)
    return False


def _moves_on(who: Watcher, heartbeat: Heartbeat) -> bool:
    """Tell whether the enrolment is to be updated: the lesson begins or pauses, or a minute is over."""
    if who.enrollment_id is None or who.last_accessed_at is None:
        return False
    late = clock.now() - who.last_accessed_at > ENROLLMENT_EVERY
    return late or not who.was_here or not heartbeat.flowing
