"""Route of a course's access rules: visibility, lesson order and drip."""

import uuid

from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import opened, show
from blueprints.studio.course_forms import AccessForm, days_of, entry_form
from blueprints.studio.product_editor import save
from domain.authoring import course_details
from domain.authoring.course_details import AccessRules
from models import Module, ProductVisibility
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/access", methods=["GET", "POST"])
def access(course_id: uuid.UUID) -> Response:
    """Edit visibility, sequential order, and the drip of each module in days."""
    course = opened(course_id)
    modules = course_details.modules_of(course)
    form = entry_form(modules)(data=_shown(course_details.access_rules_of(course)))
    saved = save(form, lambda: course_details.set_access_rules(course, me(), _typed(form, modules)))
    return saved or show(
        "studio/course/access.html", form, course_id, days=[form[days_of(module.id)] for module in modules]
    )


def _shown(stored: AccessRules) -> dict[str, object]:
    days = {days_of(module_id): days for module_id, days in stored.drip.items()}
    return {"visibility": stored.visibility.value, "sequential": stored.sequential, **days}


def _typed(form: AccessForm, modules: list[Module]) -> AccessRules:
    return AccessRules(
        ProductVisibility(form.visibility.data),
        form.sequential.data,
        {module.id: form[days_of(module.id)].data for module in modules},
    )
