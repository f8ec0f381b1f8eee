"""On-site notifications."""

from flask import Blueprint

from web import guards

bp = guards.signed_in(Blueprint("notifications", __name__))

from blueprints.notifications import inbox  # noqa: E402,F401
