"""Coming in: registering, signing in and out, and the links that are sent by mail."""

from flask import Blueprint

import doors

auth = doors.open_to_all(Blueprint("auth", __name__))

from blueprints.auth import (  # noqa: E402
    oauth,  # noqa: F401
    presence,  # noqa: F401
    proving,  # noqa: F401
    recovery,  # noqa: F401
    registering,  # noqa: F401
    second_step,  # noqa: F401
    signing_in,  # noqa: F401
)
