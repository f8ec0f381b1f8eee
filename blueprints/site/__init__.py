"""Pages of the site as a whole: about, contact, health checks, theme, generated covers, unsubscribing."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("site", __name__))

from blueprints.site import about, branding, health, unsubscribe  # noqa: E402,F401
