"""Sign-in with OAuth: an identity opens its linked account, or is linked by its email address.

Only an address that the provider has verified counts: one that anybody can type in there proves nothing.
"""

from sqlalchemy.exc import IntegrityError

import mail
from domain import Refused
from domain.base import clock
from domain.people import accounts, address_history, linked_identities, mail_tokens, registration
from domain.people.linked_identities import ProviderIdentity
from domain.platform import events
from domain.platform.event_registry import EventName
from models import User, db

__all__ = ["ProviderIdentity", "sign_in_account"]

CLOSED = "This account was closed."


def sign_in_account(identity: ProviderIdentity) -> User:
    """Find the account of `identity`, linking or creating it if need be.

    Raises Refused for closed and suspended accounts, and where there is no verified address.
    """
    user = _linked(identity)
    if user is None:
        try:
            with db.session.begin_nested():
                user = _link(identity)
        except IntegrityError as error:  # the same person, in two tabs at once
            raise Refused("Something went wrong. Please try again.") from error
    if user.deleted_at is not None:
        raise Refused(CLOSED)
    if user.suspended_at is not None:
        raise Refused(accounts.suspended_sentence())
    return user


def _linked(identity: ProviderIdentity) -> User | None:
    row = linked_identities.row_of(identity)
    if row is None or row.unlinked_at is not None:
        return None
    row.last_used_at = clock.now()
    return db.session.get(User, row.user_id)


def _link(identity: ProviderIdentity) -> User:
    if identity.email is None:
        raise Refused(
            f"{identity.provider_name} hasn’t verified your address. Verify it there, or register here."
        )
    email = accounts.normalise(identity.email)
    user = accounts.holder(email)
    if user is None:
        address_history.refuse_suspended(email)
        user = User(name=identity.name[:100] or "Learner", email=email, email_verified_at=clock.now())
        db.session.add(user)
        db.session.flush()
        address_history.carry_over(user)
        events.write(EventName.SIGNED_UP, user.id, via=identity.provider)
    elif user.deleted_at is not None:
        raise Refused(CLOSED)
    elif user.suspended_at is not None:
        raise Refused(accounts.suspended_sentence())
    else:
        _refuse_removed(identity, user)
        if not user.is_verified:  # an unverified registration may be another person's
            registration.hand_over(user, identity.name[:100] or "Learner", None)
        mail.provider_linked(user, identity.provider_name, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    linked_identities.open_with(identity, user)
    registration.end(email)
    return user


def _refuse_removed(identity: ProviderIdentity, user: User) -> None:
    row = linked_identities.row_of(identity)
    if row is not None and row.user_id == user.id:
        raise Refused(
            f"{identity.provider_name} was removed from this account. Sign in with your password; you can"
            " link it again under Password and devices."
        )
