"""What search engines and shared links say of a course."""

import uuid

from werkzeug.wrappers import Response

from blueprints.studio import studio
from blueprints.studio.course_forms import SharingForm
from blueprints.studio.editing import course_of, me, save, show
from blueprints.studio.editing import saved as said
from domain import authoring
from domain.authoring import Sharing


@studio.route("/courses/<uuid:course_id>/sharing", methods=["GET", "POST"])
def sharing(course_id: uuid.UUID) -> Response:
    """Title and description for elsewhere, with how they will look there."""
    course = course_of(course_id)
    form = SharingForm(data=vars(authoring.sharing_of(course)))
    seen = form.seen.data or ""
    saved = save(form, lambda: authoring.share(course, me(), _typed(form), seen), lambda: said(course))
    return saved or show("studio/course/sharing.html", form, course_id, authoring.sharing_of, vars)


def _typed(form: SharingForm) -> Sharing:
    return Sharing(form.meta_title.data or "", form.meta_description.data or "")
