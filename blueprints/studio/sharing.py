"""Route of a course's meta title and description."""

import uuid

from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import opened, show
from blueprints.studio.course_forms import SharingForm
from blueprints.studio.product_editor import save, saved
from domain.authoring import course_details
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/sharing", methods=["GET", "POST"])
def sharing(course_id: uuid.UUID) -> Response:
    """Edit title and description for search engines and link previews, with a preview."""
    course = opened(course_id)
    form = SharingForm(data=vars(course_details.sharing_of(course)))
    response = save(
        form, lambda: course_details.set_sharing(course, me(), form.texts()), lambda: saved(course)
    )
    return response or show("studio/course/sharing.html", form, course_id)
