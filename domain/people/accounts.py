"""Accounts: finding them, proving passwords, and what changes about them."""

import uuid
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.people import creator_page_drafts, passwords
from domain.people.passwords import MAX_PASSWORD, MIN_PASSWORD
from domain.platform import audit, settings
from models import Role, User, db

# The parameters that OWASP's password storage sheet names for argon2id, 19 MiB and two passes
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
__all__ = ["MAX_PASSWORD", "MIN_PASSWORD"]


@dataclass(frozen=True)
class Lock:
    """What opens an account or a registration: read first, so that no transaction is open while a password is
    hashed."""

    user_id: uuid.UUID | None
    password_hash: str | None

    def opens_with(self, password: str) -> bool:
        """Whether `password` fits; takes as long for nobody as for somebody, and whichever spelling fits."""
        stored = self.password_hash or _decoy()
        fits = [_verify(stored, spelling) for spelling in passwords.spellings(password)]
        return any(fits) and self.user_id is not None and bool(self.password_hash)


def normalise(email: str) -> str:
    """The one form in which an address is stored, looked up and counted. Raises Refused when it isn't one."""
    typed = email.strip().removesuffix(".")
    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused("That isn’t a complete email address.", "email") from error
    return checked.normalized.lower()


def canonical(email: str) -> str:
    """The form of `normalise`; what is no address, and so nobody's, in a form of its own."""
    try:
        return normalise(email)
    except Refused:
        return f"not an address: {email.strip().lower()}".replace(
            "\0", ""
        )  # PostgreSQL can't be asked for one


def find(email: str) -> User | None:
    """The living account with this address."""
    return _living(User.email == canonical(email))


def get(user_id: uuid.UUID) -> User | None:
    """The living account with this id."""
    return _living(User.id == user_id)


def holder(email: str) -> User | None:
    """Whoever has this address, be the account living or deleted: an address is never given twice."""
    return db.session.scalar(select(User).where(User.email == canonical(email)))


def lock_of(email: str) -> Lock:
    """The lock of the living account with this address; one that nothing opens where there is none."""
    user = find(email)
    return Lock(user.id, user.password_hash) if user else Lock(None, None)


def hash_password(password: str, *about: str) -> str:
    """The argon2id hash to store. Raises Refused where it is too short, absurdly long or easily guessed.

    `about` is what a guesser knows: see `known_of`.
    """
    passwords.check(password, about)
    return HASHER.hash(passwords.composed(password))


def known_of(*texts: str) -> tuple[str, ...]:
    """`texts` (a name, an address) and the name of the shop: what a password must not be made of."""
    return (*texts, settings.current().name)


def renew_hash(user: User, password: str) -> None:
    """Hash `password`, which has just been proved, again where the parameters or the spelling differ."""
    composed, stored = passwords.composed(password), user.password_hash
    if stored and (
        HASHER.check_needs_rehash(stored) or (composed != password and not _verify(stored, composed))
    ):
        user.password_hash = HASHER.hash(composed)


def introduce(user: User, name: str, bio: str, timezone: str, **links: str | None) -> None:
    """Take what `user` tells of themselves; `links` are `website`, `github` and `linkedin`."""
    user.timezone = timezone
    sites = {site: value or None for site, value in links.items()}
    creator_page_drafts.keep(user, {"name": name, "bio": bio, **sites})


def make_admin(email: str, name: str, password: str) -> User:
    """Make the account with this address an admin: a new one, or the one there is, also a suspended one.

    Raises Refused for a bad address or password, and when a closed account holds the address.
    """
    address = normalise(email)
    user = holder(address)
    if user is not None and user.deleted_at is not None:
        raise Refused("A closed account holds this address.", "email")
    if user is None:
        user = User(email=address, name=name.strip()[:100] or "Admin")
        db.session.add(user)
    user.password_hash = hash_password(password, *known_of(address, user.name))
    user.role, user.suspended_at = Role.ADMIN, None
    user.email_verified_at = user.email_verified_at or clock.now()
    db.session.flush()
    audit.record(None, "make_admin", user)
    return user


def suspended_sentence() -> str:
    """What somebody is told who has proved to be the owner of a suspended account."""
    return f"This account is suspended. Write to {settings.current().contact_email} if you want to know more."


def _living(condition: object) -> User | None:
    return db.session.scalar(select(User).where(condition, User.deleted_at.is_(None)))  # type: ignore[arg-type]


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _decoy() -> str:
    """A hash that nothing opens, so that an unknown address costs as much time as a known one."""
    global _decoy_hash
    if not _decoy_hash:
        _decoy_hash = HASHER.hash("no password at all")
    return _decoy_hash


_decoy_hash = ""
