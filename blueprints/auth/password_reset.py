"""Password reset, confirmation of a new address, and "this wasn't me": links sent by mail."""

import uuid

from flask import request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from blueprints.auth import bp
from blueprints.auth.forms import ForgotForm, ProofForm, ResetForm
from blueprints.auth.password_check import proves
from blueprints.auth.registration import unusable
from blueprints.auth.sessions import let_in, sign_out
from domain import InvalidToken, Refused
from domain.people import (
    accounts,
    email_change,
    linked_identities,
    mail_tokens,
    password_reset,
    rate_limits,
    second_factor,
)
from domain.platform import held_posts
from models import OAuthAccount, User, db
from web import csrf, hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.template_filters import ago

OTHER_PASSWORD = Refused("That isn’t the password for the account that asked for this.", "password")


@bp.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> Response:
    """Mail a reset link; the answer is the same for every address, so that it reveals no account."""
    form = ForgotForm()
    if form.validate_on_submit():
        attempt = rate_limits.begin(rate_limits.mail_limits(request.remote_addr or ""))
        db.session.commit()
        rate_limits.refuse_excess(attempt)
        with Attempt(form):
            password_reset.request_reset(form.email.data or "")
            return hypermedia.render("auth/forgot_sent.html", email=form.email.data)
    return hypermedia.render("auth/forgot.html", status=form.status, form=form)


@bp.route("/reset-password/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> Response:
    """Set a new password through the mailed link."""
    form = ResetForm()
    with Attempt(form) as attempt:
        user, _ = mail_tokens.opened_by(mail_tokens.Purpose.RESET, token)
        email, known = user.email, accounts.known_of(user.email, user.name)
        _offer_identities(form, user)
        if form.validate_on_submit():
            db.session.rollback()  # no transaction is open while the password is hashed
            page = _reset(form, token, accounts.hash_password(form.password.data or "", *known))
            attempt.say("Password changed. You’re signed out everywhere else.")
            return hypermedia.see_other(page)
    if isinstance(attempt.refusal, InvalidToken):
        return unusable(attempt.refusal, "reset")
    return hypermedia.render("auth/reset.html", status=form.status, form=form, email=email)


@bp.get("/confirm-email/<token>")
def confirm_email(token: str) -> Response:
    """Show the button that moves the account to its new address."""
    try:
        user, address = email_change.opened_by(token)
    except InvalidToken as refusal:
        return unusable(refusal, "email")
    return _show_change(user, address, ProofForm())


@bp.post("/confirm-email/<token>")
def move_account(token: str) -> Response:
    """Change the address, for the person signed in to the account or with proof of its password."""
    with Attempt(silent=True) as attempt:
        user, address = email_change.opened_by(token)
        if not _is_me(user):
            form = ProofForm()
            if not proves(form, user.email, OTHER_PASSWORD):
                return _show_change(*email_change.opened_by(token), form)
        email_change.confirm(token)
        attempt.say(f"Your address is now {address}.")
    if attempt.refusal is not None:
        return unusable(attempt.refusal, "email")
    page = "account.email" if current_user.is_authenticated else "auth.login"
    return hypermedia.see_other(url_for(page))


@bp.route("/not-me/<token>", methods=["GET", "POST"])
def not_me(token: str) -> Response:
    """Lock every way into an account whose owner reports by the mailed link that a change wasn't theirs."""
    form, locked = ButtonForm(), ""
    with Attempt(silent=True) as attempt:
        user, left = password_reset.not_me(token)
        if form.validate_on_submit():
            locked = _shut(token)
    if attempt.refusal is not None:
        return unusable(attempt.refusal, "not-me" if isinstance(attempt.refusal, InvalidToken) else "taken")
    if locked:
        return hypermedia.render("auth/not_me.html", email=locked, done=True)
    return hypermedia.render(
        "auth/not_me.html", status=form.status, form=form, email=left or user.email, linked=_names(user),
        recent_factor=second_factor.is_recent(user), back=left if left != user.email else "", done=False,
    )  # fmt: skip


def _offer_identities(form: ResetForm, user: User) -> None:
    """List the linked identities to keep. None is ticked, unless the account has no password."""
    rows = linked_identities.list_identities(user)
    form.keep.choices = [(row.id.hex, _described(row)) for row in rows]
    if not form.is_submitted() and user.password_hash is None:
        form.keep.process_data([row.id.hex for row in rows])


def _described(row: OAuthAccount) -> str:
    """Format a linked identity as a line of HTML."""
    line = Markup("{}, linked {}").format(linked_identities.name_of(row), ago(row.created_at))
    return line + Markup(", last used {}").format(ago(row.last_used_at)) if row.last_used_at else line


def _reset(form: ResetForm, token: str, password_hash: str) -> str:
    """Set the password and sign in; answers the page to go on to."""
    keep = {uuid.UUID(key) for key in form.keep.data or []}
    user = password_reset.reset(token, password_hash, request.remote_addr or "", keep)
    return let_in(user, remember=False)


def _show_change(user: User, address: str, form: ProofForm) -> Response:
    return hypermedia.render(
        "auth/confirm_email.html", status=form.status, form=form, email=address, own=_is_me(user)
    )


def _is_me(user: User) -> bool:
    return current_user.is_authenticated and current_user.id == user.id


def _shut(token: str) -> str:
    """Lock the account, and sign out if it was signed in here; answers its address."""
    user = password_reset.shut_account(token)
    email = user.email
    held_posts.forget(csrf.mark_of(user.id.hex))
    if _is_me(user):
        sign_out()
    return email


def _names(user: User) -> list[str]:
    return [linked_identities.name_of(row) for row in linked_identities.list_identities(user)]
