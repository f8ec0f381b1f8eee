"""Mail about access to courses."""

from datetime import datetime

from domain.base.addresses import url_to
from mail.composing import compose, greeting
from models import Course, EmailMessage, User


def welcome_to_course(user: User, course: Course) -> EmailMessage:
    """Welcome a new learner with a link to the course."""
    url = url_to("learn.course", course_slug=course.slug)
    return compose(
        "welcome_to_course", user.email, user, name=greeting(user), course=course.title, course_url=url,
        lesson_count=course.lesson_count,
    )  # fmt: skip


def access_given(user: User, course: Course | None, expires_at: datetime | None) -> EmailMessage:
    """Report access to a course, or to every course (None), and until when."""
    until = f"{expires_at.day} {expires_at:%B %Y}" if expires_at else ""
    url = url_to("learn.course", course_slug=course.slug) if course else url_to("catalog.courses")
    return compose(
        "access_given", user.email, user, name=greeting(user), course=course.title if course else "",
        until=until, url=url,
    )  # fmt: skip
