"""Routes of media files. The signed token stands for an access decision; here only the token is verified."""

import time
import uuid
from datetime import datetime

from flask import Response, abort, request

import storage
from blueprints.media import bp
from domain.media import recordings, served_files


@bp.get("/media/<token>/<uuid:asset_id>/captions/<language>.vtt")
def captions(token: str, asset_id: uuid.UUID, language: str) -> Response:
    """Serve the captions of one language as WebVTT."""
    expires_at = _expiry(token, served_files.folder(asset_id))
    return _text(recordings.caption_text(asset_id, language), expires_at)


@bp.get("/media/<token>/<uuid:asset_id>/chapters.vtt")
def chapters(token: str, asset_id: uuid.UUID) -> Response:
    """Serve the chapters as WebVTT."""
    expires_at = _expiry(token, served_files.folder(asset_id))
    return _text(recordings.chapters_text(asset_id), expires_at)


@bp.get("/media/<token>/<uuid:asset_id>/proposed/captions/<language>.vtt")
def proposed_captions(token: str, asset_id: uuid.UUID, language: str) -> Response:
    """Serve captions that are pending approval; the tokens of learners don't match this path."""
    expires_at = _expiry(token, served_files.proposals(asset_id))
    return _text(recordings.caption_text(asset_id, language, proposed=True), expires_at)


@bp.get("/media/<token>/<uuid:asset_id>/proposed/chapters.vtt")
def proposed_chapters(token: str, asset_id: uuid.UUID) -> Response:
    """Serve chapters that are pending approval; the tokens of learners don't match this path."""
    expires_at = _expiry(token, served_files.proposals(asset_id))
    return _text(recordings.chapters_text(asset_id, proposed=True), expires_at)


@bp.get("/media/<token>/<uuid:asset_id>/<path:name>")
def file(token: str, asset_id: uuid.UUID, name: str) -> Response:
    """Serve a playlist, segment, film or poster: with ranges, cached as long as the token is valid.

    Other files in the folder are never served, whatever the token.
    """
    expires_at = _expiry(token, served_files.folder(asset_id))
    if not served_files.is_served(name):
        abort(404)
    key = f"{served_files.folder(asset_id)}{name}"
    return storage.send(key, served_files.content_type(name), expires_at=expires_at)


def _expiry(token: str, folder: str) -> datetime:
    """Verify the token and return its expiry; 403 for a forged or expired one."""
    return storage.verify(token, folder) or abort(403)


def _text(vtt: str | None, expires_at: datetime) -> Response:
    """Answer with a WebVTT file, kept as long as its address if that names its version (`v`)."""
    if vtt is None:
        abort(404)
    response = Response(vtt, content_type="text/vtt; charset=utf-8")
    seconds = max(0, int(expires_at.timestamp() - time.time()))
    response.headers["Cache-Control"] = (
        f"private, max-age={seconds}" if "v" in request.args else "private, no-cache"
    )
    response.set_etag(served_files.version(vtt), weak=True)
    response.make_conditional(request)
    return response
