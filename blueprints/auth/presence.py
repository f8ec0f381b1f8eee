"""Who is here: letting a browser in and out, noticing that a device is used, and refusing haste."""

from flask import Response, g, render_template, request, session
from flask_login import current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

import form_tokens
import held
from blueprints.auth import auth
from domain import attempts, sessions
from models import User, db

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
GOES_ON = ("/held/", "/session/")


def let_in(user: User, remember: bool) -> None:
    """Sign `user` in on this browser, with a new token and nothing left of whoever used it before.

    Without `remember` the browser forgets when it is closed. The caller commits.
    """
    if current_user.is_authenticated:
        sessions.end(current_user.session_token)
    session.clear()
    sessions.start(user, request.user_agent.string, request.remote_addr or "")
    login_user(user, remember=remember)
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
    if user is None or response.status_code >= 400 or request.method in SAFE_METHODS:
        return response
    try:
        if user.is_authenticated and sessions.touch(user):
            db.session.commit()
    except SQLAlchemyError:  # the answer stands without it
        db.session.rollback()
    return response


@auth.app_errorhandler(attempts.TooMany)
def slow_down(refusal: attempts.TooMany) -> tuple[str, int, dict[str, str]]:
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
    if address := held.offer(form_tokens.person_mark()):
        response.location = address
    return response
