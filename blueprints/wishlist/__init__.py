"""The wishlist."""

from flask import Blueprint
from flask_login import current_user

from models import User
from web import guards

bp = guards.signed_in(Blueprint("wishlist", __name__))


def reader() -> User:
    """Return the person signed in."""
    user: User = current_user._get_current_object()
    return user


from blueprints.wishlist import items, toggle  # noqa: E402,F401
