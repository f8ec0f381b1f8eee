"""Slowing down whoever guesses: tries are counted in the database, so every process knows of them.

A try is written down and committed before it is looked at. However many arrive at once, no more
than the limit are let through.
"""

import hashlib
import hmac
import ipaddress
import uuid
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, select
from uuid_utils.compat import uuid7

from config import Settings
from domain import clock
from models import LoginAttempt, db

MAILS_PER_RECIPIENT = 6
HELD_PER_ADDRESS = 60


class TooMany(Exception):  # noqa: N818 - a rule that says no, not a fault
    """The limit is reached; `seconds` until the next try is counted again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many tries, wait {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Limit:
    """At most `most` tries about `subject` (a keyed hash) in `window`."""

    subject: str
    most: int
    window: timedelta


@dataclass(frozen=True)
class Attempt:
    """A try that was written down: its limits and its rows."""

    limits: tuple[Limit, ...]
    rows: tuple[uuid.UUID, ...]


def sign_in_limits(email: str, ip: str) -> tuple[Limit, ...]:
    """The limits on proving a password: per account, whether it exists or not, and per network address."""
    settings = _settings()
    return (
        _limit("account", email.strip().lower(), settings.login_account_limit),
        _limit("address", network_of(ip), settings.login_address_limit),
    )


def mail_limits(ip: str) -> tuple[Limit, ...]:
    """The limit on asking us to write mail, per network address."""
    return (_limit("mail", network_of(ip), _settings().mail_address_limit),)


def held_limits(ip: str) -> tuple[Limit, ...]:
    """The limit on forms that are kept for whoever is signed out, per network address."""
    return (_limit("held", network_of(ip), HELD_PER_ADDRESS),)


def begin(limits: tuple[Limit, ...]) -> Attempt:
    """Write a try down; the caller commits, then asks `refuse_excess`. Raises TooMany at the limit."""
    _refuse(limits, allowed=-1)
    rows = [LoginAttempt(id=uuid7(), subject=limit.subject, at=clock.now()) for limit in limits]
    db.session.add_all(rows)
    db.session.flush()
    return Attempt(limits, tuple(row.id for row in rows))


def refuse_excess(attempt: Attempt) -> None:
    """Raise TooMany when tries that arrived at the same moment have used the limit up together."""
    _refuse(attempt.limits, allowed=0)


def succeeded(attempt: Attempt) -> None:
    """Forget the account's tries, and that this one counted against the network address."""
    account = attempt.limits[0].subject
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject == account))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.rows)))


def forget_account(email: str) -> None:
    """Open an account that was slowed down: its owner has proved the mailbox."""
    subject = sign_in_limits(email, "")[0].subject
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject == subject))


def may_mail(email: str) -> bool:
    """Whether another unasked-for mail may go to `email`, counting this one; whoever asks isn't told."""
    limit = _limit("recipient", email, MAILS_PER_RECIPIENT)
    if _wait(limit, limit.most - 1) is not None:
        return False
    db.session.add(LoginAttempt(subject=limit.subject, at=clock.now()))
    return True


def network_of(ip: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 customer is given."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _limit(kind: str, value: str, most: int) -> Limit:
    key = current_app.config["SECRET_KEY"].encode()
    subject = hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
    return Limit(subject, max(most, 1), timedelta(seconds=_settings().login_window_seconds))


def _refuse(limits: tuple[Limit, ...], allowed: int) -> None:
    waits = [wait for limit in limits if (wait := _wait(limit, limit.most + allowed)) is not None]
    if waits:
        raise TooMany(max(waits))


def _wait(limit: Limit, newer: int) -> int | None:
    """Seconds until fewer than `newer` + 1 tries are in the window; None when that is so already."""
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
