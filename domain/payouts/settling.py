"""Settling a payout: it is paid, refused, released for the next one, or taken back in part.

Every verb runs under the creator's lock.
"""

import uuid

from sqlalchemy import select, update

from domain.base import clock, money
from domain.base.addresses import path_to
from domain.ledger import entries
from domain.payouts import holds, self_billing
from domain.payouts.holds import Hold
from domain.platform import audit, notifications
from domain.platform.audit_actions import AuditAction
from models import (
    Earning,
    EarningStatus,
    NotificationKind,
    Payout,
    PayoutHold,
    PayoutStatus,
    User,
    db,
)
from payments import StripeTransfer

REVERSED = "Money of an earlier payout was taken back"


def apply(payout: Payout, found: StripeTransfer) -> bool:
    """Bring a payout up to date with its transfer; False for a transfer that it can't have.

    A refused payout whose transfer exists after all is paid, as long as its lines are in no other.
    """
    strange = payout.stripe_transfer_id not in (None, found.id) or found.amount != payout.amount_cents
    if strange or found.currency != payout.currency or payout.status == PayoutStatus.RELEASED:
        return False
    if payout.status != PayoutStatus.PAID:
        _pay(payout, found)
    if found.amount_reversed > payout.reversed_cents:
        _take_back(payout, found.amount_reversed)
    return True


def refuse(payout: Payout, hold: Hold) -> None:
    """Mark a payout as refused by Stripe, with the hold that says why."""
    payout.status, payout.failure = PayoutStatus.FAILED, _sentence(hold)
    _set_lines(payout.id, EarningStatus.FAILED)
    for row in holds.settle(payout.creator_id, payout.currency, [hold], payout.id):
        tell_of_hold(row)
    audit.record(None, AuditAction.PAYOUT_FAILED, payout, payout.failure)


def release_failed(creator_id: uuid.UUID, currency: str) -> None:
    """Make the lines of a creator's refused payouts payable again."""
    query = select(Payout).where(Payout.creator_id == creator_id, Payout.currency == currency)
    for payout in db.session.scalars(query.where(Payout.status == PayoutStatus.FAILED)).all():
        payout.status = PayoutStatus.RELEASED
        db.session.execute(
            update(Earning)
            .where(Earning.payout_id == payout.id)
            .values(payout_id=None, status=EarningStatus.PENDING)
            .execution_options(synchronize_session=False)
        )
    db.session.flush()


def tell_of_hold(hold: PayoutHold) -> None:
    """Notify a creator of a new hold, unless it is only about the sum."""
    if hold.code in holds.SUMS:
        return
    words = holds.WORDS[hold.code]
    notifications.tell(
        hold.creator_id, NotificationKind.PAYOUT, f"Your payout is on hold: {words.name}",
        f"{words.reason} {words.step}", path_to("studio.payouts"), "See your payouts", key=f"hold:{hold.id}",
    )  # fmt: skip


def _pay(payout: Payout, found: StripeTransfer) -> None:
    """Note the transfer and issue the payout's document, whose number is the last lock."""
    payout.status, payout.stripe_transfer_id = PayoutStatus.PAID, found.id
    payout.paid_at, payout.failure = clock.now(), None
    _set_lines(payout.id, EarningStatus.PAID)
    holds.settle(payout.creator_id, payout.currency, [])
    audit.record(None, AuditAction.PAYOUT_PAID, payout, found.id)
    amount = money.money(payout.amount_cents, payout.currency)
    notifications.tell(
        payout.creator_id, NotificationKind.PAYOUT, f"{amount} is on its way to you",
        "Stripe pays it out to your bank. The statement lists every sale in it.",
        path_to("studio.payout", payout_id=payout.id), "See the statement", key=f"payout:{payout.id}",
    )  # fmt: skip
    self_billing.issue(payout)


def _take_back(payout: Payout, reversed_cents: int) -> None:
    """Book what came back of a transfer: the creator is owed it again, or owes so much less."""
    cents, now = reversed_cents - payout.reversed_cents, clock.now()
    payout.reversed_cents = reversed_cents
    payout.reversal_cents = max(payout.reversal_cents, reversed_cents)
    creator = db.session.get_one(User, payout.creator_id)
    entries.adjust(creator, cents, payout.currency, REVERSED, now)
    audit.record(None, AuditAction.PAYOUT_REVERSED, payout, money.money(cents, payout.currency))


def _set_lines(payout_id: uuid.UUID, status: EarningStatus) -> None:
    db.session.execute(
        update(Earning)
        .where(Earning.payout_id == payout_id)
        .values(status=status)
        .execution_options(synchronize_session=False)
    )


def _sentence(hold: Hold) -> str:
    return f"{holds.WORDS[hold.code].reason} {hold.detail}".strip()[:500]
