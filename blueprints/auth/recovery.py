"""A forgotten password, and a new address: what is done with links sent by mail."""

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

import hypermedia
from blueprints.auth import auth
from blueprints.auth.forms import ConfirmForm, ForgotForm, ResetForm
from blueprints.auth.presence import let_in
from blueprints.auth.registering import unusable
from domain import Refused, accounts, attempts, email_change, recovery, tokens
from models import db


@auth.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> Response:
    """Ask for a reset link; the answer is the same for every address."""
    form = ForgotForm()
    if form.validate_on_submit():
        attempt = attempts.begin(attempts.mail_limits(request.remote_addr or ""))
        db.session.commit()
        attempts.refuse_excess(attempt)
        try:
            recovery.ask(form.email.data or "")
            db.session.commit()
            return hypermedia.render("auth/forgot_sent.html", email=form.email.data)
        except Refused as refusal:
            form.refuse(refusal)
    return hypermedia.render("auth/forgot.html", status=form.status, form=form)


@auth.route("/reset-password/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> Response:
    """Choose a new password by the link from the mail."""
    form = ResetForm()
    try:
        user, _ = tokens.opened_by(tokens.Purpose.RESET, token)
        email = user.email
        if form.validate_on_submit():
            db.session.rollback()
            return _reset(token, accounts.hash_password(form.password.data or ""))
    except tokens.Unusable as refusal:
        return unusable(refusal, "reset")
    except Refused as refusal:
        form.refuse(refusal)
    return hypermedia.render("auth/reset.html", status=form.status, form=form, email=email)


@auth.get("/confirm-email/<token>")
def confirm_email(token: str) -> Response:
    """A button that moves the account to its new address."""
    try:
        address = email_change.wanted(token)
    except tokens.Unusable as refusal:
        return unusable(refusal, "email")
    return hypermedia.render("auth/confirm_email.html", form=ConfirmForm(), email=address)


@auth.post("/confirm-email/<token>")
def move_account(token: str) -> Response:
    """Give the account its new address; whoever is signed in stays so."""
    if not ConfirmForm().validate():
        abort(400)
    try:
        user = email_change.confirm(token)
    except Refused as refusal:
        return unusable(refusal, "email")
    address = user.email
    db.session.commit()
    hypermedia.toast(f"Your address is now {address}.")
    page = "account.email" if current_user.is_authenticated else "auth.login"
    return hypermedia.see_other(url_for(page))


def _reset(token: str, password_hash: str) -> Response:
    user = recovery.reset(token, password_hash)
    page = let_in(user, remember=False)
    db.session.commit()
    hypermedia.toast("Your password is changed, and you are signed out everywhere else.")
    return hypermedia.see_other(page)
