"""The tokens of forms: each proves that a form is ours, and says on whose page it stood.

Signing in or out gives the browser another token, so what is sent from an older page is stale. By the mark in
its token we know then whether the same person sends it, and never act in another one's name.
"""

import hashlib
import hmac
import secrets

from flask import Flask, current_app, g, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer

NOBODY = ""


class Protection(CSRFProtect):
    """Checks the token of every form; templates get ours, which knows the person."""

    def init_app(self, app: Flask) -> None:
        """As CSRFProtect does, with `csrf_token` and `person_mark` for templates."""
        super().init_app(app)
        app.jinja_env.globals.update(csrf_token=current, person_mark=person_mark)
        app.context_processor(lambda: {"csrf_token": current})

    def sent(self) -> str:
        """Return the token that came with this request, from its form or its headers."""
        return self._get_csrf_token() or ""


def current() -> str:
    """Return the token for the forms of this answer; a new one where somebody else's page had the last."""
    held, mark = session.get("csrf_token"), person_mark()
    if not isinstance(held, str) or held.rpartition(".")[0] != mark:
        session["csrf_token"] = f"{mark}.{secrets.token_hex(20)}" if mark else secrets.token_hex(20)
        g.pop("csrf_token", None)
    token: str = generate_csrf()
    return token


def person_mark() -> str:
    """Return the mark of whoever is signed in, NOBODY for a stranger."""
    return mark_of(current_user.id.hex) if current_user.is_authenticated else NOBODY


def mark_of(key: str) -> str:
    """Return a keyed hash of an account's id: it names the person to us, and the id to nobody."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(secret, f"person:{key}".encode(), hashlib.sha256).hexdigest()[:24]


def sender() -> str | None:
    """Return the mark of whose page this request was sent from: NOBODY for a stranger's.

    None for a token that is missing or was never ours.
    """
    protection: Protection = current_app.extensions["csrf"]
    serializer = URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="wtf-csrf-token")
    try:
        value = serializer.loads(protection.sent())
    except BadData:
        return None
    return value.rpartition(".")[0] if isinstance(value, str) else None


def is_from_here() -> bool:
    """Whether a page of this site sent the request, by what browsers say and pages can't forge."""
    if origin := request.headers.get("Origin"):
        return origin == request.host_url.rstrip("/")
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return (request.referrer or "").startswith(request.host_url)
