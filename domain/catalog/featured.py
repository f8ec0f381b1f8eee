"""Featured courses of the start page, chosen and ordered by admins."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.catalog import availability
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import Course, User, db

MOST = 12


def in_order(ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Sort featured products into the admins' order; those without a place in it come last."""
    places = {key: place for place, key in enumerate(settings.current().featured)}
    return sorted(ids, key=lambda id_: places.get(str(id_), len(places)))


def courses() -> list[Course]:
    """List the featured courses in order, including those not listed at the moment."""
    keys = [uuid.UUID(key) for key in settings.current().featured]
    query = select(Course).where(Course.id.in_(keys), Course.featured.is_(True), Course.deleted_at.is_(None))
    found = {course.id: course for course in db.session.scalars(query)}
    return [found[key] for key in keys if key in found]


def pick(course: Course, admin: User) -> None:
    """Feature `course`, behind the others. Idempotent. Raises Refused unless it is listed."""
    chosen = _chosen()
    if str(course.id) in chosen and course.featured:
        return
    if not availability.is_listed(course, clock.now()):
        raise Refused("Only courses that everyone can find in the catalogue can be featured.", "course")
    if len(chosen) >= MOST:
        raise Refused(f"At most {MOST} courses can be featured. Remove one first.", "course")
    feature(course, admin, True)
    _set(admin, [*(key for key in chosen if key != str(course.id)), str(course.id)])


def drop(course: Course, admin: User) -> None:
    """Stop featuring `course`. Idempotent."""
    feature(course, admin, False)
    _set(admin, [key for key in _chosen() if key != str(course.id)])


def move(course: Course, up: bool, admin: User) -> None:
    """Swap `course` with the one before or after it; does nothing at an end."""
    chosen, key = _chosen(), str(course.id)
    if key not in chosen:
        return
    place = chosen.index(key)
    other = place - 1 if up else place + 1
    if 0 <= other < len(chosen):
        chosen[place], chosen[other] = chosen[other], chosen[place]
        _set(admin, chosen)


def _chosen() -> list[str]:
    """List the current order from the database: cached settings may be a second old."""
    settings.forget()
    return [str(course.id) for course in courses()]


def _set(admin: User, keys: list[str]) -> None:
    settings.change(admin, featured=keys)
    settings.forget()


def feature(course: Course, admin: User, featured: bool) -> None:
    """Set or clear the featured flag of `course`, with an entry in the audit log."""
    if course.featured != featured:
        course.featured = featured
        audit.record(
            admin,
            AuditAction.FEATURE_COURSE if featured else AuditAction.UNFEATURE_COURSE,
            course,
            course.title,
        )
