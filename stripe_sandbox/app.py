"""The application factory of the sandbox."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from . import account_pages, api, control, payment_page
from .engine import Sandbox
from .serving import LONGEST_BODY
from .settings import Settings, is_loopback
from .webhook_delivery import Sender, post


def create_sandbox(*, sender: Sender = post, start: bool = True, **settings: Any) -> Flask:
    """Create a running sandbox as a WSGI app; keyword arguments are the fields of `Settings`.

    The engine is at `app.extensions["stripe_sandbox"]`. With `start=False` no webhook is sent until
    `engine.webhooks.start()`. Raises `settings.UnsafeSettingsError` for settings that are not safe.
    """
    sandbox = Sandbox(Settings(**settings), sender)
    app = Flask(__name__, static_url_path="/_sandbox/static")
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.extensions["stripe_sandbox"] = sandbox
    app.before_request(lambda: guard(sandbox))
    app.after_request(harden)
    app.register_blueprint(api.create_blueprint(sandbox))
    app.register_blueprint(payment_page.create_blueprint(sandbox))
    app.register_blueprint(account_pages.create_blueprint(sandbox))
    app.register_blueprint(control.create_blueprint(sandbox))
    if start and sandbox.settings.deliver:
        sandbox.webhooks.start()
    return app


def guard(sandbox: Sandbox) -> None:
    """Refuse other machines: by IP address, and by the Host header (DNS rebinding)."""
    named = urlsplit(f"//{request.host}").hostname
    public = urlsplit(sandbox.settings.public_url or "").hostname
    if not is_loopback(request.remote_addr) or not (is_loopback(named) or (public and named == public)):
        abort(403)
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign and not request.path.startswith(("/v1/", "/v2/")) and request.method != "GET":
        abort(403)


def harden(response: Response) -> Response:
    """Add security headers; a page may have set its own policy for the target of its form."""
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
