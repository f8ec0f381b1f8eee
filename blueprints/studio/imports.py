"""Route of the course import: the upload form, and the state of recent imports."""

from werkzeug.wrappers import Response

from blueprints.studio import bp
from domain.portable import course_transfers, target_course
from web import hypermedia
from web.signed_in import me


@bp.get("/courses/import")
def import_course() -> Response:
    """Show the import page. The upload itself goes to /studio/uploads; the worker reads the zip."""
    return hypermedia.render(
        "studio/import.html",
        "studio/_imports.html",
        imports=course_transfers.imports_of(me()),
        category=target_course.example_category(),
    )
