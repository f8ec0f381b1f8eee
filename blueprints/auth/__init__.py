"""Registration, signing in and out, password reset, OAuth, and the links that are sent by mail."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("auth", __name__))

from blueprints.auth import (  # noqa: E402,F401
    fresh_proof,
    oauth,
    presence,
    recovery,
    registering,
    second_step,
    signing_in,
    stale,
    tokens,
)
