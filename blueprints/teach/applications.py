"""Routes of creator applications."""

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.teach import bp
from blueprints.teach.forms import ApplicationForm
from domain.base import money
from domain.coupons import amounts
from domain.people import creator_applications
from domain.platform import settings
from models import ApplicationStatus, CreatorApplication
from web import guards, hypermedia
from web.actions import Attempt

EXAMPLE = 2000  # see money.nominal


@bp.get("/teach")
def apply() -> Response:
    """Show the terms to anyone; to learners the form, or the state of their application."""
    if not current_user.is_authenticated:
        return _page(None, None)
    if current_user.is_creator:
        return hypermedia.see_other(url_for("studio.overview"))
    before = creator_applications.latest(current_user)
    return _page(ApplicationForm(obj=before), before)


@bp.post("/teach")
def send() -> Response:
    """Submit the application."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    if current_user.is_creator or current_user.is_admin:
        return hypermedia.see_other(url_for("studio.overview"))
    form = ApplicationForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            creator_applications.apply(current_user, _wish(form))
            attempt.say("Application sent.")
            return hypermedia.see_other(url_for("teach.apply"))
    return _page(form, creator_applications.latest(current_user))


def _wish(form: ApplicationForm) -> creator_applications.ApplicationInput:
    return creator_applications.ApplicationInput(
        headline=form.headline.data or "",
        expertise=form.expertise.data or [],
        links=form.links.data or [],
        sample=form.sample.data or "",
    )


def _page(form: ApplicationForm | None, application: CreatorApplication | None) -> Response:
    example = money.nominal(EXAMPLE, settings.current().currency)
    waits = application is not None and application.status == ApplicationStatus.PENDING
    return hypermedia.render(
        "teach/index.html",
        status=form.status if form is not None else 200,
        form=form,
        application=application,
        waits=waits,
        example_cents=example,
        example_share_cents=example - amounts.fee(example, 0, settings.current().platform_fee_percent, None),
    )
