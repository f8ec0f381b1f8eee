"""Gifts: giving a product, claiming one by its link, and the pages of who gave and received."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("gifts", __name__))
mine = guards.signed_in(Blueprint("my_gifts", __name__))

from blueprints.gifts import claims, given, giving  # noqa: E402,F401
