"""The wishlist."""

from flask import Blueprint

from web import guards

bp = guards.signed_in(Blueprint("wishlist", __name__))


from blueprints.wishlist import items, toggle  # noqa: E402,F401
