"""Development pages: the mailbox and the style guide."""

from flask import Blueprint

from web import guards

bp = guards.development_only(Blueprint("dev", __name__))

from blueprints.dev import mailbox, styleguide  # noqa: E402,F401
