"""Mail about access to courses."""

from datetime import datetime
from typing import Any

from domain.base.addresses import at_home, url_to
from domain.platform import last_days
from mail.composing import compose, greeting
from models import Course, EmailMessage, User

Lock = tuple[str, tuple[str, str]]
"""What has to be done before a course opens: a sentence, and the words and path of a link to it."""


def welcome_to_course(user: User, course: Course, lock: Lock | None = None) -> EmailMessage:
    """Welcome a new learner with a link to the course, or to what has to be done before it opens."""
    return compose(
        "welcome_to_course", user.email, user, name=greeting(user), course=course.title,
        lesson_count=course.lesson_count, **_way(course, lock),
    )  # fmt: skip


def access_given(
    user: User, course: Course | None, expires_at: datetime | None, lock: Lock | None = None
) -> EmailMessage:
    """Report access to a course, or to every course (None), and until when."""
    until = last_days.said(expires_at) if expires_at else ""
    way: dict[str, Any] = _way(course, lock) if course else {"course_url": url_to("catalog.courses")}
    return compose(
        "access_given", user.email, user, name=greeting(user), course=course.title if course else "",
        until=until, url=way.pop("course_url"), **way,
    )  # fmt: skip


def _way(course: Course, lock: Lock | None) -> dict[str, Any]:
    if lock is None:
        return {"course_url": url_to("learn.course", course_slug=course.slug)}
    sentence, (label, path) = lock
    return {"course_url": at_home(path), "lock": sentence, "label": label}
