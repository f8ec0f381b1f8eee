"""Suspension of a creator together with their courses, and its lifting."""

from sqlalchemy import select

from domain.base import clock, text
from domain.catalog import availability, lifecycle
from domain.catalog.lifecycle import Authored
from domain.people import suspension
from models import Bundle, Course, ProductStatus, User, db


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
    return len(_products(person, ProductStatus.PUBLISHED))


def taken_off(person: User) -> int:
    """Count the courses that went off sale with `person` and could be put back."""
    return len(_to_put_back(person))


def _take_off_sale(person: User, admin: User, reason: str) -> None:
    for course in _products(person, ProductStatus.PUBLISHED):
        lifecycle.change_status(course, ProductStatus.ARCHIVED, admin, reason)
        course.off_with_creator = True
    db.session.flush()


def _put_back(person: User, admin: User) -> None:
    for course in _to_put_back(person):
        dates = (course.expires_at, course.content_updated_at) if isinstance(course, Course) else None
        lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, admin)
        lifecycle.change_status(course, ProductStatus.PUBLISHED, admin)
        if isinstance(course, Course) and dates is not None:
            # Publishing renews the expiry, but the content hasn't been updated.
            course.expires_at, course.content_updated_at = dates
        course.off_with_creator = False
    db.session.flush()


def _to_put_back(person: User) -> list[Authored]:
    """List courses before the bundles that sell them."""
    now = clock.now()
    return [
        course
        for course in _products(person, ProductStatus.ARCHIVED)
        if course.off_with_creator and not availability.is_expired(course, now)
    ]


def _products(person: User, status: ProductStatus) -> list[Authored]:
    """List `person`'s courses, then their bundles, each in the order in which rows are locked."""
    found: list[Authored] = []
    for kind in (Course, Bundle):
        theirs = (kind.creator_id == person.id, kind.deleted_at.is_(None), kind.status == status)
        found += db.session.scalars(select(kind).where(*theirs).order_by(kind.id))
    return found
