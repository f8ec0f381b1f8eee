"""Registering, and proving the address by the link that is sent to it.

Whoever registers sees the same pages whether the address was free or taken, so nobody is signed in
before its mailbox is proved. The browser that registered has shown the password, so it is let in
as soon as the address is verified, here or on another device.
"""

import time
import uuid

from flask import abort, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

import hypermedia
from blueprints.auth import auth, providers
from blueprints.auth.forms import ConfirmForm, RegisterForm
from blueprints.auth.presence import let_in
from blueprints.auth.way_back import safe_next, wanted
from domain import Refused, accounts, attempts, registration, tokens
from models import User, db

NEWCOMER_SECONDS = 24 * 3600


@auth.route("/register", methods=["GET", "POST"])
def register() -> Response:
    """The form for a new account; it answers the same for an address that is taken."""
    if current_user.is_authenticated:
        return hypermedia.see_other(wanted())
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            return _take_in(_newcomer_of(form))
        except Refused as refusal:
            form.refuse(refusal)
    return hypermedia.render(
        "auth/register.html", status=form.status, form=form, next=wanted(), providers=providers.available()
    )


@auth.get("/register/sent")
def sent() -> Response:
    """Where the link went, and what to do when it doesn't come."""
    newcomer = _newcomer()
    if newcomer is None or current_user.is_authenticated:
        return hypermedia.see_other(url_for("auth.login"))
    return hypermedia.render("auth/sent.html", email=newcomer["email"])


@auth.post("/register/finish")
def finish() -> Response:
    """Let in the browser that registered, once the link was opened on whatever device."""
    user = _verified_newcomer()
    if user is None:
        hypermedia.toast("We are still waiting for you to open the link in the message.", "info")
        return hypermedia.see_other(url_for("auth.sent"))
    return _welcome(user, _newcomer_way_back())


@auth.post("/verify-email/resend")
def resend_verification() -> Response:
    """Send the link again: to whoever is signed in, or to the address that was registered here."""
    newcomer = _newcomer()
    if current_user.is_anonymous and newcomer is None:
        return hypermedia.see_other(url_for("auth.login"))
    _count_mail()
    if current_user.is_authenticated:
        registration.send_link(current_user, page := _page_of_form())
    else:
        registration.send_again(newcomer["email"], newcomer["next"])  # type: ignore[index]
        page = url_for("auth.sent")
    db.session.commit()
    hypermedia.toast("The link is on its way. It can take a minute.", "info")
    return hypermedia.see_other(page)


@auth.get("/verify-email/<token>")
def verify_email(token: str) -> Response:
    """Show a button: programs that follow every link in a message must not use it up."""
    try:
        user, _ = tokens.opened_by(tokens.Purpose.VERIFY, token)
    except tokens.Unusable as refusal:
        return unusable(refusal, "verify")
    return hypermedia.render("auth/verify.html", form=ConfirmForm(), email=user.email)


@auth.post("/verify-email/<token>")
def confirm_verification(token: str) -> Response:
    """Take the address as proved, and let in the browser that registered it."""
    if not ConfirmForm().validate():
        abort(400)
    try:
        user = registration.verify(token)
    except tokens.Unusable as refusal:
        return unusable(refusal, "verify")
    db.session.commit()
    newcomer = _verified_newcomer()
    if newcomer is not None and newcomer.id == user.id:
        return _welcome(newcomer, wanted())
    hypermedia.toast("Your address is confirmed.")
    if current_user.is_authenticated:
        return hypermedia.see_other(wanted())
    return hypermedia.see_other(url_for("auth.login", next=wanted()))


def unusable(refusal: Refused, kind: str) -> Response:
    """The page for a link that opens nothing any more; kind: verify, reset or email."""
    db.session.rollback()
    return hypermedia.render("auth/unusable.html", status=410, sentence=refusal.sentence, kind=kind)


def _newcomer_of(form: RegisterForm) -> registration.Newcomer:
    return registration.prepare(form.name.data or "", form.email.data or "", form.password.data or "")


def _take_in(newcomer: registration.Newcomer) -> Response:
    _count_mail()
    user = registration.register(newcomer, wanted())
    db.session.commit()
    # An id that is nobody's looks like any other, so the cookie gives nothing away either
    key = user.id if user else uuid.uuid4()
    session["newcomer"] = {
        "id": key.hex,
        "email": newcomer.email,
        "seal": tokens.seal(newcomer.password_hash),
        "next": wanted(),
        "at": int(time.time()),
    }
    return hypermedia.see_other(url_for("auth.sent"))


def _count_mail() -> None:
    attempt = attempts.begin(attempts.mail_limits(request.remote_addr or ""))
    db.session.commit()
    attempts.refuse_excess(attempt)


def _welcome(user: User, page: str) -> Response:
    page = let_in(user, remember=True, page=page)
    db.session.commit()
    hypermedia.toast("Your address is confirmed. Welcome.")
    return hypermedia.see_other(page)


def _newcomer() -> dict[str, str] | None:
    """What this browser registered with in the last day."""
    newcomer: dict[str, str] | None = session.get("newcomer")
    fresh = newcomer is not None and int(newcomer["at"]) > time.time() - NEWCOMER_SECONDS
    return newcomer if fresh else None


def _verified_newcomer() -> User | None:
    """Whom to let in: nobody once another password was set, since then the mailbox's owner has taken over."""
    newcomer = _newcomer()
    user = accounts.get(uuid.UUID(newcomer["id"])) if newcomer else None
    if user is None or newcomer is None or not (user.is_active and user.is_verified):
        return None
    if user.email != newcomer["email"]:
        return None
    return user if tokens.seal(user.password_hash) == newcomer.get("seal") else None


def _newcomer_way_back() -> str:
    newcomer = _newcomer()
    return safe_next(newcomer["next"]) if newcomer else "/"


def _page_of_form() -> str:
    if "next" in request.args:
        return wanted()
    referrer = request.referrer or ""
    return safe_next(request.args.get("next") or referrer.removeprefix(request.host_url.rstrip("/")))
