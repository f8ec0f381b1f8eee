"""Routes of the password, the signed-in devices and the linked identities (OAuth)."""

import time
import uuid

from flask import abort, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.account import bp
from blueprints.account.forms import CurrentPasswordForm, PasswordForm
from blueprints.account.password_check import prove
from domain.people import (
    accounts,
    linked_identities,
    password_reset,
    rate_limits,
    second_factor,
    sessions,
)
from domain.people.devices import describe
from models import db
from web import hypermedia
from web.actions import Attempt
from web.reauthentication import fresh


@bp.route("/account/security", methods=["GET", "POST"])
def security() -> Response:
    """Change the password; list the devices, each of which can be signed out."""
    form = PasswordForm()
    if form.validate_on_submit():
        with Attempt(form):
            return _change_password(form)
    return _page(form, form.status)


def _page(form: PasswordForm, status: int = 200) -> Response:
    token = current_user.session_token
    devices = [
        {"row": row, "name": describe(row.user_agent), "here": sessions.is_this_device(row, token)}
        for row in sessions.devices_of(current_user)
    ]
    linked = linked_identities.list_identities(current_user)
    return hypermedia.render(
        "account/security.html", status=status, form=form, devices=devices, linked=linked,
        name_of=linked_identities.name_of, linkable=_linkable({row.provider for row in linked}),
        factor=second_factor.state_of(current_user),
    )  # fmt: skip


@bp.route("/account/security/identities/<uuid:identity_id>/remove", methods=["GET", "POST"])
@fresh
def remove_identity(identity_id: uuid.UUID) -> Response:
    """Unlink one of the reader's own OAuth identities after proof of the password.

    One that is removed already, or anybody else's, is answered with the page and 404.
    """
    row = next(
        (row for row in linked_identities.list_identities(current_user) if row.id == identity_id), None
    )
    if row is None:
        hypermedia.toast("That account isn’t linked any more. These are.", "info")
        return _page(PasswordForm(formdata=None), 404)
    name, form = linked_identities.name_of(row), CurrentPasswordForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            prove(form.current.data or "")
            linked_identities.unlink(current_user, identity_id)
            attempt.say(f"{name} is removed, and every other device is signed out.")
            return hypermedia.see_other(url_for("account.security"))
    return hypermedia.render("account/identity.html", status=form.status, form=form, name=name, removes=True)


@bp.route("/account/security/link/<provider>", methods=["GET", "POST"])
@fresh
def link_identity(provider: str) -> Response:
    """Start linking an OAuth identity: prove the password, then go to the provider."""
    name, form = linked_identities.available().get(provider) or abort(404), CurrentPasswordForm()
    if form.validate_on_submit():
        with Attempt(form):
            prove(form.current.data or "")
            session["linking"] = {"user": current_user.id.hex, "at": int(time.time())}
            here = url_for("account.security")
            return hypermedia.see_other(url_for("auth.start_oauth", provider=provider, next=here))
    return hypermedia.render("account/identity.html", status=form.status, form=form, name=name, removes=False)


@bp.post("/account/security/devices/<uuid:device_id>/sign-out")
def sign_out_device(device_id: uuid.UUID) -> Response:
    """Sign out one of the reader's own devices."""
    sessions.end_one(current_user, device_id)
    db.session.commit()
    hypermedia.toast("That device is signed out.")
    return hypermedia.see_other(url_for("account.security"))


@bp.post("/account/security/devices/sign-out-others")
def sign_out_others() -> Response:
    """Sign out every device but this one."""
    sessions.end_all(current_user, except_token=current_user.session_token)
    db.session.commit()
    hypermedia.toast("Every other device is signed out.")
    return hypermedia.see_other(url_for("account.security"))


@bp.post("/account/security/password-link")
def send_password_link() -> Response:
    """Mail a link to set a password, for an account that was created through GitHub or Google."""
    attempt = rate_limits.begin(rate_limits.mail_limits(request.remote_addr or ""))
    db.session.commit()
    rate_limits.refuse_excess(attempt)
    password_reset.request_reset(current_user.email)
    db.session.commit()
    hypermedia.toast("The link is on its way. It can take a minute.", "info")
    return hypermedia.see_other(url_for("account.security"))


def _change_password(form: PasswordForm) -> Response:
    known = accounts.known_of(current_user.email, current_user.name)
    prove(form.current.data or "")
    db.session.commit()
    password_hash = accounts.hash_password(form.password.data or "", *known)
    password_reset.change(current_user, password_hash)
    hypermedia.toast("Password changed. Every other device is signed out.")
    return hypermedia.see_other(url_for("account.security"))


def _linkable(linked: set[str]) -> dict[str, str]:
    """List the providers that aren't linked yet: key to name."""
    return {key: name for key, name in linked_identities.available().items() if key not in linked}
