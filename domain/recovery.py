"""A forgotten password, a changed one, and an account that somebody else has got into."""

import uuid
from collections.abc import Collection

import jobs
import mail
from domain import accounts, attempts, audit, clock, identities, registration, sessions, tokens
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


def reset(token: str, password_hash: str, ip: str = "", keep: Collection[uuid.UUID] = ()) -> User:
    """Give the link's account a new password; the mailbox is proved and every device signed out.

    Linked identities are removed but for those in `keep`. Raises Unusable.
    """
    user, _ = tokens.opened_by(tokens.Purpose.RESET, token, lock=True)
    user.email_verified_at = user.email_verified_at or clock.now()
    registration.end(user.email)
    attempts.forget_account(user.email, ip)
    removed = identities.remove(user, [row for row in identities.of(user) if row.id not in keep])
    _set_password(user, password_hash, keep_device=None, removed=removed)
    return user


def change(user: User, password_hash: str) -> None:
    """Give `user`, who has proved the old password, a new one; only this device stays signed in."""
    _set_password(user, password_hash, keep_device=user.session_token)


def shut(token: str) -> User:
    """Close every way into the link's account, for an owner who says that somebody else got in.

    Every device is signed out, linked identities are removed, the password and links on their way stop
    working, and a link that sets a new password is mailed. Safe to repeat. Raises Unusable.
    """
    user, _ = tokens.opened_by(tokens.Purpose.NOT_ME, token, lock=True)
    sessions.end_all(user)
    identities.remove(user, identities.of(user))
    user.password_hash = None
    audit.record(user, "shut_account", user)
    db.session.flush()
    ask(user.email)
    return user


def _set_password(
    user: User, password_hash: str, keep_device: str | None, removed: Collection[str] = ()
) -> None:
    user.password_hash = password_hash
    sessions.end_all(user, except_token=keep_device)
    mail.password_changed(user, tokens.make(tokens.Purpose.NOT_ME, user), list(removed))
    db.session.flush()
