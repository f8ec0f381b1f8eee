"""Routes of a course's media: cover image, preview film, code archive and the state of recordings."""

import uuid

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.course_editor import course_of
from blueprints.studio.upload_forms import ThumbnailForm
from domain.authoring import page_drafts
from domain.learning import access
from domain.media import code_archives, recordings
from models import Course, Lesson, db
from web import hypermedia
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/media", methods=["GET", "POST"])
def course_media(course_id: uuid.UUID) -> Response:
    """Show the media of the course; posting saves the cover image."""
    form, page = ThumbnailForm(), url_for("studio.course_media", course_id=course_id)
    if request.method == "POST" and (
        response := product_editor.save_picture(course_of(course_id), form, page)
    ):
        return response
    course = course_of(course_id)
    film = recordings.for_creator(course.id, None)
    return hypermedia.render(
        "studio/media.html",
        status=form.status,
        course=course,
        picture_form=form,
        **product_editor.pending_context(course),
        picture=page_drafts.picture(course),
        film=film,
        playback=recordings.for_editor(film),
        code=code_archives.list_archives(course.id),
        unready=recordings.unready(course.id),
    )


@bp.post("/courses/<uuid:course_id>/picture/remove")
def remove_thumbnail(course_id: uuid.UUID) -> Response:
    """Remove the cover image; the generated cover is shown again."""
    page = url_for("studio.course_media", course_id=course_id)
    return product_editor.remove_picture(course_of(course_id), page)


@bp.post("/courses/<uuid:course_id>/code/remove/<which>")
def remove_code(course_id: uuid.UUID, which: str) -> Response:
    """Remove the published code archive, or the one pending approval."""
    course = course_of(course_id)
    if which not in ("offered", "waiting"):
        abort(404)
    code_archives.remove(course, me(), pending=which == "waiting")
    db.session.commit()
    hypermedia.toast("The code is removed.")
    return hypermedia.see_other(url_for("studio.course_media", course_id=course_id))


@bp.get("/courses/<uuid:course_id>/film", defaults={"lesson_id": None})
@bp.get("/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/recording")
def recording(course_id: uuid.UUID, lesson_id: uuid.UUID | None) -> Response:
    """Show the state of a recording; the fragment polls until the worker is done."""
    course, lesson = _place(course_id, lesson_id)
    if not hypermedia.is_swap():
        return hypermedia.see_other(_page(course, lesson))
    return _show(course, lesson)


@bp.post("/courses/<uuid:course_id>/film/retry", defaults={"lesson_id": None})
@bp.post("/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/recording/retry")
def retry_recording(course_id: uuid.UUID, lesson_id: uuid.UUID | None) -> Response:
    """Queue the transcoding of a recording again."""
    course, lesson = _place(course_id, lesson_id)
    asset = recordings.for_creator(course.id, lesson_id) or abort(404)
    recordings.retry(asset)
    db.session.commit()
    return _show(course, lesson) if hypermedia.is_swap() else hypermedia.see_other(_page(course, lesson))


@bp.post("/courses/<uuid:course_id>/film/remove", defaults={"lesson_id": None})
@bp.post("/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/recording/remove")
def remove_recording(course_id: uuid.UUID, lesson_id: uuid.UUID | None) -> Response:
    """Remove a recording; one pending approval goes first."""
    course, lesson = _place(course_id, lesson_id)
    asset = recordings.for_creator(course.id, lesson_id) or abort(404)
    recordings.remove(course, asset, me())
    db.session.commit()
    hypermedia.toast("The recording is removed.")
    return _show(course, lesson) if hypermedia.is_swap() else hypermedia.see_other(_page(course, lesson))


def _place(course_id: uuid.UUID, lesson_id: uuid.UUID | None) -> tuple[Course, Lesson | None]:
    if lesson_id is None:
        return course_of(course_id), None
    return access.lesson_for_creator(me(), course_id, lesson_id)


def _page(course: Course, lesson: Lesson | None) -> str:
    if lesson is None:
        return url_for("studio.course_media", course_id=course.id)
    return url_for("studio.lesson", course_id=course.id, lesson_id=lesson.id)


def _show(course: Course, lesson: Lesson | None) -> Response:
    asset = recordings.for_creator(course.id, lesson.id if lesson else None)
    fragment = "studio/uploads/_recording.html"
    playback = recordings.for_editor(asset)
    return hypermedia.render(fragment, fragment, course=course, lesson=lesson, asset=asset, playback=playback)
