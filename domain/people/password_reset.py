"""Password reset and change, and recovery of an account that somebody else got into."""

import uuid
from collections.abc import Collection

import jobs
import mail
from domain import InvalidToken
from domain.people import (
    accounts,
    address_history,
    email_change,
    linked_identities,
    mail_tokens,
    rate_limits,
    registration,
    second_factor,
    sessions,
)
from domain.platform import audit, consents
from domain.platform.audit_actions import AuditAction
from models import ConsentEnd, User, db


def request_reset(email: str) -> None:
    """Enqueue the mail with a reset link. Raises Refused for an invalid address.

    The worker, not the request, looks for the account, so that timing doesn't reveal it (user enumeration).
    """
    jobs.enqueue("send_reset_link", email=accounts.normalise(email))


def send_reset_link(email: str) -> None:
    """Mail the link if there is an account, within the limit; suspended people are told that they are."""
    user = accounts.find(email)
    if user is None or not rate_limits.may_mail(email):
        return
    if user.suspended_at is not None:
        mail.still_suspended(user)
    else:
        mail.reset_password(user, mail_tokens.make(mail_tokens.Purpose.RESET, user))


def reset(token: str, password_hash: str, ip: str = "", keep: Collection[uuid.UUID] = ()) -> User:
    """Set a new password by a mailed link; verifies the mailbox and signs all devices out.

    Unlinks all identities but those in `keep`. A second factor stays: a mailbox alone doesn't prove it.
    Raises InvalidToken.
    """
    user, _ = mail_tokens.opened_by(mail_tokens.Purpose.RESET, token, lock=True)
    accounts.prove_address(user)
    rate_limits.forget_account(user.email, ip)
    removed = close_ways_in(user, keep)
    _set_password(user, password_hash, removed=removed)
    return user


def change(user: User, password_hash: str) -> None:
    """Set a new password for `user`, who has proved the old one; signs out all other devices."""
    sessions.end_all(user, except_token=user.session_token)
    _set_password(user, password_hash)


def not_me(token: str, lock: bool = False) -> tuple[User, str]:
    """Find the account of an “It wasn’t me” link, and the address it would return to if it was moved.

    Raises InvalidToken, also for a link to an address that an intruder had set and that was taken back.
    """
    user, left = mail_tokens.opened_by(mail_tokens.Purpose.NOT_ME, token, lock)
    if left and left != user.email and not address_history.is_remembered(user, left):
        raise InvalidToken(mail_tokens.USED)
    return user, left


def shut_account(token: str) -> User:
    """Lock down the account of an “It wasn’t me” link: its owner says that somebody else got in.

    Does what `close_ways_in` does, drops the password and a second factor set up lately, and returns a moved
    account to the address that the link was sent to; ends consent to marketing, which the other person may
    have given; then mails a reset link. Idempotent. Raises InvalidToken, and Refused where another account
    has that address.
    """
    user, left = not_me(token, lock=True)
    if left:
        email_change.restore_address(user, left)
    close_ways_in(user)
    user.password_hash = None
    second_factor.end_recent(user)
    consents.withdraw(user, ConsentEnd.HANDOVER)
    audit.record(user, AuditAction.SHUT_ACCOUNT, user)
    db.session.flush()
    request_reset(user.email)
    return user


def close_ways_in(user: User, keep: Collection[uuid.UUID] = ()) -> list[str]:
    """Revoke everything that opens the account of `user` besides password and second factor.

    Devices with their cookies, linked identities but those in `keep`, registrations that a browser could
    still finish, a second factor that is being set up. Tokens already mailed die with the password or the
    identities in their fingerprint. Answers the names of unlinked providers.
    tests/account/test_shut_account.py tries all of them.
    """
    sessions.end_all(user)
    registration.end(user.email)
    return linked_identities.remove(
        user, [row for row in linked_identities.list_identities(user) if row.id not in keep]
    )


def _set_password(user: User, password_hash: str, removed: Collection[str] = ()) -> None:
    user.password_hash = password_hash
    mail.password_changed(user, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user), list(removed))
    db.session.flush()
