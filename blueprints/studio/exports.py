"""Routes of the course export: a zip, streamed at once if small, built by the worker if large."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

import storage
from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from domain.portable import course_transfers, exporting, folder_writer
from models import db
from web import hypermedia
from web.csv_downloads import attached
from web.reauthentication import fresh, fresh_page
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/export", methods=["GET", "POST"])
@fresh
def export_course(course_id: uuid.UUID) -> Response:
    """Show what the zip contains and how to get it; posting queues a large export."""
    course = course_of(course_id)
    if request.method == "POST":
        course_transfers.start_export(me(), course)
        db.session.commit()
        if not hypermedia.is_swap():
            return hypermedia.see_other(url_for("studio.export_course", course_id=course_id))
        course = course_of(course_id)
    weight = course_transfers.weight(course)
    return hypermedia.render(
        "studio/export.html",
        "studio/_export.html",
        course=course,
        weight=weight,
        at_once=weight <= course_transfers.AT_ONCE,
        packed=course_transfers.newest_export(me(), course),
    )


@bp.get("/courses/<uuid:course_id>/export.zip")
@fresh_page
def export_at_once(course_id: uuid.UUID) -> Response:
    """Stream the zip of a small course; a large one has to be queued."""
    course = course_of(course_id)
    if course_transfers.weight(course) > course_transfers.AT_ONCE:
        return hypermedia.see_other(url_for("studio.export_course", course_id=course_id))
    slug, entries = course.slug, exporting.entries(course)
    db.session.rollback()  # hold no transaction while the files are streamed
    return attached(f"{slug}.zip", "application/zip", folder_writer.to_zip(entries, slug))


@bp.get("/courses/<uuid:course_id>/exports/<uuid:transfer_id>.zip")
@fresh_page
def packed_export(course_id: uuid.UUID, transfer_id: uuid.UUID) -> Response:
    """Download a zip that the worker has built."""
    packed = course_transfers.export_to_fetch(me(), course_of(course_id), transfer_id)
    return storage.send(packed.storage_key, "application/zip", download_name=packed.filename)
