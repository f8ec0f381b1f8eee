"""Route of a course's code archive."""

from flask import Response, abort

import storage
from blueprints.media import bp
from domain.learning import access
from domain.media import code_archives
from models import db, write_from_here
from web import hypermedia, signed_in


@bp.get("/courses/<slug>/code")
def code(slug: str) -> Response:
    """Send the archive after verifying its checksum; a damaged one is never sent, but reported."""
    reader = signed_in.reader()
    course, decision = access.course_for_learner(reader, slug)
    if not decision.allowed:
        abort(403)
    archive = code_archives.offered(course.id) or abort(404)
    try:
        code_archives.verify(archive)
    except code_archives.DamagedArchiveError:
        archive_id = archive.id
        write_from_here()
        code_archives.report_damage(archive_id)
        db.session.commit()
        return hypermedia.render("learn/code_damaged.html", status=500)
    name = f"{course.slug}-code.{archive.format.value}"
    return storage.send(archive.storage_key, "application/octet-stream", download_name=name)
