"""A forgotten password, a changed one, and an account that somebody else has got into."""

import uuid
from collections.abc import Collection

import jobs
import mail
from domain import Unusable
from domain.base import clock
from domain.people import (
    accounts,
    address_marks,
    email_change,
    linked_identities,
    login_throttle,
    mail_tokens,
    registration,
    second_factor,
    sessions,
)
from domain.platform import audit
from models import User, db


def ask(email: str) -> None:
    """Have a reset link sent to `email`, if it has an account.

    The worker looks, so that this takes as long for any address. Raises Refused for what is no address.
    """
    jobs.enqueue("send_reset_link", email=accounts.normalise(email))


def send_reset_link(email: str) -> None:
    """Mail the link, if `email` has a living account and didn't get many; who is suspended is told so."""
    user = accounts.find(email)
    if user is None or not login_throttle.may_mail(email):
        return
    if user.suspended_at is not None:
        mail.still_suspended(user)
    else:
        mail.reset_password(user, mail_tokens.make(mail_tokens.Purpose.RESET, user))


def reset(token: str, password_hash: str, ip: str = "", keep: Collection[uuid.UUID] = ()) -> User:
    """Give the link's account a new password; the mailbox is proved and every device signed out.

    Linked identities are removed but for those in `keep`. A second factor stays: where one is asked for, the
    mailbox alone is no proof. Raises Unusable.
    """
    user, _ = mail_tokens.opened_by(mail_tokens.Purpose.RESET, token, lock=True)
    user.email_verified_at = user.email_verified_at or clock.now()
    login_throttle.forget_account(user.email, ip)
    removed = close_ways_in(user, keep)
    _set_password(user, password_hash, removed=removed)
    return user


def change(user: User, password_hash: str) -> None:
    """Give `user`, who has proved the old password, a new one; only this device stays signed in."""
    sessions.end_all(user, except_token=user.session_token)
    _set_password(user, password_hash)


def not_me(token: str, lock: bool = False) -> tuple[User, str]:
    """The account of an “It wasn’t me” link, and the address it comes back to by it, if it was moved away.

    A link for an address that was itself taken back from stops working. Raises Unusable.
    """
    user, left = mail_tokens.opened_by(mail_tokens.Purpose.NOT_ME, token, lock)
    if left and left != user.email and not address_marks.is_noted(user, left):
        raise Unusable(mail_tokens.USED)
    return user, left


def shut(token: str) -> User:
    """Close every way into the link's account, for an owner who says that somebody else got in.

    All that `close_ways_in` names, the password, and a second factor that was set up lately; an account that
    was moved to another address comes back to the one the link was sent to. A link that sets a new password
    is mailed. Safe to repeat. Raises Unusable, and Refused where that address has another account.
    """
    user, left = not_me(token, lock=True)
    if left:
        email_change.give_back(user, left)
    close_ways_in(user)
    user.password_hash = None
    second_factor.end_recent(user)
    audit.record(user, "shut_account", user)
    db.session.flush()
    ask(user.email)
    return user


def close_ways_in(user: User, keep: Collection[uuid.UUID] = ()) -> list[str]:
    """Close what opens the account of `user` besides its password and its second factor.

    Devices with their cookies, linked identities but for those in `keep`, registrations that a browser could
    still finish, a second factor that is being set up. Links on their way (to another address, to a new
    password) die with the password, or the identities, that they were made beside. Answers the names of the
    removed identities. tests/account/test_ways_in.py walks over all of them.
    """
    sessions.end_all(user)
    registration.end(user.email)
    return linked_identities.remove(user, [row for row in linked_identities.of(user) if row.id not in keep])


def _set_password(user: User, password_hash: str, removed: Collection[str] = ()) -> None:
    user.password_hash = password_hash
    mail.password_changed(user, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user), list(removed))
    db.session.flush()
