"""The cart, of people and guests."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("cart", __name__))


from blueprints.cart import adding, coupon, fragments, page  # noqa: E402,F401
