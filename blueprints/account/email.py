"""Route of the email change."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.account import bp
from blueprints.account.forms import EmailForm
from blueprints.account.password_check import prove
from domain.people import email_change, rate_limits
from web import hypermedia
from web.actions import Attempt
from web.reauthentication import fresh


@bp.route("/account/email", methods=["GET", "POST"])
@fresh
def email() -> Response:
    """Ask for a change of address; it takes effect once the link mailed to the new one is opened."""
    form = EmailForm()
    if form.validate_on_submit():
        with Attempt(form):
            return _ask(form)
    return hypermedia.render("account/email.html", status=form.status, form=form)


def _ask(form: EmailForm) -> Response:
    attempt = rate_limits.begin(rate_limits.mail_limits(request.remote_addr or ""))
    prove(form.current.data or "")
    rate_limits.refuse_excess(attempt)
    email_change.request_change(current_user, form.email.data or "")
    hypermedia.toast(f"We’ve sent a link to {form.email.data}. Open it to finish.", "info")
    return hypermedia.see_other(url_for("account.email"))
