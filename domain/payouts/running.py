"""Paying one creator: the payout is committed before Stripe is asked, so that nobody is paid twice.

`begin` takes the payable lines into a payout, or takes up the one that is under way; the worker commits that.
`send` looks for its transfer first and requests it only where there is none. `end` records Stripe's answer.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

import jobs
import payments
from domain.base import clock, sql
from domain.payouts import holds, planning, settling, taking
from domain.payouts.holds import Hold
from models import HoldCode, Payout, PayoutStatus, User, db
from payments import StripeTransfer
from payments.transfers import BALANCE_SHORT, NO_DESTINATION, NOT_CAPABLE


@dataclass(frozen=True)
class TransferRequest:
    """A transfer to request, or to look up: minor units of `currency`."""

    payout_id: uuid.UUID
    creator_id: uuid.UUID
    amount: int
    currency: str
    destination: str
    key: str


@dataclass(frozen=True)
class Refusal:
    """Stripe's definite answer that nothing was transferred."""

    hold: Hold


@dataclass(frozen=True)
class Unclear:
    """Stripe can't say what became of the request, and answers no other with its key."""


Answer = StripeTransfer | Refusal | Unclear
# Stripe's codes for accounts that can't receive transfers, and for ones that are gone.
_OF_ACCOUNT = frozenset({NOT_CAPABLE, NO_DESTINATION})


def begin(creator_id: str, currency: str, run_id: str) -> TransferRequest | None:
    """Plan the transfer to a creator; None when nothing is payable, or something holds it."""
    creator = uuid.UUID(creator_id)
    sql.lock_key(User, creator)
    payout = under_way(creator, currency)
    if payout is None:
        settling.release_failed(creator, currency)
        payout = _take(creator, currency, uuid.UUID(run_id))
    if payout is None:
        return None
    return TransferRequest(
        payout.id, creator, payout.amount_cents, currency, payout.destination, payout.idempotency_key
    )


def send(request: TransferRequest) -> Answer:
    """Look for the transfer, and request it only where there is none. Raises PaymentUnavailable."""
    known = payments.transfer_of_payout(str(request.payout_id))
    if known is not None:
        return known
    account = payments.find_account(request.destination)
    if not account.is_payable:
        return Refusal(Hold(HoldCode.ACCOUNT, " ".join(one.sentence for one in account.requirements[:1])))
    try:
        return payments.create_transfer(
            str(request.payout_id), request.key, request.amount, request.currency, request.destination
        )
    except payments.PaymentRefused as refusal:
        return Refusal(_hold_of(refusal))
    except payments.KeySpent:
        return Unclear()


def end(request: TransferRequest, answer: Answer) -> None:
    """Record Stripe's answer. After an unclear one the next attempt looks again and has a key of its own."""
    sql.lock_key(User, request.creator_id)
    payout = db.session.get_one(Payout, request.payout_id)
    sql.reload(payout)
    if isinstance(answer, StripeTransfer):
        settling.apply(payout, answer)
    elif payout.status != PayoutStatus.PENDING:
        return
    elif isinstance(answer, Refusal):
        settling.refuse(payout, answer.hold)
        key = f"look:payout:{payout.id}"
        jobs.enqueue("look_at_account", key=key, account_id=payout.destination)
    else:
        payout.attempt += 1
        payout.idempotency_key = taking.key_of(payout.id, payout.attempt)


def under_way(creator_id: uuid.UUID, currency: str) -> Payout | None:
    """Find the payout to a creator whose outcome isn't known yet."""
    query = select(Payout).where(Payout.creator_id == creator_id, Payout.currency == currency)
    return db.session.scalar(query.where(Payout.status == PayoutStatus.PENDING))


def _take(creator_id: uuid.UUID, currency: str, run_id: uuid.UUID) -> Payout | None:
    """Take what is payable into a new payout; None when there is nothing, or with a hold."""
    at = clock.now()
    due = planning.of_creator(creator_id, currency, at)
    begun = holds.settle(creator_id, currency, due.holds if due is not None else ())
    for hold in begun:
        settling.tell_of_hold(hold)
    return taking.take(due, run_id, at) if due is not None and due.is_paid else None


def _hold_of(refusal: payments.PaymentRefused) -> Hold:
    """Name the reason of Stripe's refusal."""
    if refusal.code == BALANCE_SHORT:
        return Hold(HoldCode.BALANCE)
    code = HoldCode.ACCOUNT if refusal.code in _OF_ACCOUNT else HoldCode.REFUSED
    return Hold(code, str(refusal)[:500])
