"""Learning: the library, lessons, and a learner's progress.

The blueprint is open to all because preview lessons are public; every route loads its course or lesson
through `domain.learning.access`, and routes that belong to a person ask to sign in.
"""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("learn", __name__))


from blueprints.learn import completion, enrollment, heartbeat, lessons, library  # noqa: E402,F401
