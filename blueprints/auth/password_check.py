"""Checks of a password without a session: throttled first, then hashed outside any transaction."""

from collections.abc import Callable

from flask import request

from blueprints.auth import known_devices
from blueprints.auth.forms import ProofForm
from domain import Refused
from domain.people import accounts, rate_limits
from models import db

Lock = accounts.PasswordHash


def try_password(
    email: str, password: str, lock_of: Callable[[str], Lock] = accounts.lock_of
) -> tuple[Lock, rate_limits.Attempt] | None:
    """Return the lock that `password` opens and the throttled attempt to clear; None where it is wrong.

    The attempt is committed before the password is checked, so that parallel guesses are counted; no
    transaction is open during the slow hash. Raises rate_limits.TooManyAttempts.
    """
    device = known_devices.device_for(email)
    attempt = rate_limits.begin(rate_limits.sign_in_limits(email, request.remote_addr or "", device))
    db.session.commit()
    rate_limits.refuse_excess(attempt)
    lock = lock_of(email)
    db.session.rollback()
    return (lock, attempt) if lock.opens_with(password) else None


def proves(
    form: ProofForm, email: str, otherwise: Refused, lock_of: Callable[[str], Lock] = accounts.lock_of
) -> bool:
    """Check the password in `form` against the account of `email`; otherwise the form shows `otherwise`.

    Ends the transaction. Raises rate_limits.TooManyAttempts.
    """
    if not form.validate():
        return False
    proof = try_password(email, form.password.data or "", lock_of)
    if proof is None:
        form.refuse(otherwise)
        return False
    rate_limits.succeeded(proof[1])
    return True
