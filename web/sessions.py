"""Sessions in signed cookies, and signing in by the cookie of a remembered device."""

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager
from itsdangerous import URLSafeTimedSerializer

from domain.people import sessions
from models import User


def init_app(app: Flask) -> None:
    """Have `app` know its visitors by their cookies."""
    app.session_interface = CookieSessions(app)
    login = Recognition(app)
    login.session_protection = None
    login.user_loader(sessions.user_for)


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions in signed cookies, with one serializer for all requests instead of one for each."""

    def __init__(self, app: Flask) -> None:
        self.signing = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookies of the application."""
        return self.signing


class Recognition(LoginManager):
    """Signs in by the cookie of a remembered device; one that isn't ASCII, hmac would refuse to compare."""

    def _load_user_from_remember_cookie(self, cookie: str) -> User | None:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None
