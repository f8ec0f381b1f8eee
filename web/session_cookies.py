"""Signed session cookies, and signing in by a "remember me" cookie."""

from flask import Flask, Response
from flask.globals import request_ctx
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager
from itsdangerous import URLSafeTimedSerializer

from domain.people import sessions
from models import User


def init_app(app: Flask) -> None:
    """Install sessions and Flask-Login on `app`."""
    app.session_interface = CookieSessions(app)
    login = RememberCookieLogin(app)
    login.session_protection = None
    login.user_loader(sessions.user_for)


class CookieSessions(SecureCookieSessionInterface):
    """Flask's signed cookie sessions, with one serializer for all requests instead of one per request."""

    def __init__(self, app: Flask) -> None:
        self.signing = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the shared serializer."""
        return self.signing


class RememberCookieLogin(LoginManager):
    """A login manager for public responses and odd cookies."""

    def _update_remember_cookie(self, response: Response) -> Response:
        """Look into the session only if the request has: looking makes a response vary by the cookie."""
        used = request_ctx._session
        if used is None or not used.accessed:
            return response
        updated: Response = super()._update_remember_cookie(response)
        return updated

    def _load_user_from_remember_cookie(self, cookie: str) -> User | None:
        # hmac would raise TypeError for a cookie that isn't ASCII
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None
