"""Who is here: letting a browser in and out, noticing that a device is used, and refusing haste."""

import time
import uuid
from dataclasses import dataclass

from flask import Response, g, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from blueprints.auth import auth, known_devices
from blueprints.auth.way_back import safe_next
from domain.people import accounts, login_throttle, second_factor, sessions
from models import User, db
from web import form_tokens, fresh_proof, held_forms, hypermedia

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
GOES_ON = ("/held/", "/session/")
HALF = "half_signed_in"
HALF_SECONDS = 600


@dataclass(frozen=True)
class HalfSignedIn:
    """Somebody who has shown the first proof on this browser and owes the second."""

    user: User
    remember: bool
    page: str


def let_in(user: User, remember: bool, page: str = "/") -> str:
    """Sign `user` in on this browser and answer `page`, or the page that asks for a code first.

    Whoever has a second factor is nobody here before it was shown. The caller commits.
    """
    if not second_factor.is_on(user):
        sign_in(user, remember)
        return page
    let_out()
    session[HALF] = {
        "user": user.id.hex,
        "state": second_factor.fingerprint(user),
        "remember": remember,
        "next": page,
        "at": int(time.time()),
    }
    return url_for("auth.second_step")


def half_signed_in() -> HalfSignedIn | None:
    """Who owes the second proof on this browser; None when it is too long ago, or they changed."""
    half = session.get(HALF)
    if half is None or half["at"] <= time.time() - HALF_SECONDS:
        return None
    user = accounts.get(uuid.UUID(half["user"]))
    if user is None or not user.is_active or second_factor.fingerprint(user) != half["state"]:
        return None
    return HalfSignedIn(user, half["remember"], safe_next(half["next"]))


def sign_in(user: User, remember: bool) -> None:
    """Sign in `user`, who has proved enough, with a new token and nothing left of whoever was here before.

    Without `remember` the browser forgets when it is closed. The caller commits.
    """
    if current_user.is_authenticated:
        sessions.end(current_user.session_token)
    session.clear()
    sessions.start(user, request.user_agent.string, request.remote_addr or "")
    login_user(user, remember=remember)
    known_devices.note(user)
    g.let_in = True


def let_out() -> None:
    """Sign this browser out. The caller commits."""
    if current_user.is_authenticated:
        sessions.end(current_user.session_token)
    session.clear()
    logout_user()


def was_shut_out() -> bool:
    """Whether somebody was signed in on this browser who is suspended now: their open tab is told why."""
    token = session.get("_user_id")
    return current_user.is_anonymous and isinstance(token, str) and sessions.was_shut_out(token)


@auth.after_app_request
def note_presence(response: Response) -> Response:
    """Keep the device's "last used" roughly true, after a form that went through; pages never write."""
    user = g.get("_login_user")
    if user is not None and user.is_authenticated and user.is_admin and _is_click(response):
        fresh_proof.note_click()
    if user is None or response.status_code >= 400 or request.method in SAFE_METHODS:
        return response
    try:
        if user.is_authenticated and sessions.touch(user):
            db.session.commit()
    except SQLAlchemyError:  # the answer stands without it
        db.session.rollback()
    return response


def _is_click(response: Response) -> bool:
    """Whether somebody did something: not what a page asks for by itself, nor files: caches keep them."""
    asked = request.method not in SAFE_METHODS or not hypermedia.is_swap()
    return asked and response.mimetype == "text/html"


@auth.app_errorhandler(login_throttle.TooMany)
def slow_down(refusal: login_throttle.TooMany) -> tuple[str, int, dict[str, str]]:
    """Say how long to wait, and the way that is open meanwhile."""
    db.session.rollback()
    minutes = -(-refusal.seconds // 60)
    return render_template("auth/too_many.html", minutes=minutes), 429, {"Retry-After": str(refusal.seconds)}


@auth.after_app_request
def lead_to_what_is_held(response: Response) -> Response:
    """Lead whoever has just come in to what they had typed when they were signed out, once."""
    came_in = g.pop("let_in", False)
    if not came_in or response.status_code not in (302, 303) or (response.location or "").startswith(GOES_ON):
        return response
    if address := held_forms.offer(form_tokens.person_mark()):
        response.location = address
    return response
