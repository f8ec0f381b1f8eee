"""Pages of the site as a whole: about, contact, health checks, theme, generated covers, unsubscribing."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("site", __name__))

from blueprints.site import about, health, looks, unsubscribing  # noqa: E402,F401
