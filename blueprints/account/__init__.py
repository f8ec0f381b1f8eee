"""Account settings of the signed-in person: profile, password, second factor, devices, email address."""

from flask import Blueprint

from web import guards

bp = guards.signed_in(Blueprint("account", __name__))

from blueprints.account import (  # noqa: E402
    avatar,  # noqa: F401
    billing,  # noqa: F401
    email,  # noqa: F401
    notifications,  # noqa: F401
    profile,  # noqa: F401
    second_factor,  # noqa: F401
    security,  # noqa: F401
)
