"""Connected accounts: each creator opens one at Stripe, to be paid there.

Stripe decides whether an account can be paid; the row only holds what it said last (`record`). A creator who
moves to another country opens another account, because Stripe never changes an account's country.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select

import payments
from domain import Refused
from domain.base import clock, sql
from domain.payouts import reached
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import ConnectAccount, ConnectApi, ConnectEnd, ConnectState, User, db
from payments import ConnectedAccount

MOST_EARLIER = 10


@dataclass(frozen=True)
class Opening:
    """An account to be opened at Stripe: what is sent, under an idempotency key that repeats with it."""

    key: str
    email: str
    country: str
    user_id: str


def of(creator: User) -> ConnectAccount | None:
    """Return the account that `creator` is paid to; None without one."""
    return db.session.scalar(
        select(ConnectAccount).where(
            ConnectAccount.creator_id == creator.id, ConnectAccount.closed_at.is_(None)
        )
    )


def earlier(creator: User) -> list[ConnectAccount]:
    """List the accounts that `creator` was paid to before, the last MOST_EARLIER, newest first."""
    mine = ConnectAccount.creator_id == creator.id, ConnectAccount.closed_at.is_not(None)
    query = select(ConnectAccount).where(*mine).order_by(ConnectAccount.created_at.desc())
    return list(db.session.scalars(query.limit(MOST_EARLIER)))


def plan_opening(creator: User, country: str, *, replaces: bool = False) -> Opening:
    """Plan to open an account in `country` (ISO code), instead of the present one if it `replaces` that.

    Opening is planned anew for each attempt, with the same key until an account is there, so an attempt whose
    answer was lost opens no second one. Raises Refused with the field `country`.
    """
    if sentence := reached.objection(country):
        raise Refused(sentence, "country")
    if not payments.is_configured():
        raise Refused("This site isn’t connected to Stripe yet.")
    present = of(creator)
    if present is not None and not replaces:
        raise Refused("You have an account at Stripe already.")
    if present is not None and present.country == country:
        raise Refused("Your account is in this country already.", "country")
    number = db.session.scalar(
        select(func.count()).select_from(ConnectAccount).where(ConnectAccount.creator_id == creator.id)
    )
    address = hashlib.sha256(creator.email.encode()).hexdigest()[:12]
    api = current_app.config["SETTINGS"].stripe_connect_api
    key = f"connect:{creator.id.hex}:{api}:{country}:{number}:{address}"
    return Opening(key, creator.email, country, str(creator.id))


def open_at_stripe(opening: Opening) -> ConnectedAccount:
    """Open the account at Stripe. No transaction may be open.

    Raises Refused where Stripe doesn't open one, and payments.PaymentUnavailable, KeySpent.
    """
    try:
        return payments.open_account(opening.key, opening.email, opening.country, opening.user_id)
    except payments.PaymentRefused as refusal:
        raise Refused(f"Stripe refused to open an account: {refusal}", "country") from refusal


def adopt(creator: User, opening: Opening, found: ConnectedAccount, asked_at: datetime) -> ConnectAccount:
    """Keep the account that was opened, and close the one that it replaces. Idempotent; returns the row."""
    sql.lock_key(User, creator.id)
    known = db.session.scalar(select(ConnectAccount).where(ConnectAccount.stripe_account_id == found.id))
    if known is not None:
        return known
    present = of(creator)
    if present is not None:
        _close(present, ConnectEnd.REPLACED)
        db.session.flush()
    account = ConnectAccount(
        creator_id=creator.id,
        stripe_account_id=found.id,
        api=ConnectApi(current_app.config["SETTINGS"].stripe_connect_api),
        country=opening.country,
    )
    db.session.add(account)
    _take_over(account, found, asked_at)
    db.session.flush()
    audit.record(creator, AuditAction.CONNECT_ACCOUNT, account, found.id)
    return account


def disconnect(creator: User) -> None:
    """End the use of the present account; it stays at Stripe, and so does what was paid to it.

    Raises Refused without one.
    """
    sql.lock_key(User, creator.id)
    account = of(creator)
    if account is None:
        raise Refused("There is no account to disconnect.")
    _close(account, ConnectEnd.DISCONNECTED)
    audit.record(creator, AuditAction.DISCONNECT_ACCOUNT, account, account.stripe_account_id)


def record(found: ConnectedAccount, asked_at: datetime) -> ConnectAccount | None:
    """Record the state of an account, retrieved at `asked_at`; an older answer never replaces a newer one.

    Returns the open account, None for one that isn't ours or is closed.
    """
    account = sql.locked(
        select(ConnectAccount).where(
            ConnectAccount.stripe_account_id == found.id, ConnectAccount.closed_at.is_(None)
        )
    ).one_or_none()
    if account is None:
        return None
    if account.synced_at is not None and account.synced_at > asked_at:
        return account
    _take_over(account, found, asked_at)
    if found.is_gone:
        _close(account, ConnectEnd.GONE)
        audit.record(None, AuditAction.LOSE_ACCOUNT, account, account.stripe_account_id)
        return None
    return account


def _take_over(account: ConnectAccount, found: ConnectedAccount, asked_at: datetime) -> None:
    account.state = ConnectState(found.status)
    account.requirements = [{"code": one.code, "sentence": one.sentence} for one in found.requirements]
    account.may_sign_in = account.may_sign_in or found.may_sign_in
    account.country = found.country or account.country
    account.synced_at = asked_at


def _close(account: ConnectAccount, end: ConnectEnd) -> None:
    account.closed_at, account.ended = clock.now(), end
