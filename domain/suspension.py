"""Shutting somebody out for a while, and letting them in again.

Whoever changes who may run the shop holds the rows of all admins first, so that two at once can't leave it
without one.
"""

from sqlalchemy import Select, or_, select

import mail
from domain import Refused, address_marks, audit, clock, publishing, sessions
from models import Course, ProductStatus, Role, User, db

MAX_REASON = 1000


def suspend(person: User, admin: User, reason: str, with_courses: bool = False) -> None:
    """Sign `person` out everywhere and keep them out; they are told why. Safe to repeat.

    `with_courses` also takes what they have on sale off it; who holds a course keeps it.

    Raises Refused without a reason, for oneself, and for the last admin.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("Say why: they are told, and it stands in the audit log.", "reason")
    if person.id == admin.id:
        raise Refused("You can’t suspend yourself. Another admin can.")
    keep_an_admin(without=person)
    if person.suspended_at is not None:
        return
    person.suspended_at = clock.now()
    sessions.end_all(person)
    address_marks.note(person, person.email)
    audit.record(admin, "suspend", person, reason[:MAX_REASON])
    if with_courses:
        _take_off_sale(person, admin, reason[:MAX_REASON])
    mail.account_suspended(person, reason[:MAX_REASON])
    db.session.flush()


def restore(person: User, admin: User, with_courses: bool = False) -> None:
    """Let `person` in again; they sign in anew. Safe to repeat.

    `with_courses` puts back on sale what was taken off with them, but for what has expired since. Otherwise
    these courses come back by a review, also those of a vetted creator.
    """
    keep_an_admin()
    if person.suspended_at is None:
        return
    person.suspended_at = None
    audit.record(admin, "restore", person)
    if with_courses:
        _put_back(person, admin)
    mail.account_restored(person)
    db.session.flush()


def on_sale(person: User) -> int:
    """Count the courses that `person` has on sale."""
    return len(list(db.session.scalars(_courses(person, ProductStatus.PUBLISHED))))


def taken_off(person: User) -> int:
    """Count the courses that were taken off sale with `person` and could be put back."""
    return len(_to_put_back(person))


def _take_off_sale(person: User, admin: User, reason: str) -> None:
    for course in db.session.scalars(_courses(person, ProductStatus.PUBLISHED)).all():
        publishing.move(course, ProductStatus.ARCHIVED, admin, reason)
        course.off_with_creator = True
    db.session.flush()


def _put_back(person: User, admin: User) -> None:
    for course in _to_put_back(person):
        expires_at, content_updated_at = course.expires_at, course.content_updated_at
        publishing.move(course, ProductStatus.PENDING_REVIEW, admin)
        publishing.move(course, ProductStatus.PUBLISHED, admin)
        # Nothing of it became any fresher meanwhile.
        course.expires_at, course.content_updated_at = expires_at, content_updated_at
        course.off_with_creator = False
    db.session.flush()


def _to_put_back(person: User) -> list[Course]:
    fresh = or_(Course.expires_at.is_(None), Course.expires_at > clock.now())
    query = _courses(person, ProductStatus.ARCHIVED).where(Course.off_with_creator, fresh)
    return list(db.session.scalars(query))


def _courses(person: User, status: ProductStatus) -> Select[Course]:
    """Courses of `person`, in the order in which rows are locked."""
    theirs = (Course.creator_id == person.id, Course.deleted_at.is_(None), Course.status == status)
    return select(Course).where(*theirs).order_by(Course.id)


def keep_an_admin(without: User | None = None) -> None:
    """Hold the admins' rows until the transaction ends, and that of `without`, whose row is read anew.

    Raises Refused when nobody but `without` could run the shop.
    """
    admins = (User.role == Role.ADMIN) & User.deleted_at.is_(None) & User.suspended_at.is_(None)
    held = list(db.session.scalars(select(User.id).where(admins).order_by(User.id).with_for_update()))
    if without is None:
        return
    db.session.refresh(without, with_for_update=True)
    if held == [without.id]:
        raise Refused("This is the only admin left. Make somebody else an admin first.")
