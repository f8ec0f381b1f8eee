"""Bundles: their public pages."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("bundles", __name__))

from blueprints.bundles import cover, show  # noqa: E402,F401
