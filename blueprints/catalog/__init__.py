"""The public catalogue: home page, search, course, category and creator pages, sitemap and feed."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("catalog", __name__))

from blueprints.catalog import categories, course, courses, creators, feeds, fragments, home  # noqa: E402,F401
