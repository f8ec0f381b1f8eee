"""A person's own account: what they tell of themselves, their password, devices and address."""

from flask import Blueprint

import doors

account = doors.signed_in(Blueprint("account", __name__))

from blueprints.account import email, notifications, portrait, profile, proving, security  # noqa: E402,F401
