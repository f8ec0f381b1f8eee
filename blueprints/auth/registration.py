"""Registration, and proof of the address by the link mailed to it.

The pages are the same whether the address was free or taken (no account enumeration), so nobody is signed in
before the mailbox is proved. The browser that registered has shown the password, so it is signed in as soon
as the address is verified, here or on another device; elsewhere the link asks for the password.
"""

import time
import uuid

from flask import request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.auth import bp, oauth_clients
from blueprints.auth.forms import ProofForm, RegisterForm
from blueprints.auth.password_check import proves
from blueprints.auth.sessions import let_in
from domain import InvalidToken, Refused
from domain.people import mail_tokens, rate_limits, registration
from domain.platform import settings
from models import Registration, User, db
from web import hypermedia
from web.actions import Attempt
from web.next_url import safe_next, wanted

NEWCOMER_SECONDS = mail_tokens.LIFETIME_SECONDS[mail_tokens.Purpose.VERIFY]
OTHER_PASSWORD = Refused(
    "That isn’t the password for this registration. Registered more than once? Open the latest email.",
    "password",
)


@bp.route("/register", methods=["GET", "POST"])
def register() -> Response:
    """Register an account; the answer is the same for an address that is taken."""
    if current_user.is_authenticated:
        return hypermedia.see_other(wanted())
    form = RegisterForm()
    if form.validate_on_submit():
        with Attempt(form):
            return _take_in(_newcomer_of(form))
    return hypermedia.render(
        "auth/register.html",
        status=form.status,
        form=form,
        next=wanted(),
        providers=oauth_clients.available(),
    )


@bp.get("/register/sent")
def sent() -> Response:
    """Show the address that the link was mailed to, and what to do when it doesn't arrive."""
    own = _own()
    if own is None or current_user.is_authenticated:
        return hypermedia.see_other(url_for("auth.login"))
    return hypermedia.render("auth/sent.html", email=own["email"])


@bp.post("/register/finish")
def finish() -> Response:
    """Sign in the browser that registered, once the link was opened on any device."""
    own = _own()
    user = registration.account_of(uuid.UUID(own["id"])) if own else None
    if user is None or own is None:
        hypermedia.toast("We’re still waiting for you to open the link in our email.", "info")
        return hypermedia.see_other(url_for("auth.sent"))
    return _welcome(user, safe_next(own["next"]))


@bp.post("/verify-email/resend")
def resend_verification() -> Response:
    """Mail the link again, to the person signed in or for this browser's registration."""
    own = _own()
    if current_user.is_anonymous and own is None:
        return hypermedia.see_other(url_for("auth.login"))
    _count_mail()
    if current_user.is_authenticated:
        page = _page_of_form()
        if not current_user.is_verified:
            _remember(registration.register_account(current_user, page, _own_id()))
    else:
        registration.send_again(uuid.UUID(own["id"]))  # type: ignore[index]
        page = url_for("auth.sent")
    db.session.commit()
    hypermedia.toast("The link is on its way. It can take a minute.", "info")
    return hypermedia.see_other(page)


@bp.get("/verify-email/<token>")
def verify_email(token: str) -> Response:
    """Show a confirmation button: link scanners of mail programs open every link and must not use it up."""
    try:
        opened = registration.opened_by(token)
    except InvalidToken as refusal:
        return unusable(refusal, "verify")
    return _show_link(opened, ProofForm())


@bp.post("/verify-email/<token>")
def confirm_verification(token: str) -> Response:
    """Verify the address and sign in: from the browser that registered, or with the password."""
    try:
        opened = registration.opened_by(token)
        if not _is_own(opened):
            form = ProofForm()
            lock = registration.lock_of(opened)
            if not proves(form, opened.email, OTHER_PASSWORD, lambda _email: lock):
                return _show_link(registration.opened_by(token), form)
        return _confirm(token)
    except InvalidToken as refusal:
        return unusable(refusal, "verify")


def unusable(refusal: Refused, kind: str) -> Response:
    """Render the page for an expired or used link (410); kind: verify, reset, email, not-me or taken (an
    address that an account can't return to)."""
    db.session.rollback()
    return hypermedia.render("auth/unusable.html", status=410, sentence=refusal.sentence, kind=kind)


def _newcomer_of(form: RegisterForm) -> registration.RegistrationInput:
    shop = settings.current().name
    db.session.rollback()  # no transaction is open while the password is hashed
    return registration.prepare(form.name.data or "", form.email.data or "", form.password.data or "", shop)


def _take_in(newcomer: registration.RegistrationInput) -> Response:
    _count_mail()
    _remember(registration.register(newcomer, wanted(), _own_id()))
    return hypermedia.see_other(url_for("auth.sent"))


def _count_mail() -> None:
    attempt = rate_limits.begin(rate_limits.mail_limits(request.remote_addr or ""))
    db.session.commit()
    rate_limits.refuse_excess(attempt)


def _show_link(opened: Registration, form: ProofForm) -> Response:
    return hypermedia.render(
        "auth/verify.html", status=form.status, form=form, email=opened.email, own=_is_own(opened)
    )


def _confirm(token: str) -> Response:
    page = wanted()
    somebody_else = current_user.id if current_user.is_authenticated else None
    user = registration.confirm(token)
    if somebody_else not in (None, user.id):
        db.session.commit()
        hypermedia.toast(f"{user.email} is confirmed. You’re still signed in as {current_user.email}.")
        return hypermedia.see_other(page)
    return _welcome(user, page)


def _welcome(user: User, page: str) -> Response:
    page = let_in(user, remember=True, page=page)
    db.session.commit()
    hypermedia.toast("Your address is confirmed. Welcome!")
    return hypermedia.see_other(page)


def _remember(made: Registration) -> None:
    """Keep the registration in the session. Its content is the same for free and for taken addresses."""
    session["registration"] = {
        "id": made.id.hex, "email": made.email, "next": made.way_back, "at": int(time.time()),
    }  # fmt: skip


def _own() -> dict[str, str] | None:
    """Return this browser's registration, if it hasn't expired."""
    own: dict[str, str] | None = session.get("registration")
    fresh = own is not None and int(own["at"]) > time.time() - NEWCOMER_SECONDS
    return own if fresh else None


def _own_id() -> uuid.UUID | None:
    own = _own()
    return uuid.UUID(own["id"]) if own else None


def _is_own(opened: Registration) -> bool:
    own = _own()
    return own is not None and own["id"] == opened.id.hex


def _page_of_form() -> str:
    if "next" in request.args:
        return wanted()
    referrer = request.referrer or ""
    return safe_next(request.args.get("next") or referrer.removeprefix(request.host_url.rstrip("/")))
