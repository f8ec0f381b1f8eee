"""Known devices: browsers that have signed in to an account before, which have a login throttle of their own.

Without them anybody could lock an owner out by guessing passwords. The cookie holds a random device id and
keyed hashes of the addresses that signed in on it. It grants nothing; it only selects the limit that a try
counts against.
"""

import hashlib
import hmac
import secrets
from typing import Any

from flask import after_this_request, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from domain.people import accounts
from models import User

COOKIE = "lectern_known"
LIFETIME_SECONDS = 400 * 24 * 3600  # browsers keep no cookie for longer
MOST_ACCOUNTS = 8


def remember(user: User) -> None:
    """Remember this browser as a known device of `user`, by a cookie on the response."""
    known = _read()
    mark = _mark(user.email)
    marks = [mark, *(m for m in known["accounts"] if m != mark)][:MOST_ACCOUNTS]
    value = _serializer().dumps({"device": known["device"] or secrets.token_hex(8), "accounts": marks})

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            COOKIE, value, max_age=LIFETIME_SECONDS, httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
        return response


def device_for(email: str) -> str:
    """Return this browser's device id if the account of `email` has signed in on it, else ""."""
    known = _read()
    name: str = known["device"] if _mark(email) in known["accounts"] else ""
    return name


def _read() -> dict[str, Any]:
    try:
        known: dict[str, Any] = _serializer().loads(request.cookies.get(COOKIE, ""), max_age=LIFETIME_SECONDS)
    except BadData:
        return {"device": "", "accounts": []}
    return known


def _mark(email: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    text = f"known device:{accounts.canonical(email)}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:20]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="lectern.known-device")
