"""Second factor of signing in: a code, after the password or the provider."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.auth import bp
from blueprints.auth.forms import CodeForm
from blueprints.auth.sessions import half_signed_in, sign_in
from domain.people import second_factor
from web import hypermedia, reauthentication
from web.actions import Attempt
from web.next_url import wanted


@bp.route("/login/code", methods=["GET", "POST"])
def second_step() -> Response:
    """Ask for a TOTP or recovery code; only in this browser, and only for ten minutes."""
    half = half_signed_in()
    if half is None:
        return _start_again()
    form, password_hash = CodeForm(), half.user.password_hash
    if form.validate_on_submit():
        with Attempt(form):
            reauthentication.prove_code(half.user, form.code.data or "")
            if half.user.password_hash != password_hash:
                return _start_again()  # it was changed meanwhile
            sign_in(half.user, half.remember)
            return hypermedia.see_other(half.page)
    recent = second_factor.is_recent(half.user)
    return hypermedia.render("auth/second_step.html", status=form.status, form=form, recent=recent)


def _start_again() -> Response:
    if current_user.is_authenticated:
        return hypermedia.see_other(wanted())
    if request.method == "POST":
        hypermedia.toast(
            "Please sign in again. That took too long, or your account was used elsewhere in the meantime.",
            "info",
        )
    return hypermedia.see_other(url_for("auth.login"))
