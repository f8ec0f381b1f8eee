"""A buyer's orders and receipts."""

from flask import Blueprint

from web import guards

bp = guards.signed_in(Blueprint("orders", __name__))

from blueprints.orders import documents, particulars, receipts, refunds  # noqa: E402,F401
