"""Email change: the new mailbox is verified first, both addresses are notified."""

import uuid

from sqlalchemy.exc import IntegrityError

import jobs
import mail
from domain import Refused
from domain.base import clock
from domain.people import accounts, address_history, mail_tokens, rate_limits, registration
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import User, db


def request_change(user: User, new_email: str) -> None:
    """Enqueue a confirmation link to `new_email`.

    Against user enumeration the worker, not the request, checks if another account has the address; its owner
    is notified then. Raises Refused for an invalid address and for the account's own.
    """
    address = accounts.normalise(new_email)
    if address == user.email:
        raise Refused("That’s already your address.", "email")
    token = mail_tokens.make(mail_tokens.Purpose.EMAIL, user, address)
    jobs.enqueue("send_email_change", user_id=str(user.id), email=address, token=token)


def send_link(user_id: str, email: str, token: str) -> None:
    """Mail the link, or notify the owner of a taken address, within the limit of mails for a recipient."""
    user = accounts.get(uuid.UUID(user_id))
    if accounts.holder(email) is not None:
        registration.tell_owner(email)
    elif user is not None and rate_limits.may_mail(email):
        mail.confirm_new_email(user, email, token)


def opened_by(token: str) -> tuple[User, str]:
    """Find the account and the new address of a link. Raises InvalidToken."""
    return mail_tokens.opened_by(mail_tokens.Purpose.EMAIL, token)


def confirm(token: str) -> User:
    """Change the address of the link's account; the link verifies it. Raises InvalidToken, Refused."""
    user, address = mail_tokens.opened_by(mail_tokens.Purpose.EMAIL, token, lock=True)
    old = user.email
    try:
        with db.session.begin_nested():
            user.email, user.email_verified_at = address, clock.now()
    except IntegrityError as error:
        raise Refused("This address is no longer available. Use another one.") from error
    registration.end(address)
    address_history.remember(user, old)
    mail.email_changed(user, old, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user, old))
    audit.record(user, AuditAction.CHANGE_EMAIL, user, f"{old} → {address}")
    return user


def restore_address(user: User, address: str) -> None:
    """Move `user` back to `address`, which an intruder made them leave, as a link to it proves.

    Links to the addresses in between can't undo it; the last of these is notified. Idempotent. Raises Refused
    where another account has `address` by now.
    """
    old = user.email
    if old == address:
        return
    try:
        with db.session.begin_nested():
            user.email, user.email_verified_at = address, clock.now()
    except IntegrityError as error:
        raise Refused(
            f"{address} now has its own account. Write to {settings.current().contact_email}."
        ) from error
    registration.end(old)
    address_history.forget_since(user, address)
    mail.email_changed(user, old)
    audit.record(user, AuditAction.CHANGE_EMAIL, user, f"{old} → {address}")
