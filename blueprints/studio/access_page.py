"""Who may come in, in which order, and after how many days."""

import uuid

from werkzeug.wrappers import Response

from blueprints.studio import studio
from blueprints.studio.course_forms import EntryForm, days_of, entry_form
from blueprints.studio.editing import course_of, me, save, show
from domain import authoring
from domain.authoring import Entry
from models import Module, ProductVisibility


@studio.route("/courses/<uuid:course_id>/access", methods=["GET", "POST"])
def access(course_id: uuid.UUID) -> Response:
    """Visibility, order, and the days that modules wait."""
    course = course_of(course_id)
    modules = authoring.modules_of(course)
    shown = {days_of(module): module.unlock_after_days for module in modules}
    form = entry_form(modules)(
        data={"visibility": course.visibility.value, "sequential": course.sequential, **shown}
    )
    seen = form.seen.data or ""
    saved = save(form, lambda: authoring.let_in(course, me(), _typed(form, modules), seen))
    return saved or show(
        "studio/course/access.html", form, course_id, authoring.entry_of, days=[form[name] for name in shown]
    )


def _typed(form: EntryForm, modules: list[Module]) -> Entry:
    return Entry(
        ProductVisibility(form.visibility.data),
        form.sequential.data,
        {module.id: form[days_of(module)].data for module in modules},
    )
