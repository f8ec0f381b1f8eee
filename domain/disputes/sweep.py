"""The sweep: lists Stripe's disputes, and has those looked at anew of which no event has told.

It also reminds of answers that are due, and resumes drafts whose call got lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

import jobs
import payments
from domain.base import clock
from domain.disputes import applying, states, telling
from domain.disputes.applying import FetchedDispute
from models import Dispute, db
from payments import StripeDispute

# Banks open disputes for about four months, and take months more to decide.
LISTED = timedelta(days=180)
REMIND_BEFORE = timedelta(days=2)
MOST = 500


@dataclass(frozen=True)
class Sweep:
    """A listing to make: disputes since a moment, and older ones of ours that are open, by Stripe's ids."""

    since: datetime
    open_ids: tuple[str, ...]


def begin() -> Sweep | None:
    """Plan the sweep; None in a shop without Stripe."""
    if not payments.is_configured():
        return None
    since = clock.now() - LISTED
    query = select(Dispute.stripe_dispute_id).where(
        Dispute.status.not_in(states.CLOSED), Dispute.disputed_at < since
    )
    return Sweep(since, tuple(db.session.scalars(query.order_by(Dispute.disputed_at).limit(MOST))))


def list_all(sweep: Sweep) -> list[StripeDispute]:
    """List the disputes. Raises PaymentUnavailable."""
    older = (payments.find_dispute(stripe_id) for stripe_id in sweep.open_ids)
    return [*payments.list_disputes(sweep.since), *(one for one in older if one is not None)]


def end(_sweep: Sweep, found: list[StripeDispute]) -> None:
    """Enqueue a look at each dispute that isn't as we have it, and mail what is due soon."""
    slot = int(clock.now().timestamp() // 3600)
    for one in found:
        if _differs(one):
            jobs.enqueue("sync_dispute", key=f"dispute:{one.id}:{slot}", stripe_dispute_id=one.id)
    _resume_answers(slot)
    _remind()


def begin_one(stripe_dispute_id: str) -> str | None:
    """Plan to look at one dispute."""
    return stripe_dispute_id if payments.is_configured() else None


def fetch_one(stripe_dispute_id: str) -> FetchedDispute:
    """Retrieve it. Raises PaymentUnavailable."""
    return applying.fetch(stripe_dispute_id)


def end_one(_stripe_dispute_id: str, found: FetchedDispute) -> None:
    """Apply it."""
    if found.dispute is not None:
        applying.apply(found.dispute, found.asked_at)


def _differs(found: StripeDispute) -> bool:
    """Tell whether our row says something else; also while it's open, as what was paused may have changed."""
    row = db.session.scalar(
        select(Dispute).where(Dispute.stripe_dispute_id == found.id).options(joinedload(Dispute.movements))
    )
    if row is None:
        return applying.order_of(found.payment_intent, found.order_number) is not None
    known = {movement.balance_transaction_id for movement in row.movements}
    same = (row.status, known) == (found.status, {movement.id for movement in found.movements})
    return not same or row.status not in states.CLOSED


def _resume_answers(slot: int) -> None:
    waits = Dispute.submitted_at.is_(None) & (
        Dispute.submit_at.is_not(None) | (Dispute.saved_version < Dispute.evidence_version)
    )
    query = select(Dispute.id).where(waits, Dispute.refusal == "", Dispute.status.in_(states.TO_ANSWER))
    for dispute_id in db.session.scalars(query.limit(MOST)):
        jobs.enqueue("answer_dispute", key=f"answer:{dispute_id}:{slot}", dispute_id=str(dispute_id))


def _remind() -> None:
    """Mail, once, each dispute that has to be answered in the next two days."""
    now = clock.now()
    due = (Dispute.due_by > now, Dispute.due_by < now + REMIND_BEFORE)
    query = (
        select(Dispute)
        .where(Dispute.status.in_(states.TO_ANSWER), Dispute.submit_at.is_(None), *due)
        .options(joinedload(Dispute.order))
    )
    for dispute in db.session.scalars(query.limit(MOST)):
        telling.send(dispute, dispute.order, key=f"dispute_due:{dispute.id}:{dispute.due_by:%Y%m%d%H%M}")
