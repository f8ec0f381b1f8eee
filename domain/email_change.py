"""Moving an account to another address: the new mailbox is proved first, both are told."""

from sqlalchemy.exc import IntegrityError

import mail
from domain import Refused, accounts, attempts, audit, clock, registration, tokens
from models import User, db


def ask(user: User, new_email: str) -> None:
    """Mail the link to `new_email`. Who asks isn't told when another account has it; its owner is.

    Raises Refused for what is no address, and for the one the account has.
    """
    address = accounts.normalise(new_email)
    if address == user.email:
        raise Refused("That is your address already.", "email")
    if accounts.holder(address) is not None:
        registration.tell_owner(address)
    elif attempts.may_mail(address):
        mail.confirm_new_email(user, address, tokens.make(tokens.Purpose.EMAIL, user, address))


def wanted(token: str) -> str:
    """The new address that the link is for. Raises tokens.Unusable."""
    return tokens.opened_by(tokens.Purpose.EMAIL, token)[1]


def confirm(token: str) -> User:
    """Give the link's account its new address, proved by the link. Raises tokens.Unusable, Refused."""
    user, address = tokens.opened_by(tokens.Purpose.EMAIL, token, lock=True)
    old = user.email
    try:
        with db.session.begin_nested():
            user.email, user.email_verified_at = address, clock.now()
    except IntegrityError as error:
        raise Refused("This address can’t be used any longer. Ask for another one.") from error
    mail.email_changed(user, old)
    audit.record(user, "change_email", user, f"{old} → {address}")
    return user
