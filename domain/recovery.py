"""A forgotten password, and a changed one."""

import jobs
import mail
from domain import accounts, attempts, clock, sessions, tokens
from models import User, db


def ask(email: str) -> None:
    """Have a reset link sent to `email`, if it has an account.

    The worker looks, so that this takes as long for any address. Raises Refused for what is no address.
    """
    jobs.enqueue("send_reset_link", email=accounts.normalise(email))


def send_reset_link(email: str) -> None:
    """Mail the link, if `email` has a living account and didn't get many; who is suspended is told so."""
    user = accounts.find(email)
    if user is None or not attempts.may_mail(email):
        return
    if user.suspended_at is not None:
        mail.still_suspended(user)
    else:
        mail.reset_password(user, tokens.make(tokens.Purpose.RESET, user))


def reset(token: str, password_hash: str) -> User:
    """Give the link's account a new password; the mailbox is proved and every device signed out.

    Raises tokens.Unusable.
    """
    user, _ = tokens.opened_by(tokens.Purpose.RESET, token, lock=True)
    user.email_verified_at = user.email_verified_at or clock.now()
    attempts.forget_account(user.email)
    _set_password(user, password_hash, keep_device=None)
    return user


def change(user: User, password_hash: str) -> None:
    """Give `user`, who has proved the old password, a new one; only this device stays signed in."""
    _set_password(user, password_hash, keep_device=user.session_token)


def _set_password(user: User, password_hash: str, keep_device: str | None) -> None:
    user.password_hash = password_hash
    sessions.end_all(user, except_token=keep_device)
    mail.password_changed(user)
    db.session.flush()
