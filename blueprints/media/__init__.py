"""Media: recordings, images and files under signed addresses that expire."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("media", __name__))

from blueprints.media import code_archives, files, images  # noqa: E402,F401
