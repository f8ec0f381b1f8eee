"""Becoming somebody here: an account, and the proof that its address is theirs.

Nothing here tells whoever asks whether an address has an account; its owner is told by mail.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

import mail
from domain import accounts, attempts, clock, tokens
from models import User, db


@dataclass(frozen=True)
class Newcomer:
    """What somebody registers with. The password is hashed already, outside any transaction."""

    name: str
    email: str
    password_hash: str


def prepare(name: str, email: str, password: str) -> Newcomer:
    """Check what was typed and hash the password, which takes its time. Raises Refused."""
    return Newcomer(name, accounts.normalise(email), accounts.hash_password(password))


def register(newcomer: Newcomer, way_back: str = "/") -> User | None:
    """Make the account and mail its link; where the address is taken, tell its owner and answer None."""
    user = _create(newcomer)
    if user is None:
        tell_owner(newcomer.email)
        return None
    send_link(user, way_back)
    return user


def send_link(user: User, way_back: str = "/") -> None:
    """Mail `user` the link that verifies their address, if it isn't and they didn't get many already."""
    if not user.is_verified and attempts.may_mail(user.email):
        mail.verify_email(user, tokens.make(tokens.Purpose.VERIFY, user), way_back)


def send_again(email: str, way_back: str = "/") -> None:
    """What registering with `email` sent, once more."""
    user = accounts.find(email)
    if user is not None and not user.is_verified:
        send_link(user, way_back)
    else:
        tell_owner(email)


def tell_owner(email: str) -> None:
    """Tell whoever has this address that somebody tried to register with it."""
    user = accounts.holder(email)
    if user is not None and attempts.may_mail(email):
        mail.already_registered(user)


def verify(token: str) -> User:
    """Take the address of the link's account as proved. Raises tokens.Unusable."""
    user, _ = tokens.opened_by(tokens.Purpose.VERIFY, token, lock=True)
    user.email_verified_at = clock.now()
    db.session.flush()
    return user


def _create(newcomer: Newcomer) -> User | None:
    if accounts.holder(newcomer.email) is not None:
        return None
    user = User(name=newcomer.name, email=newcomer.email, password_hash=newcomer.password_hash)
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:  # the same address registered at the same moment
        return None
    return user
