"""Checkout: to Stripe's payment page and back."""

from flask import Blueprint

from web import guards

bp = guards.signed_in(Blueprint("checkout", __name__))

from blueprints.checkout import buy, return_pages, review  # noqa: E402,F401
