"""Taking money of a transfer back: an admin's decision, such as for a creator who owes and sells no more.

How much is wanted back is committed before Stripe is asked. What came back is a running total at Stripe, so
asking twice takes nothing twice.
"""

import uuid
from dataclasses import dataclass

import jobs
import payments
from domain import Refused
from domain.base import money, sql
from domain.payouts import settling
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Payout, PayoutStatus, User, db
from payments import StripeTransfer


@dataclass(frozen=True)
class ReversalRequest:
    """A reversal to request: how much of a transfer is to have come back in all, in minor units."""

    payout_id: uuid.UUID
    creator_id: uuid.UUID
    transfer_id: str
    total: int
    key: str


def left_cents(payout: Payout) -> int:
    """Return how much of a payout can still be taken back, in minor units."""
    return payout.amount_cents - payout.reversal_cents if payout.status == PayoutStatus.PAID else 0


def request(payout: Payout, cents: int, reason: str, admin: User) -> None:
    """Take `cents` of a paid payout back. Raises Refused with its field."""
    sql.lock_key(User, payout.creator_id)
    sql.reload(payout)
    left = left_cents(payout)
    if payout.reversal_cents > payout.reversed_cents:
        raise Refused("Stripe is still asked about the last reversal. Wait for its answer.", "amount")
    if not 0 < cents <= left:
        raise Refused(f"At most {money.money(left, payout.currency)} can be taken back.", "amount")
    if not reason:
        raise Refused("Enter a reason.", "reason")
    payout.reversal_cents += cents
    note = f"{money.money(cents, payout.currency)}: {reason}"
    audit.record(admin, AuditAction.REVERSE_PAYOUT, payout, note)
    key = f"reversal:{payout.id}:{payout.reversal_cents}"
    jobs.enqueue("reverse_transfer", key=key, payout_id=str(payout.id))
    jobs.hasten(key)


def begin(payout_id: str) -> ReversalRequest | None:
    """Plan the call; None when everything came back, or nothing is wanted any more."""
    payout = db.session.get(Payout, uuid.UUID(payout_id))
    if payout is None or payout.reversal_cents <= payout.reversed_cents or payout.stripe_transfer_id is None:
        return None
    key = f"reversal:{payout.id.hex}:{payout.reversal_cents}"
    return ReversalRequest(
        payout.id, payout.creator_id, payout.stripe_transfer_id, payout.reversal_cents, key
    )


def send(request: ReversalRequest) -> StripeTransfer | str | None:
    """Take back what hasn't come back yet; a refusal is returned as its sentence."""
    found = payments.find_transfer(request.transfer_id)
    if found is None or found.amount_reversed >= request.total:
        return found
    try:
        payments.reverse_transfer(
            request.transfer_id, request.key, request.key, request.total - found.amount_reversed
        )
    except payments.PaymentRefused as refusal:
        return str(refusal)
    return payments.find_transfer(request.transfer_id)


def end(request: ReversalRequest, found: StripeTransfer | str | None) -> None:
    """Book what came back; after a refusal nothing more is wanted."""
    sql.lock_key(User, request.creator_id)
    payout = db.session.get_one(Payout, request.payout_id)
    sql.reload(payout)
    if isinstance(found, StripeTransfer):
        settling.apply(payout, found)
    elif payout.reversal_cents == request.total:
        payout.reversal_cents = payout.reversed_cents
        sentence = found or "Stripe doesn’t know the transfer."
        audit.record(None, AuditAction.REVERSAL_REFUSED, payout, sentence[:500])
