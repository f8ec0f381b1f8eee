"""Learning: the shelf, the lessons and what is kept of a learner's way through them.

The door stands open because previews are for everyone; every route loads its course or lesson
through `domain.learning.access`, and what belongs to a person asks for one first.
"""

from flask import Blueprint
from flask_login import current_user

from models import User
from web import guards

learn = guards.open_to_all(Blueprint("learn", __name__))


def reader() -> User | None:
    """Whoever is reading, None for a stranger."""
    return current_user._get_current_object() if current_user.is_authenticated else None


from blueprints.learn import enrolling, heartbeat, lessons, marking, shelf  # noqa: E402,F401
