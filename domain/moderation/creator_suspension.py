"""Suspension of a creator together with their courses, and its lifting."""

from sqlalchemy import Select, select

from domain.base import clock, text
from domain.catalog import availability, lifecycle
from domain.people import suspension
from models import Course, ProductStatus, User, db


def suspend(person: User, admin: User, reason: str, with_courses: bool = False) -> None:
    """Suspend `person` as suspension.suspend does.

    `with_courses` also takes their courses off sale; learners who have one keep it. Raises Refused.
    """
    if suspension.suspend(person, admin, reason) and with_courses:
        _take_off_sale(person, admin, text.paragraphs(reason)[: suspension.MAX_REASON])


def restore(person: User, admin: User, with_courses: bool = False) -> None:
    """Lift the suspension of `person` as suspension.restore does.

    `with_courses` puts the courses back on sale that went off with them, unless they have expired since.
    Otherwise these need a review to come back, even if the creator is vetted.
    """
    if suspension.restore(person, admin) and with_courses:
        _put_back(person, admin)


def on_sale(person: User) -> int:
    """Count the courses that `person` has on sale."""
    return len(list(db.session.scalars(_courses(person, ProductStatus.PUBLISHED))))


def taken_off(person: User) -> int:
    """Count the courses that went off sale with `person` and could be put back."""
    return len(_to_put_back(person))


def _take_off_sale(person: User, admin: User, reason: str) -> None:
    for course in db.session.scalars(_courses(person, ProductStatus.PUBLISHED)).all():
        lifecycle.change_status(course, ProductStatus.ARCHIVED, admin, reason)
        course.off_with_creator = True
    db.session.flush()


def _put_back(person: User, admin: User) -> None:
    for course in _to_put_back(person):
        expires_at, content_updated_at = course.expires_at, course.content_updated_at
        lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, admin)
        lifecycle.change_status(course, ProductStatus.PUBLISHED, admin)
        # Publishing renews the expiry, but the content hasn't been updated.
        course.expires_at, course.content_updated_at = expires_at, content_updated_at
        course.off_with_creator = False
    db.session.flush()


def _to_put_back(person: User) -> list[Course]:
    unexpired = availability.unexpired(clock.now())
    query = _courses(person, ProductStatus.ARCHIVED).where(Course.off_with_creator, unexpired)
    return list(db.session.scalars(query))


def _courses(person: User, status: ProductStatus) -> Select[Course]:
    """Build the query of `person`'s courses, in the order in which rows are locked."""
    theirs = (Course.creator_id == person.id, Course.deleted_at.is_(None), Course.status == status)
    return select(Course).where(*theirs).order_by(Course.id)
