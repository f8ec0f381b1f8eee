"""Slowing down whoever guesses: tries are counted in the database, so every process knows of them.

A try is written down and committed before it is looked at. However many arrive at once, no more
than the limit are let through.

A stranger must not be able to keep the owner out. So tries count for an account and a network address
together, and a browser that has signed in to the account before has a limit of its own. Where an account is
tried from many networks, each of them gets fewer tries; none is shut out by the others.
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
from domain.base import clock
from domain.people import accounts
from models import LoginAttempt, db

MAILS_PER_RECIPIENT = 6
CROWDED = 5  # times the limit of an account, from everywhere: from then on a network gets TRIES_IN_A_CROWD
TRIES_IN_A_CROWD = 2
HELD_PER_ADDRESS = 60


class TooMany(Exception):  # noqa: N818 - a rule that says no, not a fault
    """The limit is reached; `seconds` until the next try is counted again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many tries, wait {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Limit:
    """At most `most` tries about `subject` (a keyed hash) in `window`; None: they are only counted."""

    subject: str
    most: int | None
    window: timedelta


@dataclass(frozen=True)
class Attempt:
    """A try that was written down: its limits and its rows."""

    limits: tuple[Limit, ...]
    rows: tuple[uuid.UUID, ...]


def sign_in_limits(email: str, ip: str, device: str = "") -> tuple[Limit, ...]:
    """The limits on proving a password at sign-in, the same whether the account exists or not.

    `device` names a browser that has signed in to this account before: it has a limit of its own.
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


def code_limits(user_id: uuid.UUID, ip: str) -> tuple[Limit, ...]:
    """The limits on guessing the codes of a second factor: per account and per network address."""
    settings = _settings()
    return (
        _limit("code", user_id.hex, settings.login_account_limit),
        _limit("address", network_of(ip), settings.login_address_limit),
    )


def proof_limits(user_id: uuid.UUID) -> tuple[Limit, ...]:
    """The limit on proving the password again while signed in, which no stranger can use up."""
    return (_limit("proof", user_id.hex, _settings().login_account_limit),)


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


def was_last(attempt: Attempt) -> bool:
    """Whether the account's next try will be refused, because of this one."""
    limit = attempt.limits[0]
    return limit.most is not None and _wait(limit, limit.most - 1) is not None


def succeeded(attempt: Attempt) -> None:
    """Forget the tries from here about this account, and that this one counted anywhere."""
    here = attempt.limits[0].subject
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject == here))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.rows)))


def forget_account(email: str, ip: str) -> None:
    """Open an account that was slowed down, for whoever has proved the mailbox from `ip`."""
    subjects = [limit.subject for limit in sign_in_limits(email, ip)[:2]]
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.subject.in_(subjects)))


def may_mail(email: str) -> bool:
    """Whether another unasked-for mail may go to `email`, counting this one; whoever asks isn't told."""
    limit = _limit("recipient", accounts.canonical(email), MAILS_PER_RECIPIENT)
    if _wait(limit, MAILS_PER_RECIPIENT - 1) is not None:
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


def _limit(kind: str, value: str, most: int | None) -> Limit:
    key = current_app.config["SECRET_KEY"].encode()
    subject = hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
    bound = None if most is None else max(most, 1)
    return Limit(subject, bound, timedelta(seconds=_settings().login_window_seconds))


def _refuse(limits: tuple[Limit, ...], allowed: int) -> None:
    bounded = [(limit, limit.most) for limit in limits if limit.most is not None]
    waits = [wait for limit, most in bounded if (wait := _wait(limit, most + allowed)) is not None]
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
