"""Routes of upload sessions: resumable, in chunks sent by the browser, or whole by a plain form."""

import base64
import re
import uuid
from datetime import timedelta
from typing import Any, BinaryIO, cast

from flask import abort, jsonify, request, url_for
from werkzeug.wrappers import Response

import storage
from blueprints.studio import bp
from blueprints.studio.upload_forms import UploadForm, UploadTargetForm
from domain import Refused
from domain.catalog import lifecycle
from domain.learning import access
from domain.media import upload_rules, upload_sessions
from models import Course, Lesson, Upload, UploadPurpose, UploadState, db
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me

BUSY = "Another archive is being checked."
# A plain form can't ask again without sending its file again; checking an archive takes 15 s at most.
PATIENCE = timedelta(seconds=20)
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


@bp.get("/uploads")
def unfinished() -> Response:
    """List the upload sessions of one place that can be resumed."""
    form = UploadTargetForm(request.args, meta={"csrf": False})
    if not form.validate():
        abort(404)
    purpose = UploadPurpose(form.purpose.data or "")
    course, lesson = _place(form.course.data, form.lesson.data)
    found = upload_sessions.open_ones(
        me(), purpose, course.id if course else None, lesson.id if lesson else None
    )
    return jsonify([_state(upload) for upload in found])


@bp.post("/uploads")
def begin() -> Response:
    """Begin an upload session, or take a whole file that comes with the form."""
    form = UploadForm()
    if not form.validate_on_submit():
        return _no(next(iter(form.errors.values()), ["Send the form again."])[0])
    course, lesson = _place(form.course.data, form.lesson.data)
    file = form.file.data
    whole = bool(file and file.filename)
    name, size = (file.filename, _size(file.stream)) if whole else (form.filename.data, form.bytes)
    if not name:
        return _no("Choose a file.", course, lesson)
    purpose = UploadPurpose(form.purpose.data or "")
    with Attempt(silent=True) as attempt:
        upload = upload_sessions.begin(me(), purpose, course, lesson, name, size, form.sha256.data)
    if attempt.refusal is not None:
        return _no(attempt.sentence, *_place(form.course.data, form.lesson.data))
    if not whole:
        return _json(_state(upload), 201)
    upload_id, plan = upload.id, upload_sessions.plan(upload)
    db.session.rollback()
    _store_whole(plan, file.stream)
    return finish(upload_id)


@bp.get("/uploads/<uuid:upload_id>")
def state(upload_id: uuid.UUID) -> Response:
    """Return the offset of an upload session, to resume from."""
    upload = upload_sessions.find(me(), upload_id)
    answer = _json(_state(upload))
    answer.headers["Upload-Offset"] = str(upload_sessions.received(upload))
    return answer


@bp.put("/uploads/<uuid:upload_id>")
def chunk(upload_id: uuid.UUID) -> Response:
    """Receive the bytes from `offset` on; a chunk that was received already is accepted again.

    No transaction is open while the bytes arrive: that may take minutes.
    """
    request.max_content_length = upload_rules.MOST_CHUNK
    length, offset = request.content_length or 0, request.args.get("offset", "")
    if not 0 < length <= upload_rules.MOST_CHUNK or not re.fullmatch("[0-9]{1,18}", offset):
        abort(413 if length > upload_rules.MOST_CHUNK else 400)
    upload = upload_sessions.find(me(), upload_id)
    try:
        plan, quiet = upload_sessions.plan(upload), upload_sessions.is_stale(upload)
        db.session.rollback()
        received = upload_sessions.receive(
            plan, int(offset), cast(BinaryIO, request.stream), length, _digest()
        )
    except Refused as refusal:
        return _json({"error": refusal.sentence}, 410)
    except storage.WrongOffsetError as wrong:
        return _json({"received": wrong.received}, 409)
    except storage.BusyError:
        return _json({"error": "The last piece is still on its way."}, 423)
    except storage.ChecksumError:
        return _json({"error": "This piece arrived damaged."}, 422)
    if quiet:
        upload_sessions.touch(upload_id, received)
        db.session.commit()
    return _json({"received": received})


@bp.post("/uploads/<uuid:upload_id>/parts/<int:part_number>")
def part(upload_id: uuid.UUID, part_number: int) -> Response:
    """Sign the address to which the browser PUTs a part directly (S3 multipart); parts count from 1."""
    upload = upload_sessions.find(me(), upload_id)
    with Attempt(silent=True) as attempt:
        address = upload_sessions.part_address(upload_sessions.plan(upload), part_number)
        if upload_sessions.is_stale(upload):
            upload_sessions.touch(upload.id, 0)
    if attempt.refusal is not None:
        return _json({"error": attempt.sentence}, 410)
    return _json({"url": address})


@bp.post("/uploads/<uuid:upload_id>/finish")
def finish(upload_id: uuid.UUID) -> Response:
    """Complete an upload session and process its file by purpose. Idempotent."""
    upload = upload_sessions.find(me(), upload_id)
    if upload.state == UploadState.DONE:
        return _yes(upload)
    place = upload.course_id, upload.lesson_id
    try:
        with Attempt(silent=True) as attempt:
            plan = upload_sessions.plan(upload)
            db.session.rollback()  # no transaction is open while the file is assembled and checked
            file = upload_sessions.assemble(plan, timedelta() if _wants_json() else PATIENCE)
            course, lesson = _held(*place)
            upload = upload_sessions.find(me(), upload_id, to_end=True)
            upload_sessions.finish(upload, me(), course, lesson, file)
    except storage.WrongOffsetError as wrong:
        return _json({"received": wrong.received}, 409)
    except storage.BusyError:
        return _later(upload_id)
    return _yes(upload) if attempt.refusal is None else _give_up(upload_id, attempt.sentence)


@bp.post("/uploads/<uuid:upload_id>/cancel")
def cancel(upload_id: uuid.UUID) -> Response:
    """Cancel an upload session."""
    upload = upload_sessions.find(me(), upload_id, to_end=True)
    upload_sessions.cancel(upload)
    db.session.commit()
    return _json({"state": upload.state.value}) if _wants_json() else hypermedia.see_other(_home(upload))


def _place(course_id: Any, lesson_id: Any) -> tuple[Course | None, Lesson | None]:
    """Load the course and lesson to edit; NotFound for somebody else's."""
    if course_id is None:
        return None, None
    if lesson_id is None:
        return access.course_for_creator(me(), course_id), None
    return access.lesson_for_creator(me(), course_id, lesson_id)


def _held(course_id: Any, lesson_id: Any) -> tuple[Course | None, Lesson | None]:
    """Load them locked until the transaction ends. Lock order: the course before its uploads."""
    course, _ = _place(course_id, None)
    if course is not None:
        lifecycle.lock_course(course)
    return _place(course_id, lesson_id)


def _store_whole(plan: upload_sessions.UploadPlan, file: BinaryIO) -> None:
    """Store a file that came with the form, without chunks."""
    file.seek(0)
    storage.current().put(plan.incoming.key, file, "application/octet-stream")
    storage.current().abandon(plan.incoming)


def _later(upload_id: uuid.UUID) -> Response:
    """Another archive is being checked: a script asks again, a plain form has to be sent again."""
    if _wants_json():
        return _json({"error": BUSY}, 503)
    return _give_up(upload_id, f"{BUSY} Send yours again in a moment.")


def _give_up(upload_id: uuid.UUID, sentence: str) -> Response:
    """Cancel the session of a file that failed its checks, and delete its bytes."""
    upload = upload_sessions.find(me(), upload_id, to_end=True)
    upload_sessions.cancel(upload)
    db.session.commit()
    return _no(sentence, *_place(upload.course_id, upload.lesson_id))


def _digest() -> str | None:
    """Parse the chunk's SHA-256 from Content-Digest (RFC 9530) into hexadecimal."""
    found = DIGEST.fullmatch(request.headers.get("Content-Digest", ""))
    return base64.b64decode(found[1]).hex() if found else None


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _state(upload: Upload) -> dict[str, Any]:
    coming = storage.PartialUpload(upload.id.hex, "", upload.size)
    return {
        "id": str(upload.id),
        "address": url_for("studio.state", upload_id=upload.id),
        "filename": upload.filename,
        "size": upload.size,
        "received": upload_sessions.received(upload),
        "state": upload.state.value,
        "chunk": coming.part_size,
        "direct": upload.remote_id is not None,
    }


def _home(upload: Upload) -> str:
    return _page(upload.course_id, upload.lesson_id)


def _page(course_id: uuid.UUID | None, lesson_id: uuid.UUID | None) -> str:
    """Build the address of the page that shows files of this place."""
    if course_id is None:
        return url_for("studio.import_course")
    if lesson_id is None:
        return url_for("studio.course_media", course_id=course_id)
    return url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _json(data: object, status: int = 200) -> Response:
    answer = jsonify(data)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _yes(upload: Upload) -> Response:
    if _wants_json():
        return _json({**_state(upload), "page": _home(upload)})
    hypermedia.toast(f"{upload.filename} is uploaded.")
    return hypermedia.see_other(_home(upload))


def _no(sentence: str, course: Course | None = None, lesson: Lesson | None = None) -> Response:
    """Explain a refusal: to a script as JSON (422), to a plain form on a page that leads back."""
    if _wants_json():
        return _json({"error": sentence}, 422)
    back = _page(course.id if course else None, lesson.id if lesson else None)
    return hypermedia.render("studio/uploads/refused.html", status=422, sentence=sentence, back=back)
