"""A buyer's orders and receipts."""

from flask import Blueprint

from web import doors

orders = doors.signed_in(Blueprint("orders", __name__))

from blueprints.orders import receipts  # noqa: E402,F401
