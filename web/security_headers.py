"""Security headers of every response, and the Content-Security-Policy."""

from functools import cache

from flask import Flask, Response, current_app, g, request

import config
import storage
from models import User

SAFE = (
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
)


def init_app(app: Flask) -> None:
    """Add the headers to every response of `app`."""
    app.after_request(secure)


def secure(response: Response) -> Response:
    """Add the security headers; a page that needs another policy sets its own first."""
    present = {name.lower() for name, _value in response.headers}
    added = [pair for pair in SAFE if pair[0].lower() not in present]
    is_page = response.mimetype == "text/html" and response.status_code != 204
    if is_page and "content-security-policy" not in present:
        added.append(("Content-Security-Policy", g.get("csp") or content_policy()))
    if "cache-control" not in present and (policy := _keeping(response)):
        added.append(("Cache-Control", policy))
    if request.is_secure:
        added.append(("Strict-Transport-Security", "max-age=31536000"))
    response.headers.extend(added)  # in one call: each assignment would scan all headers for one to replace
    return response


def _keeping(response: Response) -> str:
    """Choose Cache-Control for a page without its own.

    no-store for people signed in: otherwise Back shows the page after signing out.
    """
    if isinstance(g.get("_login_user"), User):
        return "private, no-store"
    return "private, no-cache" if response.mimetype == "text/html" and response.status_code != 204 else ""


def content_policy() -> str:
    """Build the policy: own files, the bucket's media, embedded players, and Stripe as a form target."""
    settings: config.Settings = current_app.config["SETTINGS"]
    return _policy(storage.origin(), settings.stripe_api_base if settings.uses_sandbox else None)


@cache
def _policy(bucket: str | None, sandbox: str | None) -> str:
    own = " ".join(filter(None, ["'self'", bucket]))
    pay = " ".join(filter(None, ["https://checkout.stripe.com https://connect.stripe.com", sandbox]))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; "
        f"connect-src {own}; img-src {own}; media-src {own}; "
        "frame-src 'self' https://www.youtube-nocookie.com https://player.vimeo.com; "
        f"form-action 'self' {pay}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )
