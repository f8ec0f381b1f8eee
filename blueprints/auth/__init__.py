"""Registration, signing in and out, password reset, OAuth, and the links that are sent by mail."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("auth", __name__))

from blueprints.auth import (  # noqa: E402,F401
    csrf_token,
    login,
    oauth,
    password_reset,
    reauthentication,
    registration,
    second_factor,
    sessions,
    stale_forms,
)
