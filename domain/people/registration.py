"""Registration: a row of its own until the address is verified, which turns it into an account.

The link confirms this one registration and needs the person who made it: the browser that registered, or the
password. So nobody can have an address verified for them by somebody else, and confirming one registration
ends all others for the address.

Against user enumeration the request does the same for every address; the worker checks if it has an account,
and its owner is notified by mail.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

import jobs
import mail
from domain import InvalidToken, Refused
from domain.base import clock, sql
from domain.people import (
    accounts,
    address_history,
    creator_page_drafts,
    mail_tokens,
    rate_limits,
    sessions,
)
from domain.platform import events
from domain.platform.event_registry import EventName
from models import OAuthAccount, Registration, User, db

LIFETIME = timedelta(seconds=mail_tokens.LIFETIME_SECONDS[mail_tokens.Purpose.VERIFY])
TAKEN = "There’s already an account with this address. Sign in, or set a new password."


@dataclass(frozen=True)
class RegistrationInput:
    """The fields of a registration. The password is hashed already, outside of any transaction."""

    name: str
    email: str
    password_hash: str


def prepare(name: str, email: str, password: str, shop: str) -> RegistrationInput:
    """Validate the fields and hash the password, which is slow. Raises Refused.

    `shop` is the shop's name, which a password must not be made of.
    """
    address = accounts.normalise(email)
    return RegistrationInput(name, address, accounts.hash_password(password, name, address, shop))


def register(newcomer: RegistrationInput, way_back: str = "/", own: uuid.UUID | None = None) -> Registration:
    """Insert a registration and enqueue its mail; `way_back` is the path to return to.

    `own` is an earlier registration of this browser: for the same address, in a form sent twice or with
    another password, it is overwritten, and links already mailed stay valid.
    """
    earlier = select(Registration).where(Registration.id == own)
    before = sql.locked(earlier, keys=True).first() if own else None
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


def register_account(user: User, way_back: str = "/", own: uuid.UUID | None = None) -> Registration:
    """Register `user`, whose account exists but whose address was never verified."""
    return register(RegistrationInput(user.name, user.email, user.password_hash or ""), way_back, own)


def send_again(registration_id: uuid.UUID) -> None:
    """Enqueue the mail of a registration once more."""
    jobs.enqueue("send_registration_mail", registration_id=str(registration_id))


def send_mail(registration_id: str) -> None:
    """Mail the link, or notify the owner of a taken address, within the limit of mails for a recipient."""
    registration = db.session.get(Registration, uuid.UUID(registration_id))
    if registration is None or registration.user_id is not None:
        return
    if _is_taken(accounts.holder(registration.email)):
        tell_owner(registration.email)
    elif rate_limits.may_mail(registration.email):
        registration.expires_at = clock.now() + LIFETIME
        token = mail_tokens.sign(mail_tokens.Purpose.VERIFY, registration.id.hex)
        mail.verify_email(registration.email, token, registration.way_back)


def tell_owner(email: str) -> None:
    """Notify the owner of an address that somebody tried to register with it."""
    user = accounts.holder(email)
    if user is not None and rate_limits.may_mail(email):
        mail.already_registered(user)


def opened_by(token: str) -> Registration:
    """Find the registration of a link. Raises InvalidToken."""
    key = mail_tokens.read(mail_tokens.Purpose.VERIFY, token)
    registration = db.session.get(Registration, uuid.UUID(key)) if isinstance(key, str) else None
    if registration is None or registration.user_id is not None:
        raise InvalidToken(mail_tokens.USED)
    return registration


def lock_of(registration: Registration) -> accounts.PasswordHash:
    """Read the credentials that confirm a registration in another browser."""
    return accounts.PasswordHash(registration.id, registration.password_hash)


def confirm(token: str) -> User:
    """Turn the link's registration into an account, and end all others for its address. Raises InvalidToken.

    The caller has checked that the link was opened by the person who registered.
    """
    registration = opened_by(token)
    email = registration.email
    query = select(Registration).where(Registration.email == email).order_by(Registration.id)
    if registration not in sql.locked(query, keys=True).all() or registration.user_id is not None:
        raise InvalidToken(mail_tokens.USED)
    user = _account_of(registration)
    registration.user_id = user.id
    end(email, but=registration.id)
    return user


def account_of(registration_id: uuid.UUID) -> User | None:
    """Find the account that a registration has become, while it still has that password."""
    query = select(User).join(Registration, Registration.user_id == User.id)
    same = (Registration.id == registration_id, Registration.password_hash == User.password_hash)
    user = db.session.scalar(query.where(*same, Registration.email == User.email))
    return user if user is not None and user.is_active else None


def hand_over(user: User, name: str, password_hash: str | None) -> None:
    """Give an account with an unverified address to the person who has verified it now.

    Removes all that another person may have set: ways to sign in, the profile, and consent to marketing.
    """
    sessions.end_all(user)
    db.session.execute(delete(OAuthAccount).where(OAuthAccount.user_id == user.id))
    if password_hash is None or password_hash != user.password_hash:
        user.name, user.password_hash, user.bio = name, password_hash, ""
        user.website = user.github = user.linkedin = None
        creator_page_drafts.remove_avatar(user)
    accounts.prove_address(user)
    db.session.flush()


def end(email: str, but: uuid.UUID | None = None) -> None:
    """Delete all registrations for `email`, which somebody has verified, but the confirmed one."""
    others = [Registration.id != but] if but else []
    db.session.execute(delete(Registration).where(Registration.email == email, *others))


def _account_of(registration: Registration) -> User:
    user = accounts.holder(registration.email)
    if _is_taken(user):
        raise InvalidToken(TAKEN)
    if user is not None:
        hand_over(user, registration.name, registration.password_hash or None)
        return user
    try:
        address_history.refuse_suspended(registration.email)
    except Refused as refusal:
        raise InvalidToken(refusal.sentence) from refusal
    user = User(
        name=registration.name, email=registration.email, password_hash=registration.password_hash,
        email_verified_at=clock.now(),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:  # the address was taken in another way at the same moment
        raise InvalidToken(TAKEN) from error
    address_history.carry_over(user)
    events.write(EventName.SIGNED_UP, user.id, via="email")
    return user


def _is_taken(holder: User | None) -> bool:
    """Tell if an address can't be registered: it is verified, or its account is closed or suspended."""
    return holder is not None and (holder.is_verified or not holder.is_active)
