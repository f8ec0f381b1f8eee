"""Known devices: browsers that have signed in to an account before, which have a login throttle of their own.

Without them anybody could lock an owner out by guessing passwords. The cookie holds a random device id and
keyed hashes of the addresses that signed in on it. It grants nothing; it only selects the limit that a try
counts against.
"""

import secrets
from typing import Any

from flask import after_this_request, current_app, request
from itsdangerous import BadData
from werkzeug.wrappers import Response

from domain.base import signing
from domain.people import accounts
from models import User

COOKIE, SALT = "lectern_known", "lectern.known-device"
MARK = 20  # hex digits
LIFETIME_SECONDS = 400 * 24 * 3600  # browsers keep no cookie for longer
MOST_ACCOUNTS = 8


def remember(user: User) -> None:
    """Remember this browser as a known device of `user`, by a cookie on the response."""
    known = _read()
    mark = signing.digest(_device_of(user.email), MARK)
    marks = [mark, *(m for m in known["accounts"] if m != mark)][:MOST_ACCOUNTS]
    device = known["device"] or secrets.token_hex(8)
    value = signing.serializer(SALT).dumps({"device": device, "accounts": marks})

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
    is_known = any(mark in known["accounts"] for mark in signing.digests(_device_of(email), MARK))
    name: str = known["device"] if is_known else ""
    return name


def _read() -> dict[str, Any]:
    try:
        known: dict[str, Any] = signing.serializer(SALT).loads(
            request.cookies.get(COOKIE, ""), max_age=LIFETIME_SECONDS
        )
    except BadData:
        return {"device": "", "accounts": []}
    return known


def _device_of(email: str) -> str:
    return f"known device:{accounts.canonical(email)}"
