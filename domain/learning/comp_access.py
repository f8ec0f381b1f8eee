"""Complimentary access: courses given away by admins."""

import uuid
from datetime import datetime

from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock, slugs
from domain.base.sql import lock_key
from domain.learning import access, enrollment, prerequisites
from domain.platform import audit, last_days
from domain.platform.audit_actions import AuditAction
from models import AccessGrant, Course, GrantSource, User, db


def course_called(address: str) -> Course:
    """Find a course by its URL or slug. Raises Refused when there is none."""
    slug = address.strip().rstrip("/").rsplit("/", 1)[-1].partition("?")[0]
    there = select(Course).where(Course.deleted_at.is_(None), Course.id == slugs.product_id_at(slug))
    course = db.session.scalar(there)
    if course is None:
        raise Refused("No course has this address. Copy it from the course’s page.", "course")
    return course


def give_access(person: User, course: Course, expires_at: datetime | None, admin: User) -> AccessGrant:
    """Grant `course` to `person`, until `expires_at` or for good, and mail them.

    It replaces what admins gave them before; the same gift again changes nothing. Raises Refused for a time
    in the past, and when they own the course for good already.
    """
    if expires_at is not None and expires_at <= clock.now():
        raise Refused("That day has passed.", "expires_on")
    if course.creator_id == person.id:
        raise Refused("This is their own course.", "course")
    lock_key(User, person.id)
    held = access.grants_of(person, course)
    if any(grant.expires_at is None for grant in held):
        raise Refused("They already own this course.", "course")
    for grant in held:
        if grant.source == GrantSource.COMPLIMENTARY and grant.expires_at == expires_at:
            return grant
    until = f" until {last_days.last_day(expires_at)}" if expires_at else ""
    act = audit.record(admin, AuditAction.GIVE_COURSE, person, f"{course.title}{until}")
    db.session.flush()
    grant = access.grant(person.id, course.id, GrantSource.COMPLIMENTARY, act.id, expires_at)
    for former in _given_before(grant):
        access.revoke_grant(former)
    enrollment.enroll(person.id, course.id, welcome=False)
    lock = prerequisites.lock_on(prerequisites.locking(person, course))
    mail.access_given(person, course, expires_at, lock)
    return grant


def _given_before(grant: AccessGrant) -> list[AccessGrant]:
    """List the grants of the same course that admins gave earlier, and that are not revoked."""
    query = select(AccessGrant).where(
        AccessGrant.user_id == grant.user_id,
        AccessGrant.course_id == grant.course_id,
        AccessGrant.source == GrantSource.COMPLIMENTARY,
        AccessGrant.revoked_at.is_(None),
        AccessGrant.id != grant.id,
    )
    return list(db.session.scalars(query))


def end_access(person: User, grant_id: uuid.UUID, admin: User) -> None:
    """Revoke complimentary access; purchases are ended by a refund. Idempotent.

    Raises Refused for a grant that isn't `person`'s or isn't complimentary.
    """
    lock_key(User, person.id)
    grant = db.session.get(AccessGrant, grant_id, populate_existing=True)
    if grant is None or grant.user_id != person.id or grant.source != GrantSource.COMPLIMENTARY:
        raise Refused("You can only remove access that was given for free.")
    if grant.revoked_at is not None:
        return
    access.revoke_grant(grant)
    audit.record(
        admin, AuditAction.TAKE_BACK_COURSE, person, db.session.get_one(Course, grant.course_id).title
    )
