"""Routes of signing in and out."""

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.auth import bp, oauth_clients
from blueprints.auth.forms import LoginForm
from blueprints.auth.password_check import try_password
from blueprints.auth.sessions import let_in, sign_out, was_shut_out
from domain import Refused
from domain.people import accounts, rate_limits
from models import User, db
from web import hypermedia
from web.next_url import wanted

NO_MATCH = Refused(
    "That email and password don’t match. Check both, or reset your password. If you have just"
    " registered, open the link in our message first."
)


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response:
    """Sign in with address and password; a wrong password and an unknown address get the same answer."""
    if current_user.is_authenticated and request.method == "GET":
        return hypermedia.see_other(wanted())
    form = LoginForm()
    if form.validate_on_submit():
        user = _prove(form.email.data or "", form.password.data or "")
        if user is not None and user.is_active:
            page = let_in(user, remember=form.remember.data, page=wanted())
            db.session.commit()
            return hypermedia.see_other(page)
        form.refuse(NO_MATCH if user is None else Refused(accounts.suspended_sentence()))
    return hypermedia.render(
        "auth/login.html",
        status=form.status,
        form=form,
        next=wanted(),
        providers=oauth_clients.available(),
        shut_out=accounts.suspended_sentence() if request.method == "GET" and was_shut_out() else None,
    )


@bp.post("/logout")
def logout() -> Response:
    """Sign this browser out."""
    sign_out()
    db.session.commit()
    hypermedia.toast("You’re signed out.", "info")
    return hypermedia.see_other(url_for("catalog.home"))


def _prove(email: str, password: str) -> User | None:
    """Return the account that address and password belong to. Raises rate_limits.TooManyAttempts."""
    proof = try_password(email, password)
    if proof is None or proof[0].user_id is None:
        return None
    lock, attempt = proof
    user = accounts.get(proof[0].user_id)
    if user is None or user.password_hash != lock.password_hash:
        return None  # deleted, or given another password, meanwhile
    rate_limits.succeeded(attempt)
    accounts.renew_hash(user, password)
    return user
