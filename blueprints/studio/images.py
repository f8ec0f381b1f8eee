"""Route to upload an image for the text of a lesson or description."""

import uuid

from flask import jsonify, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.upload_forms import PictureForm
from domain.learning import access
from domain.platform import images
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.post("/courses/<uuid:course_id>/pictures")
def add_picture(course_id: uuid.UUID) -> Response:
    """Store an image; answers its address and the Markdown to embed it."""
    person = me()
    course, lesson, form = access.course_for_creator(person, course_id), None, PictureForm()
    back = url_for("studio.details", course_id=course_id)
    if isinstance(form.lesson.data, uuid.UUID):
        _, lesson = access.lesson_for_creator(person, course_id, form.lesson.data)
        back = url_for("studio.lesson", course_id=course_id, lesson_id=lesson.id)
    if not form.validate_on_submit():
        return _no(next(iter(form.errors.values()))[0], back)
    with Attempt(silent=True) as attempt:
        picture = images.add(course, lesson, form.picture.data.stream)
    if attempt.refusal is not None:
        return _no(attempt.sentence, back)
    address = url_for("media.picture", picture_id=picture.id)
    if not _wants_json():
        hypermedia.toast(f"Image uploaded. Add ![description]({address}) where you want it.")
        return hypermedia.see_other(back)
    answer = jsonify(
        url=address, width=picture.width, height=picture.height, markdown=f"![]({address})", id=picture.id
    )
    answer.status_code = 201
    return answer


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _no(sentence: str, back: str) -> Response:
    if not _wants_json():
        return hypermedia.render("studio/uploads/refused.html", status=422, sentence=sentence, back=back)
    answer = jsonify(error=sentence)
    answer.status_code = 422
    return answer
