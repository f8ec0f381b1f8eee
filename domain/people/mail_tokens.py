"""Tokens of links in mails: signed, expiring, and invalid once used, without a table of tokens.

A token carries a fingerprint of what its use changes (the password, the address), so that using it makes it
invalid. The token of a registration names its row instead.
"""

import uuid
from enum import StrEnum
from typing import Any

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import select

from domain import InvalidToken
from domain.base import signing, sql
from domain.people import accounts
from models import OAuthAccount, User, db


class Purpose(StrEnum):
    """The purpose of a token; a token for one is invalid for every other."""

    VERIFY = "verify"
    RESET = "reset"
    EMAIL = "email"
    NOT_ME = "not-me"


LIFETIME_SECONDS = {
    Purpose.VERIFY: 3 * 24 * 3600,
    Purpose.RESET: 3600,
    Purpose.EMAIL: 24 * 3600,
    Purpose.NOT_ME: 14 * 24 * 3600,
}

FINGERPRINT = 24  # hex digits

USED = "This link has already been used or replaced by a newer one."


def sign(purpose: Purpose, content: Any) -> str:
    """Sign and date `content` (plain JSON) as a token."""
    return _serializer(purpose).dumps(content)


def read(purpose: Purpose, token: str) -> Any:
    """Verify a token and read its content. Raises InvalidToken if it is forged, damaged or expired."""
    try:
        return _serializer(purpose).loads(token, max_age=LIFETIME_SECONDS[purpose])
    except SignatureExpired as error:
        raise InvalidToken("This link has expired.") from error
    except BadData as error:
        raise InvalidToken("This link is incomplete. Open it from the email again.") from error


def make(purpose: Purpose, user: User, extra: str = "") -> str:
    """Make a token for `user`; `extra` (such as another address) is signed with it.

    A NOT_ME token with `extra` goes to the address that the account has just left.
    """
    return sign(purpose, [user.id.hex, signing.digest(_state(purpose, user, extra), FINGERPRINT), extra])


def opened_by(purpose: Purpose, token: str, lock: bool = False) -> tuple[User, str]:
    """Find the account of a token and its `extra`; raises InvalidToken for a used one.

    `lock` locks the row until the transaction ends, so that of two concurrent uses the second is refused.
    """
    key, fingerprint, extra = read(purpose, token)
    query = select(User).where(User.id == uuid.UUID(key), User.deleted_at.is_(None))
    user = sql.locked(query, keys=True).first() if lock else db.session.scalar(query)
    if user is None or not signing.verify(_state(purpose, user, extra), fingerprint, FINGERPRINT):
        raise InvalidToken(USED)
    if user.suspended_at is not None:
        raise InvalidToken(accounts.suspended_sentence())
    return user, extra


def _state(purpose: Purpose, user: User, extra: str) -> str:
    if purpose == Purpose.NOT_ME:
        state: tuple[object, ...] = (extra or user.email,)
    else:
        state = (user.email, user.password_hash or _identities_of(user))
    return repr((purpose.value, *state))


def _identities_of(user: User) -> list[str]:
    """List the linked identities: the fingerprint of an account without a password."""
    query = select(OAuthAccount.id).where(OAuthAccount.user_id == user.id, OAuthAccount.unlinked_at.is_(None))
    return [key.hex for key in db.session.scalars(query.order_by(OAuthAccount.id))]


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    return signing.serializer(f"lectern.{purpose}")
