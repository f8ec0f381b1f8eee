"""Proving the current password again, before what a stolen session must not do."""

from flask_login import current_user

from domain import Refused, accounts, attempts
from models import db


def prove(password: str) -> None:
    """Go on only with the account's password. Tries are counted for the account, apart from those at sign-in.

    Ends the transaction, so that none is open while the password is hashed. Raises Refused, attempts.TooMany.
    """
    email = current_user.email
    attempt = attempts.begin(attempts.proof_limits(current_user.id))
    db.session.commit()
    attempts.refuse_excess(attempt)
    lock = accounts.lock_of(email)
    db.session.rollback()
    if not lock.opens_with(password):
        raise Refused("That is not your current password.", "current")
    attempts.succeeded(attempt)
