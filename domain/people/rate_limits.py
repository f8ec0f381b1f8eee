"""Rate limits for sign-in, second factor, password proofs and mails, counted in the database.

Every process shares them. An attempt is recorded and committed before the password is checked, so that
however many arrive at once, no more than the limit get through.

A stranger must not be able to lock the owner out. So attempts are counted for an account and a network
together, and a browser that has signed in to the account before has a limit of its own. An account attacked
from many networks allows fewer attempts to each of them.
"""

import ipaddress
import uuid
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, select
from uuid_utils.compat import uuid7

from config import Settings
from domain.base import clock, signing
from domain.people import accounts
from models import LoginAttempt, db

MAILS_PER_RECIPIENT = 6
CROWDED = 5  # times an account's limit, over all networks: beyond it each network gets TRIES_IN_A_CROWD
TRIES_IN_A_CROWD = 2
HELD_PER_ADDRESS = 60
WRONG_CODES_PER_ADDRESS = 60
CARTS_PER_ADDRESS = 200


class TooManyAttempts(Exception):  # noqa: N818 - a rule that says no, not a fault
    """The rate limit is reached; `seconds` until the next attempt may be made."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many tries, wait {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class AttemptLimit:
    """A rate limit: `most` attempts about `subject` (a keyed hash) in `window`; None only counts them."""

    subject: str
    most: int | None
    window: timedelta


@dataclass(frozen=True)
class Attempt:
    """A recorded attempt: its limits and its rows."""

    limits: tuple[AttemptLimit, ...]
    rows: tuple[uuid.UUID, ...]


def sign_in_limits(email: str, ip: str, device: str = "") -> tuple[AttemptLimit, ...]:
    """List the limits of sign-in by password, the same whether the account exists or not.

    `device` identifies a browser that has signed in to this account before: it has a limit of its own.
    """
    account, most = accounts.canonical(email), _settings().login_account_limit
    if device:
        return (_limit("device", f"{device} {account}", most),)
    everywhere = _limit("account", account, None)
    if _wait(everywhere, CROWDED * most - 1) is not None:
        most = min(most, TRIES_IN_A_CROWD)
    network = network_of(ip)
    return (
        _limit("account from", f"{network} {account}", most),
        everywhere,
        _limit("address", network, _settings().login_address_limit),
    )


def code_limits(user_id: uuid.UUID, ip: str) -> tuple[AttemptLimit, ...]:
    """List the limits of second-factor codes: for the account and for the network."""
    settings = _settings()
    return (
        _limit("code", user_id.hex, settings.login_account_limit),
        _limit("address", network_of(ip), settings.login_address_limit),
    )


def proof_limits(user_id: uuid.UUID) -> tuple[AttemptLimit, ...]:
    """List the limit of proving the password while signed in; no stranger can use it up."""
    return (_limit("proof", user_id.hex, _settings().login_account_limit),)


def mail_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of requesting mails, for the network."""
    return (_limit("mail", network_of(ip), _settings().mail_address_limit),)


def held_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of held posts of signed-out visitors, for the network."""
    return (_limit("held", network_of(ip), HELD_PER_ADDRESS),)


def coupon_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of entering codes of coupons that aren't valid, for the network."""
    return (_limit("coupon", network_of(ip), WRONG_CODES_PER_ADDRESS),)


def gift_link_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of trying links of gifts that aren't valid, for the network."""
    return (_limit("gift link", network_of(ip), _settings().login_address_limit),)


def withdrawal_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of declaring a withdrawal, which mails to the address typed, for the network."""
    return (_limit("withdrawal", network_of(ip), _settings().mail_address_limit),)


def refuse_spent(limits: tuple[AttemptLimit, ...]) -> None:
    """Raise TooManyAttempts when no attempt is left, without recording one."""
    _refuse(limits, allowed=-1)


def cart_limits(ip: str) -> tuple[AttemptLimit, ...]:
    """List the limit of carts that signed-out visitors begin, for the network."""
    return (_limit("cart", network_of(ip), CARTS_PER_ADDRESS),)


def begin(limits: tuple[AttemptLimit, ...]) -> Attempt:
    """Record an attempt; the caller commits, then calls `refuse_excess`. Raises TooManyAttempts."""
    _refuse(limits, allowed=-1)
    rows = [LoginAttempt(id=uuid7(), subject=limit.subject, at=clock.now()) for limit in limits]
    db.session.add_all(rows)
    db.session.flush()
    return Attempt(limits, tuple(row.id for row in rows))


def refuse_excess(attempt: Attempt) -> None:
    """Raise TooManyAttempts when concurrent attempts have exceeded the limit together."""
    _refuse(attempt.limits, allowed=0)


def was_last(attempt: Attempt) -> bool:
    """Tell if this attempt used up the account's limit, so that the next will be refused."""
    limit = attempt.limits[0]
    return limit.most is not None and _wait(limit, limit.most - 1) is not None


def succeeded(attempt: Attempt) -> None:
    """Delete the failed attempts on this account from here, and this one from all counts."""
    here = attempt.limits[0].subject
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject == here))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.rows)))


def forget_account(email: str, ip: str) -> None:
    """Lift the limit on an account for somebody who has proved its mailbox from `ip`."""
    subjects = [limit.subject for limit in sign_in_limits(email, ip)[:2]]
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject.in_(subjects)))


def may_mail(email: str) -> bool:
    """Count an unrequested mail to `email` and tell if it may be sent; the requester isn't told."""
    limit = _limit("recipient", accounts.canonical(email), MAILS_PER_RECIPIENT)
    if _wait(limit, MAILS_PER_RECIPIENT - 1) is not None:
        return False
    db.session.add(LoginAttempt(subject=limit.subject, at=clock.now()))
    return True


def network_of(ip: str) -> str:
    """Map an IP address to what is limited as one: an IPv4 address, or an IPv6 customer's /64."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _limit(kind: str, value: str, most: int | None) -> AttemptLimit:
    subject = signing.digest(f"{kind}:{value}")
    bound = None if most is None else max(most, 1)
    return AttemptLimit(subject, bound, timedelta(seconds=_settings().login_window_seconds))


def _refuse(limits: tuple[AttemptLimit, ...], allowed: int) -> None:
    bounded = [(limit, limit.most) for limit in limits if limit.most is not None]
    waits = [wait for limit, most in bounded if (wait := _wait(limit, most + allowed)) is not None]
    if waits:
        raise TooManyAttempts(max(waits))


def _wait(limit: AttemptLimit, newer: int) -> int | None:
    """Compute the seconds until at most `newer` attempts are in the window; None when that is so already."""
    now = clock.now()
    at = db.session.scalar(
        select(LoginAttempt.at)
        .where(LoginAttempt.subject == limit.subject, LoginAttempt.at > now - limit.window)
        .order_by(LoginAttempt.at.desc())
        .offset(newer)
        .limit(1)
    )
    return max(1, round((at + limit.window - now).total_seconds())) if at is not None else None


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
