"""Session of a browser: sign in and out, the half-way state before a second factor, and "last used" of
devices."""

import time
import uuid
from dataclasses import dataclass

from flask import Response, g, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from blueprints.auth import bp, known_devices
from domain.people import accounts, rate_limits, second_factor, sessions
from models import User, db
from web import csrf, held_posts, hypermedia, reauthentication
from web.next_url import safe_next

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
GOES_ON = ("/held/", "/session/")
HALF = "half_signed_in"
HALF_SECONDS = 600


@dataclass(frozen=True)
class HalfSignedIn:
    """A sign-in whose first factor is proved and whose second is still to come."""

    user: User
    remember: bool
    page: str


def let_in(user: User, remember: bool, page: str = "/") -> str:
    """Sign `user` in and answer `page`, or the address of the second factor.

    With a second factor nobody is signed in before it is proved. The caller commits.
    """
    if not second_factor.is_on(user):
        sign_in(user, remember)
        return page
    sign_out()
    session[HALF] = {
        "user": user.id.hex,
        "state": second_factor.fingerprint(user),
        "remember": remember,
        "next": page,
        "at": int(time.time()),
    }
    return url_for("auth.second_step")


def half_signed_in() -> HalfSignedIn | None:
    """Load the sign-in that waits for its second factor; None if it expired or the account changed."""
    half = session.get(HALF)
    if half is None or half["at"] <= time.time() - HALF_SECONDS:
        return None
    user = accounts.get(uuid.UUID(half["user"]))
    if user is None or not user.is_active or second_factor.fingerprint(user) != half["state"]:
        return None
    return HalfSignedIn(user, half["remember"], safe_next(half["next"]))


def sign_in(user: User, remember: bool) -> None:
    """Sign in `user`, who has proved enough, with a new token and an empty session (session fixation).

    Without `remember` the session ends when the browser is closed. The caller commits.
    """
    if current_user.is_authenticated:
        sessions.end(current_user.session_token)
    session.clear()
    sessions.start(user, request.user_agent.string, request.remote_addr or "")
    login_user(user, remember=remember)
    known_devices.remember(user)
    g.let_in = True


def sign_out() -> None:
    """Sign this browser out. The caller commits."""
    if current_user.is_authenticated:
        sessions.end(current_user.session_token)
    session.clear()
    logout_user()


def was_shut_out() -> bool:
    """Tell whether the account that was signed in here is suspended now, so that an open tab can say why."""
    token = session.get("_user_id")
    return current_user.is_anonymous and isinstance(token, str) and sessions.was_shut_out(token)


@bp.after_app_request
def touch_session(response: Response) -> Response:
    """Update the device's "last used" after a successful POST; a GET never writes."""
    user = g.get("_login_user")
    if user is not None and user.is_authenticated and user.is_admin and _is_click(response):
        reauthentication.touch_activity()
    if user is None or response.status_code >= 400 or request.method in SAFE_METHODS:
        return response
    try:
        if user.is_authenticated and sessions.touch(user):
            db.session.commit()
    except SQLAlchemyError:  # a failed timestamp must not spoil the answer
        db.session.rollback()
    return response


def _is_click(response: Response) -> bool:
    """Tell whether a person acted: a poll of an open page or a cacheable file doesn't count."""
    asked = request.method not in SAFE_METHODS or not hypermedia.is_swap()
    return asked and response.mimetype == "text/html"


@bp.app_errorhandler(rate_limits.TooManyAttempts)
def too_many_attempts(refusal: rate_limits.TooManyAttempts) -> tuple[str, int, dict[str, str]]:
    """Answer 429 with the time to wait and the other ways to sign in."""
    db.session.rollback()
    minutes = -(-refusal.seconds // 60)
    return render_template("auth/too_many.html", minutes=minutes), 429, {"Retry-After": str(refusal.seconds)}


@bp.after_app_request
def offer_held_form(response: Response) -> Response:
    """Redirect to the held post after signing in: what was typed when the session had ended. Happens once."""
    came_in = g.get("let_in", False)
    if not came_in or response.status_code not in (302, 303) or (response.location or "").startswith(GOES_ON):
        return response
    if address := held_posts.offer(csrf.person_mark()):
        response.location = address
    return response
