"""Pausing access: a grant whose payment is disputed stays its owner's, but opens nothing.

An enrolment is suspended while every valid grant of the course is paused; its place and progress stay.
"""

import uuid

from sqlalchemy import ColumnElement, and_, case, select, update

from domain.base import clock
from domain.learning import access_facts
from models import AccessGrant, Enrollment, EnrollmentStatus, Purchase, db


def pause(line: Purchase) -> bool:
    """Pause the grants of a line whose payment is disputed. Idempotent; tells whether any was open."""
    return _mark(AccessGrant.paused_at.is_(None), line, clock.now())


def resume(line: Purchase) -> bool:
    """Let the grants of a line open again. Idempotent; tells whether any was paused."""
    return _mark(AccessGrant.paused_at.is_not(None), line, None)


def follow_grants(user_id: uuid.UUID, course_id: uuid.UUID) -> None:
    """Bring an enrolment to the state of its grants: cancelled without any, suspended if all are paused."""
    status = case(
        (_open(user_id, course_id), _taken_up()),
        (_held(user_id, course_id), EnrollmentStatus.SUSPENDED),
        else_=EnrollmentStatus.CANCELLED,
    )
    _set_status(user_id, course_id, status)


def take_up_again(user_id: uuid.UUID, course_id: uuid.UUID) -> None:
    """Reactivate an enrolment that was cancelled or suspended, unless all that opens the course is paused."""
    only_paused = and_(_held(user_id, course_id), ~_open(user_id, course_id))
    _set_status(user_id, course_id, case((only_paused, EnrollmentStatus.SUSPENDED), else_=_taken_up()))


def _mark(which: ColumnElement[bool], line: Purchase, paused_at: object) -> bool:
    rows = db.session.execute(
        update(AccessGrant)
        .where(AccessGrant.purchase_id == line.id, AccessGrant.revoked_at.is_(None), which)
        .values(paused_at=paused_at)
        .returning(AccessGrant.user_id, AccessGrant.course_id)
    ).all()
    for user_id, course_id in sorted(map(tuple, rows)):
        follow_grants(user_id, course_id)
    return bool(rows)


def _held(user_id: uuid.UUID, course_id: uuid.UUID) -> ColumnElement[bool]:
    return select(AccessGrant.id).where(*access_facts.holding(user_id, course_id)).exists()


def _open(user_id: uuid.UUID, course_id: uuid.UUID) -> ColumnElement[bool]:
    held = access_facts.holding(user_id, course_id)
    return select(AccessGrant.id).where(*held, AccessGrant.paused_at.is_(None)).exists()


def _taken_up() -> ColumnElement[EnrollmentStatus]:
    """Build the status that an enrolment has once it is open: its own, or what its completion says."""
    is_shut = Enrollment.status.in_((EnrollmentStatus.CANCELLED, EnrollmentStatus.SUSPENDED))
    return case(
        (and_(is_shut, Enrollment.completed_at.is_(None)), EnrollmentStatus.ACTIVE),
        (is_shut, EnrollmentStatus.COMPLETED),
        else_=Enrollment.status,
    )


def _set_status(user_id: uuid.UUID, course_id: uuid.UUID, status: ColumnElement[EnrollmentStatus]) -> None:
    mine = (Enrollment.user_id == user_id, Enrollment.course_id == course_id)
    # Only where it changes: otherwise updated_at would move with every purchase.
    db.session.execute(update(Enrollment).where(*mine, Enrollment.status != status).values(status=status))
