"""CSRF tokens that also carry the person whose page the form was on.

Signing in or out replaces the browser's token, so a post from an older page is stale. The mark in its token
tells whether the same person sends it, so that no form is ever submitted in another person's name.

Pages are compressed (web/compression.py), so every response masks the token anew: a secret that stays the
same beside something an attacker chose could be read from the lengths of many responses (BREACH). Tokens
without a mask, of pages that were open before there were masks, are still valid.
"""

import secrets
from base64 import b64decode, urlsafe_b64encode

from flask import Flask, current_app, g, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from itsdangerous import BadData

from domain.base import signing

NOBODY = ""
MASKED = "-"  # begins a masked token; those of itsdangerous, which sign text as JSON, begin with I or a dot
LONGEST = 1000
FLASK_WTF_SALT = "wtf-csrf-token"


class CsrfProtection(CSRFProtect):
    """CSRF protection whose tokens carry the mark of the person."""

    def init_app(self, app: Flask) -> None:
        """Initialise as CSRFProtect does, with the functions of this module for templates."""
        super().init_app(app)
        app.jinja_env.globals.update(csrf_token=current, person_mark=person_mark, session_mark=session_mark)
        app.context_processor(lambda: {"csrf_token": current})

    def sent(self) -> str:
        """Return the token of this request, from its form or its headers, without its mask."""
        return self._get_csrf_token() or ""

    def _get_csrf_token(self) -> str | None:
        sent: str | None = super()._get_csrf_token()
        return unmasked(sent) if sent else sent


def current() -> str:
    """Return the token for all forms of this response; a new one if the person has changed."""
    token = _signed()
    known: tuple[str, str] = g.get("masked_csrf_token") or ("", "")
    if known[0] != token:
        g.masked_csrf_token = known = token, masked(token)
    return known[1]


def masked(token: str) -> str:
    """Mask `token` (one-time pad): the result is another one each time, and `unmasked` gives `token` back."""
    plain = token.encode("ascii")
    pad = secrets.token_bytes(len(plain))
    return MASKED + urlsafe_b64encode(pad + _xor(pad, plain)).decode().rstrip("=")


def unmasked(sent: str) -> str:
    """Take the mask off a token; one without a mask, or with a damaged one, is returned as it is."""
    if not sent.startswith(MASKED) or len(sent) > LONGEST:
        return sent
    try:
        both = b64decode(sent[1:] + "=" * (-len(sent[1:]) % 4), altchars=b"-_", validate=True)
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode("ascii")
    except ValueError:
        return sent


def session_mark() -> str:
    """Return a keyed hash of the session's token: open pages tell by it whether theirs is of this session."""
    _signed()
    return signing.digest(f"session:{session['csrf_token']}", 24)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _signed() -> str:
    held, mark = session.get("csrf_token"), person_mark()
    if not isinstance(held, str) or held.rpartition(".")[0] != mark:
        session["csrf_token"] = f"{mark}.{secrets.token_hex(20)}" if mark else secrets.token_hex(20)
        g.pop("csrf_token", None)
    token: str = generate_csrf()
    return token


def person_mark() -> str:
    """Return the mark of the person signed in, NOBODY for a visitor."""
    return mark_of(current_user.id.hex) if current_user.is_authenticated else NOBODY


def mark_of(key: str) -> str:
    """Return a keyed hash of an account's id, which identifies the person without revealing the id."""
    return signing.digest(f"person:{key}", 24)


def sender() -> str | None:
    """Return the mark of the page that this request was sent from: NOBODY for a visitor's.

    None for a token that is missing or invalid.
    """
    protection: CsrfProtection = current_app.extensions["csrf"]
    try:
        value = signing.serializer(FLASK_WTF_SALT).loads(protection.sent())
    except BadData:
        return None
    return value.rpartition(".")[0] if isinstance(value, str) else None


def refuse_other_sites() -> None:
    """Refuse a post of another site, where public pages post without a token, because they carry no session.

    Raises CSRFError. Browsers that say nothing of where they post from need a token after all.
    """
    if current_app.config["WTF_CSRF_ENABLED"] and not is_from_here():
        current_app.extensions["csrf"].protect()


def is_from_here() -> bool:
    """Tell whether a page of this site sent the request, by headers that pages can't forge (same origin)."""
    if origin := request.headers.get("Origin"):
        return origin == request.host_url.rstrip("/")
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return (request.referrer or "").startswith(request.host_url)
