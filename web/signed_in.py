"""The person of a request, as a row: `current_user` is a proxy, which the session and types don't know."""

from flask_login import current_user

from models import User


def me() -> User:
    """Return the person signed in, behind a guard that let nobody else in."""
    user: User = current_user._get_current_object()
    return user


def reader() -> User | None:
    """Return the person signed in, None for a visitor."""
    return me() if current_user.is_authenticated else None
