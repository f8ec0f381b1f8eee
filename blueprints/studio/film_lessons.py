"""Route to upload several recordings at once, each as a lesson."""

import uuid
from datetime import timedelta
from typing import Any, BinaryIO, cast

from flask import jsonify, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

import storage
from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from blueprints.studio.lesson_forms import FilmsForm
from domain.authoring import curriculum_page, film_lessons
from domain.learning import access
from domain.media import upload_rules, upload_sessions
from models import Course, UploadPurpose, db
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/curriculum/videos", methods=["GET", "POST"])
def add_films(course_id: uuid.UUID) -> Response:
    """Add a lesson for each video, in the order of their names.

    A plain form sends the files along. A script sends their names, is told the lesson of each by its place
    among them, and uploads it there then: names are stored in another form than browsers know them.
    """
    course = course_of(course_id)
    form = FilmsForm()
    modules = curriculum_page.rows(course)
    form.module.choices = [(str(module.id), module.title) for module in modules]
    if not form.is_submitted() or not form.validate():
        return _refuse(form) if _wants_json() and form.is_submitted() else _show(course, form)
    files = [file for file in form.files.data or [] if isinstance(file, FileStorage) and file.filename]
    names = list(form.names.data or []) if _wants_json() else [str(file.filename) for file in files]
    with Attempt(form) as attempt:
        made = film_lessons.add(course, uuid.UUID(form.module.data), me(), names)
        lessons = [(place, lesson.id) for place, lesson in made]
    if attempt.refusal is not None:
        return _refuse(form) if _wants_json() else _show(course_of(course_id), form)
    if _wants_json():
        return jsonify([{"place": place, "lesson": str(lesson_id)} for place, lesson_id in lessons])
    stored = [_store(course_id, lesson_id, files[place]) for place, lesson_id in lessons]
    refused = [sentence for sentence in stored if sentence]
    for sentence in refused:
        hypermedia.toast(sentence, "warn")
    if not refused:
        hypermedia.toast("The videos are uploaded. They’re being processed.")
    return hypermedia.see_other(url_for("studio.curriculum_of", course_id=course_id))


def _store(course_id: uuid.UUID, lesson_id: uuid.UUID, sent: FileStorage) -> str:
    """Make the file the recording of its lesson; returns the reason of a refusal, or ""."""
    name = upload_rules.plain_name(sent.filename or "")
    content = cast(BinaryIO, sent.stream)
    size = content.seek(0, 2)
    content.seek(0)
    with Attempt(silent=True) as attempt:
        course, lesson = access.lesson_for_creator(me(), course_id, lesson_id)
        upload = upload_sessions.begin(me(), UploadPurpose.LESSON_MEDIA, course, lesson, name, size)
        plan = upload_sessions.plan(upload)
        storage.current().put(plan.incoming.key, content, "application/octet-stream")
        storage.current().abandon(plan.incoming)
        file = upload_sessions.assemble(plan, timedelta())
        upload_sessions.finish(upload, me(), course, lesson, file)
    return f"{name}: {attempt.sentence}" if attempt.refusal is not None else ""


def _show(course: Course, form: FilmsForm) -> Response:
    return hypermedia.render("studio/curriculum/films.html", status=form.status, course=course, form=form)


def _refuse(form: FilmsForm) -> Response:
    db.session.rollback()
    problems: list[Any] = [*form.form_errors, *(one for errors in form.errors.values() for one in errors)]
    answer = jsonify(error=str(problems[0]) if problems else "Send the form again.")
    answer.status_code = 422
    return answer


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
