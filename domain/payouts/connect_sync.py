"""Looks at connected accounts: after any event about one, on return from Stripe, before payouts and nightly.

Events of accounts are not read: they say that something changed, and Stripe is asked what. A lost event
costs a night at most.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

import jobs
import payments
from domain.base import clock
from domain.payouts import connect
from models import ConnectAccount, db
from payments import ConnectedAccount


@dataclass(frozen=True)
class Look:
    """An account to be looked at, by its id at Stripe, and when Stripe was asked."""

    account_id: str
    asked_at: datetime


def begin(account_id: str) -> Look | None:
    """Plan a look; None for an account that no creator uses."""
    known = select(ConnectAccount.id).where(
        ConnectAccount.stripe_account_id == account_id, ConnectAccount.closed_at.is_(None)
    )
    if db.session.scalar(known) is None or not payments.is_configured():
        return None
    return Look(account_id, clock.now())


def look(question: Look) -> ConnectedAccount:
    """Retrieve the account. No transaction may be open. Raises PaymentUnavailable."""
    return payments.find_account(question.account_id)


def end(question: Look, found: ConnectedAccount) -> None:
    """Record what Stripe said."""
    connect.record(found, question.asked_at)


def look_at_all() -> None:
    """Enqueue a look at every account that is in use, once a day."""
    day = clock.now().date().isoformat()
    for account_id in db.session.scalars(
        select(ConnectAccount.stripe_account_id).where(ConnectAccount.closed_at.is_(None))
    ):
        jobs.enqueue("look_at_account", key=f"look:{account_id}:{day}", account_id=account_id)
