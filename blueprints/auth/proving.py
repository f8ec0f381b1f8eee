"""Proving a password without being signed in: counted first, then looked at outside any transaction."""

from collections.abc import Callable

from flask import request

from blueprints.auth import known_devices
from domain import accounts, attempts
from models import db

Lock = accounts.Lock


def try_password(
    email: str, password: str, lock_of: Callable[[str], Lock] = accounts.lock_of
) -> tuple[Lock, attempts.Attempt] | None:
    """The lock that `password` opens, and the try to be forgotten; None where it opens nothing.

    The try is committed before the password is looked at, and no transaction is open while it is hashed.
    Raises attempts.TooMany.
    """
    device = known_devices.device_for(email)
    attempt = attempts.begin(attempts.sign_in_limits(email, request.remote_addr or "", device))
    db.session.commit()
    attempts.refuse_excess(attempt)
    lock = lock_of(email)
    db.session.rollback()
    return (lock, attempt) if lock.opens_with(password) else None
