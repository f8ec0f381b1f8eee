"""Bringing in a course as a zip: the page with the upload, and what became of the last ones."""

from werkzeug.wrappers import Response

from blueprints.studio import studio
from blueprints.studio.editing import me
from domain.portable import course_transfers
from web import hypermedia


@studio.get("/courses/import")
def import_course() -> Response:
    """The upload itself is /studio/uploads; the worker reads what came."""
    return hypermedia.render(
        "studio/import.html", "studio/_imports.html", imports=course_transfers.imports_of(me())
    )
