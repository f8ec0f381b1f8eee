"""Routes that mark a lesson as complete, or as not."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.learn import access_denied, bp, lessons
from domain.learning import access, prerequisites, progress
from domain.platform.event_registry import EventName
from models import Course, Lesson, db
from web import guards, hypermedia, visitor
from web.signed_in import reader


@bp.post("/learn/<course_slug>/<lesson_slug>/complete")
def complete(course_slug: str, lesson_slug: str) -> Response:
    """Mark the lesson as complete, however much of it was watched."""
    return _mark(course_slug, lesson_slug, done=True)


@bp.post("/learn/<course_slug>/<lesson_slug>/reopen")
def reopen(course_slug: str, lesson_slug: str) -> Response:
    """Mark the lesson as not complete."""
    return _mark(course_slug, lesson_slug, done=False)


def _mark(course_slug: str, lesson_slug: str, done: bool) -> Response:
    user = reader()
    course, lesson, decision = access.lesson_for(user, course_slug, lesson_slug)
    if user is None:
        return guards.ask_to_sign_in() or access_denied.deny(course, lesson, decision)
    if not decision.allowed:
        return access_denied.deny(course, lesson, decision)
    if done:
        completed = progress.complete(user, lesson)
        if completed:
            prerequisites.course_completed(user.id, course.id)
        db.session.commit()
        visitor.record(EventName.LESSON_COMPLETED, course.id, course.creator_id, lesson.id)
        if completed:
            visitor.record(EventName.COURSE_COMPLETED, course.id, course.creator_id)
            hypermedia.toast(f"You’ve completed “{course.title}”.")
    else:
        progress.reopen(user, lesson)
        db.session.commit()
    return _show_again(course, lesson)


def _show_again(course: Course, lesson: Lesson) -> Response:
    if not hypermedia.is_swap():
        url = url_for("learn.lesson", course_slug=course.slug, lesson_slug=lesson.slug)
        return hypermedia.see_other(url)
    course, lesson, decision = access.lesson_for(reader(), course.slug, lesson.slug)
    return lessons.page(course, lesson, decision)
