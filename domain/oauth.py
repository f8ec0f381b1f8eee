"""Signing in with an identity at another provider.

An identity opens the account it is linked to. Otherwise it is linked by its address, and only by
one that the provider has verified: an address that anyone can type in there proves nothing here.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

import mail
from domain import Refused, accounts, clock, sessions
from models import OAuthAccount, User, db

CLOSED = "This account was closed."
NAMES = {"github": "GitHub", "google": "Google"}


@dataclass(frozen=True)
class Identity:
    """Who somebody is at a provider. `email` is None unless the provider has verified it."""

    provider: str
    provider_name: str
    subject: str
    name: str
    email: str | None


def account_of(identity: Identity) -> User:
    """The account that `identity` opens, linked or made if need be.

    Raises Refused for closed accounts, and where no verified address says whose account it is.
    """
    user = _linked(identity)
    if user is None:
        try:
            with db.session.begin_nested():
                user = _link(identity)
        except IntegrityError as error:  # the same person, in two tabs at once
            raise Refused("That went wrong. Please try again.") from error
    if user.deleted_at is not None:
        raise Refused(CLOSED)
    if user.suspended_at is not None:
        raise Refused(accounts.suspended_sentence())
    return user


def linked_to(user: User) -> dict[str, str]:
    """Name the providers with which `user` can sign in, by key."""
    linked = set(db.session.scalars(select(OAuthAccount.provider).where(OAuthAccount.user_id == user.id)))
    return {key: name for key, name in NAMES.items() if key in linked}


def is_of(identity: Identity, user: User) -> bool:
    """Whether `identity` is linked to `user`'s account."""
    found = _linked(identity)
    return found is not None and found.id == user.id


def _linked(identity: Identity) -> User | None:
    query = (
        select(User)
        .join(OAuthAccount, OAuthAccount.user_id == User.id)
        .where(OAuthAccount.provider == identity.provider, OAuthAccount.subject == identity.subject)
    )
    return db.session.scalar(query)


def _link(identity: Identity) -> User:
    if identity.email is None:
        raise Refused(
            f"{identity.provider_name} has not verified your address. Verify it there, or register here."
        )
    email = accounts.normalise(identity.email)
    user = accounts.holder(email)
    if user is None:
        user = User(name=identity.name[:100] or "Learner", email=email, email_verified_at=clock.now())
        db.session.add(user)
        db.session.flush()
    elif user.deleted_at is not None:
        raise Refused(CLOSED)
    elif user.suspended_at is not None:
        raise Refused(accounts.suspended_sentence())
    else:
        _prove(user)
        mail.provider_linked(user, identity.provider_name)
    db.session.add(OAuthAccount(user_id=user.id, provider=identity.provider, subject=identity.subject))
    return user


def _prove(user: User) -> None:
    """Hand an account to the owner of its address: whoever registered it without proof loses the way in."""
    if not user.is_verified:
        user.password_hash = None
        user.email_verified_at = clock.now()
        sessions.end_all(user)
