"""Adjustments: an amount that an admin books for or against a creator, with the reason that they read."""

import uuid
from typing import NamedTuple

from sqlalchemy import select

from domain import Refused
from domain.base import clock, money, sql
from domain.base.money import MOST_CHARGE
from domain.ledger import entries
from domain.payouts import lines
from domain.platform import audit, notifications
from domain.platform.audit_actions import AuditAction
from models import Earning, NotificationKind, User, db

LONGEST_REASON = 300


class Change(NamedTuple):
    """A creator's balance before and after an adjustment, in minor units."""

    before_cents: int
    after_cents: int


def preview(creator: User, cents: int, currency: str) -> Change:
    """Compute the balance before and after an adjustment of `cents`."""
    before = balance_cents(creator.id, currency)
    return Change(before, before + cents)


def adjust(creator: User, cents: int, currency: str, reason: str, admin: User) -> Earning:
    """Book `cents` (below 0: against the creator). Audited with both balances. Raises Refused."""
    if not cents or abs(cents) > MOST_CHARGE:
        raise Refused("Enter an amount other than 0.", "amount")
    if not reason:
        raise Refused("Enter a reason. The creator reads it on their statement.", "reason")
    sql.lock_key(User, creator.id)
    change = preview(creator, cents, currency)
    line = entries.adjust(creator, cents, currency, reason, clock.now())
    before, after, moved = (money.money(one, currency) for one in (*change, cents))
    note = f"{moved}: {reason}\nBalance {before} → {after}"
    audit.record(admin, AuditAction.ADJUST_BALANCE, creator, note)
    notifications.tell(
        creator.id, NotificationKind.PAYOUT, f"Your balance was adjusted by {moved}", reason, "", "",
        key=f"adjust:{line.id}",
    )  # fmt: skip
    return line


def balance_cents(creator_id: uuid.UUID, currency: str) -> int:
    """Add up what is owed to a creator and not on its way."""
    query = select(lines.total()).where(lines.of_creator(creator_id, currency), lines.unpaid())
    return int(db.session.scalar(query) or 0)
