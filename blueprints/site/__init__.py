"""What belongs to the site as a whole: its health, its theme, its drawn covers."""

from flask import Blueprint

from web import guards

site = guards.open_to_all(Blueprint("site", __name__))

from blueprints.site import about, health, looks, unsubscribing  # noqa: E402,F401
