"""Sessions of signed-in devices: each has a random token, of which the database keeps only a hash."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, delete, func, select, update

from domain.base import clock, signing
from domain.base.compiled_statements import CompiledStatement
from domain.base.row_entities import EntityColumns
from domain.platform import notifications
from models import Cart, CartItem, Registration, SecondFactor, User, UserSession, UtcDateTime, db

LIFETIME = timedelta(days=60)
SEEN_EVERY = timedelta(minutes=5)


def user_for(token: str) -> User | None:
    """Find the user of a session token, unless it is revoked or expired, or they are suspended.

    Runs on every page of a signed-in person: one query, compiled once.
    """
    asked = {"token_hash": token_hash(token), "at": clock.now()}
    rows = _HOLDER.run(db.session.connection(), asked)
    if not rows:
        return None
    user = _USER.made(rows[0])
    assert user is not None  # noqa: S101 - joined inside
    user.session_token = token
    user.device_seen_at, user.device_proved_at = rows[0].last_seen_at, rows[0].proved_at
    user.unread, user.cart_count = rows[0].unread, rows[0].cart_count
    return user


def touch(user: User) -> bool:
    """Update when `user`'s device was last seen, every SEEN_EVERY at most; tells if it wrote."""
    seen, now = user.device_seen_at, clock.now()
    if user.session_token is None or seen is None or now - seen < SEEN_EVERY:
        return False
    db.session.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash(user.session_token), UserSession.revoked_at.is_(None))
        .values(last_seen_at=now)
    )
    return True


def proved(user: User) -> None:
    """Record that `user` has just proved their identity on this device."""
    now = clock.now()
    held = UserSession.token_hash == token_hash(user.session_token or "")
    db.session.execute(update(UserSession).where(held).values(proved_at=now, last_seen_at=now))
    user.device_seen_at, user.device_proved_at = now, now


def holder_of(hash_: Any, at: Any) -> tuple[ColumnElement[bool], ...]:
    """Build the conditions for a valid session (UserSession joined with User) at `at`.

    They name table columns, so that a statement without entities stays one.
    """
    device, user = UserSession.__table__.c, User.__table__.c
    return (
        device.token_hash == hash_,
        device.revoked_at.is_(None),
        device.expires_at > at,
        user.deleted_at.is_(None),
        user.suspended_at.is_(None),
    )


def was_shut_out(token: str) -> bool:
    """Tell if the session of `token` belongs to a suspended person."""
    query = select(User.id).join(UserSession, UserSession.user_id == User.id)
    held = query.where(UserSession.token_hash == token_hash(token), User.suspended_at.is_not(None))
    return db.session.scalar(held.limit(1)) is not None


def devices_of(user: User) -> list[UserSession]:
    """List the sessions of `user`, most recently used first."""
    query = (
        select(UserSession)
        .where(
            UserSession.user_id == user.id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > clock.now(),
        )
        .order_by(UserSession.last_seen_at.desc())
    )
    return list(db.session.scalars(query))


def is_this_device(session: UserSession, token: str) -> bool:
    """Tell if `session` is the one of `token`."""
    return session.token_hash == token_hash(token)


def start(user: User, user_agent: str = "", ip: str = "") -> UserSession:
    """Sign a device in; `user.session_token` is then the token for its cookie."""
    token = signing.new_token()
    now = clock.now()
    session = UserSession(
        user_id=user.id,
        token_hash=token_hash(token),
        user_agent="".join(c for c in user_agent if c.isprintable())[:255],
        ip=ip[:45],
        last_seen_at=now,
        proved_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(session)
    user.last_login_at = now
    user.session_token, user.device_seen_at, user.device_proved_at = token, now, now
    db.session.flush()
    return session


def end(token: str) -> None:
    """Revoke the session of `token`."""
    _revoke(UserSession.token_hash == token_hash(token))


def end_one(user: User, session_id: uuid.UUID) -> None:
    """Revoke one of `user`'s sessions; another person's id does nothing."""
    _revoke(UserSession.user_id == user.id, UserSession.id == session_id)


def end_all(user: User, except_token: str | None = None) -> None:
    """Revoke all sessions of `user`, except the one of `except_token`.

    Ends the registration too, whose browser may sign in without a password, and drops a second factor being
    set up, whose secret another device may have seen.
    """
    db.session.execute(delete(Registration).where(Registration.user_id == user.id))
    keep = [UserSession.token_hash != token_hash(except_token)] if except_token else []
    _revoke(UserSession.user_id == user.id, *keep)
    db.session.execute(
        delete(SecondFactor).where(SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_(None))
    )


def _revoke(*conditions: object) -> None:
    db.session.execute(
        update(UserSession)
        .where(*conditions, UserSession.revoked_at.is_(None))  # type: ignore[arg-type]
        .values(revoked_at=clock.now())
    )


def token_hash(token: str) -> str:
    """Hash a session token as the database keeps it."""
    return signing.token_digest(token)


def _holder(_dialect: str) -> Select[*tuple[Any, ...]]:
    device, user = UserSession.__table__, User.__table__
    unread = notifications.unread(user.c.id).label("unread")
    cart_count = _cart_count(user.c.id).label("cart_count")
    return (
        select(*_USER.labels, device.c.last_seen_at, device.c.proved_at, unread, cart_count)
        .join_from(device, user, user.c.id == device.c.user_id)
        .where(*holder_of(bindparam("token_hash", type_=String()), bindparam("at", type_=UtcDateTime())))
    )


def _cart_count(user_id: ColumnElement[uuid.UUID]) -> ColumnElement[int]:
    """Build the SQL counting the lines in the cart of `user_id`, a column; the header shows it."""
    cart, item = Cart.__table__.c, CartItem.__table__.c
    lines = select(func.count(item.id)).join_from(Cart.__table__, CartItem.__table__, item.cart_id == cart.id)
    return lines.where(cart.user_id == user_id, item.removed_at.is_(None)).scalar_subquery()


_USER = EntityColumns(User)
_HOLDER = CompiledStatement(_holder)
