"""Routes of images: public ones under permanent addresses, those of texts with an access check."""

import uuid
from datetime import timedelta

from flask import Response, abort

import storage
from blueprints.media import bp
from domain.base import clock
from domain.learning import access
from domain.platform import images
from web import signed_in

KEPT_FOR = timedelta(minutes=10)


@bp.get("/images/<shelf>/<token>/<name>")
def image(shelf: str, token: str, name: str) -> Response:
    """Serve a cover, an avatar or the logo in one of its sizes."""
    key = images.key_of(shelf, token, name) or abort(404)
    return storage.publish(key, images.content_type(name))


@bp.get("/pictures/<uuid:picture_id>")
def picture(picture_id: uuid.UUID) -> Response:
    """Serve an image of a lesson or a course description; access is checked again every few minutes."""
    found, course, lesson, shown = images.find(picture_id) or abort(404)
    reader = signed_in.reader()
    decision = access.decide(reader, course, lesson)
    facts = decision.facts
    described = lesson is None and facts is not None and not facts.hidden
    if not (decision.allowed or described):
        abort(404 if decision.reason == access.DenialReason.DRAFT else 403)
    if not (shown or (facts is not None and facts.trusted)):
        abort(404)  # pending approval, with the text that refers to it
    return storage.send(found.storage_key, found.content_type, expires_at=clock.now() + KEPT_FOR)
