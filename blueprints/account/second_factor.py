"""Routes of the second factor: setting it up, its recovery codes, removing it."""

from flask import Response, abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from blueprints.account import bp
from blueprints.account.forms import CodesForm, SetupCodeForm
from domain.people import rate_limits, second_factor, sessions
from models import db
from web import hypermedia, qr_codes
from web.actions import Attempt
from web.reauthentication import fresh, fresh_page


@bp.post("/account/security/second-factor/begin")
@fresh
def begin_second_factor() -> BaseResponse:
    """Generate a TOTP secret and go to the page that shows it."""
    with Attempt():
        second_factor.begin(current_user)
        return hypermedia.see_other(url_for("account.second_factor_setup"))
    return hypermedia.see_other(url_for("account.security"))


@bp.route("/account/security/second-factor", methods=["GET", "POST"])
@fresh_page
def second_factor_setup() -> BaseResponse:
    """Show the TOTP secret for an authenticator app; its first code turns the second factor on."""
    secret = second_factor.pending_secret(current_user)
    if secret is None:
        return _begin_or_back()
    form = SetupCodeForm()
    if form.validate_on_submit():
        with Attempt(form):
            return _confirm(form)
    address = second_factor.setup_address(current_user, secret)
    return _unkept(
        hypermedia.render(
            "account/second_factor.html",
            status=form.status,
            form=form,
            secret=secret,
            drawing=qr_codes.draw(address),
        )
    )


@bp.post("/account/security/recovery-codes")
@fresh
def renew_recovery_codes() -> BaseResponse:
    """Replace the recovery codes and show the new ones once."""
    with Attempt():
        return _codes(second_factor.renew_codes(current_user))
    return hypermedia.see_other(url_for("account.security"))


@bp.post("/account/security/recovery-codes.txt")
@fresh
def download_recovery_codes() -> BaseResponse:
    """Return, as a text file, the codes that a page has just shown: only their hashes are stored."""
    form = CodesForm()
    codes = (form.codes.data or "").split()
    if not form.validate() or not second_factor.are_codes_of(current_user, codes):
        abort(422)
    response = Response("\n".join(codes) + "\n", mimetype="text/plain")
    response.headers["Content-Disposition"] = "attachment; filename=recovery-codes.txt"
    return _unkept(response)


@bp.post("/account/security/second-factor/remove")
@fresh
def remove_second_factor() -> BaseResponse:
    """Turn the second factor off."""
    with Attempt() as attempt:
        second_factor.remove(current_user, current_user)
        attempt.say("Two-factor authentication is off.")
    return hypermedia.see_other(url_for("account.security"))


def _confirm(form: SetupCodeForm) -> BaseResponse:
    attempt = rate_limits.begin(rate_limits.code_limits(current_user.id, request.remote_addr or ""))
    db.session.commit()
    rate_limits.refuse_excess(attempt)
    codes = second_factor.confirm(current_user, form.code.data or "")
    rate_limits.succeeded(attempt)
    sessions.proved(current_user)
    return _codes(codes)


def _codes(codes: list[str]) -> BaseResponse:
    return _unkept(hypermedia.render("account/recovery_codes.html", codes=codes))


def _begin_or_back() -> BaseResponse:
    if second_factor.is_on(current_user):
        hypermedia.toast("Two-factor authentication is on.", "info")
        return hypermedia.see_other(url_for("account.security"))
    return hypermedia.render("account/second_factor.html", secret=None)


def _unkept(response: Response) -> Response:
    """Forbid caching (no-store) and compressing (no-transform) a response with secrets."""
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response
