"""Becoming a creator: the terms, and the application form."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("teach", __name__))

from blueprints.teach import applications  # noqa: E402,F401
