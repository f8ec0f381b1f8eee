"""Accounts: looking them up, verifying passwords, changing profiles."""

import uuid
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.base.text import one_line
from domain.people import creator_page_drafts, passwords
from domain.people.passwords import MAX_PASSWORD, MIN_PASSWORD
from domain.platform import audit, consents, settings
from domain.platform.audit_actions import AuditAction
from models import ConsentEnd, Role, User, db

# OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, two passes, one lane.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
__all__ = ["MAX_PASSWORD", "MIN_PASSWORD"]


@dataclass(frozen=True)
class PasswordHash:
    """The credentials of an account or a registration, read before the password is verified.

    Hashing takes tens of milliseconds, during which no transaction should be open.
    """

    user_id: uuid.UUID | None
    password_hash: str | None

    def opens_with(self, password: str) -> bool:
        """Verify `password`; takes as long without an account, and whichever spelling matches."""
        stored = self.password_hash or _decoy()
        fits = [_verify(stored, spelling) for spelling in passwords.spellings(password)]
        return any(fits) and self.user_id is not None and bool(self.password_hash)


def normalise(email: str) -> str:
    """Normalise an email address to the form it is stored, looked up and counted in. Raises Refused."""
    typed = email.strip().removesuffix(".")
    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused("That isn’t a complete email address.", "email") from error
    return checked.normalized.lower()


def canonical(email: str) -> str:
    """Normalise an address as `normalise` does; an invalid one gets a form that no account can have."""
    try:
        return normalise(email)
    except Refused:
        return f"not an address: {email.strip().lower()}".replace("\0", "")  # PostgreSQL refuses NUL


def find(email: str) -> User | None:
    """Find the account with this address, unless it is deleted."""
    return _living(User.email == canonical(email))


def get(user_id: uuid.UUID) -> User | None:
    """Find the account with this id, unless it is deleted."""
    return _living(User.id == user_id)


def holder(email: str) -> User | None:
    """Find the account with this address, even a closed one: an address is never given to another."""
    return db.session.scalar(select(User).where(User.email == canonical(email)))


def lock_of(email: str) -> PasswordHash:
    """Read the credentials of the account with this address; without one, such that no password fits."""
    user = find(email)
    return PasswordHash(user.id, user.password_hash) if user else PasswordHash(None, None)


def hash_password(password: str, *about: str) -> str:
    """Check a password against the policy and hash it with argon2id. Raises Refused.

    `about` are words that a guesser would know: see `known_of`.
    """
    passwords.check(password, about)
    return HASHER.hash(passwords.composed(password))


def known_of(*texts: str) -> tuple[str, ...]:
    """Collect the words that a password must not be made of: `texts` (name, address) and the shop's name."""
    return (*texts, settings.current().name)


def renew_hash(user: User, password: str) -> None:
    """Rehash a password just verified, if the hash has old parameters or an old spelling."""
    composed, stored = passwords.composed(password), user.password_hash
    if stored and (
        HASHER.check_needs_rehash(stored) or (composed != password and not _verify(stored, composed))
    ):
        user.password_hash = HASHER.hash(composed)


def save_profile(user: User, name: str, bio: str, timezone: str, **links: str | None) -> None:
    """Save the profile of `user`; `links` are `website`, `github` and `linkedin`."""
    user.timezone = timezone
    sites = {site: value or None for site, value in links.items()}
    creator_page_drafts.keep(user, {"name": name, "bio": bio, **sites})


def make_admin(email: str, name: str, password: str) -> User:
    """Create an admin with this address, or promote the account there is, lifting a suspension.

    Raises Refused for a bad address or password, and when a closed account holds the address.
    """
    address = normalise(email)
    user = holder(address)
    if user is not None and user.deleted_at is not None:
        raise Refused("This address belongs to a closed account.", "email")
    if user is None:
        user = User(email=address, name=one_line(name)[:100] or "Admin")
        db.session.add(user)
    user.password_hash = hash_password(password, *known_of(address, user.name))
    user.role, user.suspended_at = Role.ADMIN, None
    db.session.flush()
    prove_address(user)
    audit.record(None, AuditAction.MAKE_ADMIN, user)
    return user


def prove_address(user: User) -> None:
    """Record that the address of `user` is theirs; nothing changes for a verified one.

    Who consented to marketing before may have been another person, so that consent ends.
    """
    if not user.is_verified:
        consents.withdraw(user, ConsentEnd.HANDOVER)
        user.email_verified_at = clock.now()


def suspended_sentence() -> str:
    """Explain the suspension to somebody who has proved that the account is theirs."""
    return f"This account is suspended. To find out more, write to {settings.current().contact_email}."


def _living(condition: object) -> User | None:
    return db.session.scalar(select(User).where(condition, User.deleted_at.is_(None)))  # type: ignore[arg-type]


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _decoy() -> str:
    """Hash a password that nobody has, so that an unknown address takes as long to check as a known one."""
    global _decoy_hash
    if not _decoy_hash:
        _decoy_hash = HASHER.hash("no password at all")
    return _decoy_hash


_decoy_hash = ""
