"""Becoming somebody here: a registration, and the proof that its address is theirs.

A registration waits in a row of its own and is no account before. Its link confirms this one registration and
needs whoever made it: the browser that registered, or the password that was chosen. So nobody has an address
confirmed for them by somebody else, and confirming one registration ends every other for the address.

Nothing here tells whoever asks whether an address has an account: the request does the same for any address,
the worker looks whose it is, and the owner is told by mail.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

import jobs
import mail
from domain import Refused, Unusable
from domain.base import clock
from domain.people import (
    accounts,
    address_marks,
    creator_page_drafts,
    login_throttle,
    mail_tokens,
    sessions,
)
from models import OAuthAccount, Registration, User, db

LIFETIME = timedelta(seconds=mail_tokens.LIFETIME_SECONDS[mail_tokens.Purpose.VERIFY])
TAKEN = "An account with this address is in use already. Sign in, or set a new password."


@dataclass(frozen=True)
class Newcomer:
    """What somebody registers with. The password is hashed already, outside any transaction."""

    name: str
    email: str
    password_hash: str


def prepare(name: str, email: str, password: str, shop: str) -> Newcomer:
    """Check what was typed and hash the password, which takes its time. Raises Refused.

    `shop` is the shop's name, which a password must not be made of.
    """
    address = accounts.normalise(email)
    return Newcomer(name, address, accounts.hash_password(password, name, address, shop))


def register(newcomer: Newcomer, way_back: str = "/", own: uuid.UUID | None = None) -> Registration:
    """Keep a registration and have its mail written; `way_back` is the path they were on.

    `own` is what this browser registered before: the same address again, in a form that was sent twice or
    with another password, takes its place and keeps its links.
    """
    before = db.session.get(Registration, own, with_for_update=True) if own else None
    if before is not None and before.email == newcomer.email and before.user_id is None:
        registration = before
    else:
        registration = Registration(email=newcomer.email)
        db.session.add(registration)
    registration.name, registration.password_hash = newcomer.name, newcomer.password_hash
    registration.way_back, registration.expires_at = way_back, clock.now() + LIFETIME
    db.session.flush()
    send_again(registration.id)
    return registration


def of_account(user: User, way_back: str = "/", own: uuid.UUID | None = None) -> Registration:
    """A registration that proves the address of `user`, whose account is older than its proof."""
    return register(Newcomer(user.name, user.email, user.password_hash or ""), way_back, own)


def send_again(registration_id: uuid.UUID) -> None:
    """Have the mail of a registration written, once more."""
    jobs.enqueue("send_registration_mail", registration_id=str(registration_id))


def send_mail(registration_id: str) -> None:
    """Mail the link of a registration, or tell the owner of an address that is taken, if neither got many."""
    registration = db.session.get(Registration, uuid.UUID(registration_id))
    if registration is None or registration.user_id is not None:
        return
    if _is_taken(accounts.holder(registration.email)):
        tell_owner(registration.email)
    elif login_throttle.may_mail(registration.email):
        registration.expires_at = clock.now() + LIFETIME
        token = mail_tokens.sign(mail_tokens.Purpose.VERIFY, registration.id.hex)
        mail.verify_email(registration.email, token, registration.way_back)


def tell_owner(email: str) -> None:
    """Tell whoever has this address that somebody tried to register with it."""
    user = accounts.holder(email)
    if user is not None and login_throttle.may_mail(email):
        mail.already_registered(user)


def opened_by(token: str) -> Registration:
    """The registration whose link this is. Raises Unusable."""
    key = mail_tokens.read(mail_tokens.Purpose.VERIFY, token)
    registration = db.session.get(Registration, uuid.UUID(key)) if isinstance(key, str) else None
    if registration is None or registration.user_id is not None:
        raise Unusable(mail_tokens.USED)
    return registration


def lock_of(registration: Registration) -> accounts.Lock:
    """What opens a registration elsewhere than in its own browser."""
    return accounts.Lock(registration.id, registration.password_hash)


def confirm(token: str) -> User:
    """Make the link's registration an account, and end all others for its address. Raises Unusable.

    The caller knows that whoever opened the link is whoever registered.
    """
    registration = opened_by(token)
    email = registration.email
    query = select(Registration).where(Registration.email == email).order_by(Registration.id)
    locked = query.with_for_update().execution_options(populate_existing=True)
    if registration not in db.session.scalars(locked).all() or registration.user_id is not None:
        raise Unusable(mail_tokens.USED)
    user = _account_of(registration)
    registration.user_id = user.id
    end(email, but=registration.id)
    return user


def account_of(registration_id: uuid.UUID) -> User | None:
    """The account that a registration has become, while it still has the password of the registration."""
    query = select(User).join(Registration, Registration.user_id == User.id)
    same = (Registration.id == registration_id, Registration.password_hash == User.password_hash)
    user = db.session.scalar(query.where(*same, Registration.email == User.email))
    return user if user is not None and user.is_active else None


def hand_over(user: User, name: str, password_hash: str | None) -> None:
    """Give an account whose address nobody had proved to whoever has proved it now.

    Nothing that another person set remains: neither a way in nor what they said of themselves.
    """
    sessions.end_all(user)
    db.session.execute(delete(OAuthAccount).where(OAuthAccount.user_id == user.id))
    if password_hash is None or password_hash != user.password_hash:
        user.name, user.password_hash, user.bio = name, password_hash, ""
        user.website = user.github = user.linkedin = None
        creator_page_drafts.drop_avatar(user)
    user.email_verified_at = clock.now()
    db.session.flush()


def end(email: str, but: uuid.UUID | None = None) -> None:
    """End every registration for `email`, which somebody has proved, but for the one that was confirmed."""
    others = [Registration.id != but] if but else []
    db.session.execute(delete(Registration).where(Registration.email == email, *others))


def _account_of(registration: Registration) -> User:
    user = accounts.holder(registration.email)
    if _is_taken(user):
        raise Unusable(TAKEN)
    if user is not None:
        hand_over(user, registration.name, registration.password_hash or None)
        return user
    try:
        address_marks.refuse_suspended(registration.email)
    except Refused as refusal:
        raise Unusable(refusal.sentence) from refusal
    user = User(
        name=registration.name, email=registration.email, password_hash=registration.password_hash,
        email_verified_at=clock.now(),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:  # the address was taken in another way at the same moment
        raise Unusable(TAKEN) from error
    address_marks.carry_over(user)
    return user


def _is_taken(holder: User | None) -> bool:
    """Whether somebody else may not have the address any more: it is proved, or its account is shut."""
    return holder is not None and (holder.is_verified or not holder.is_active)
