"""Withdrawing from a contract, with or without an account, and stopping a withdrawal by its link."""

from flask import Blueprint

from web import guards

bp = guards.open_to_all(Blueprint("withdrawals", __name__))

from blueprints.withdrawals import declaring, stopping  # noqa: E402,F401
