"""Disputes for admins: the list, how many need an answer, and one with everything about it."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from domain.base import pagination
from domain.base.pagination import Page
from domain.disputes import states
from models import (
    Dispute,
    DisputeLine,
    DisputeMovement,
    Document,
    FraudWarning,
    Order,
    Purchase,
    StripeEvent,
    db,
)

PAGE_SIZE = 50
MOST_COUNTED = 100
MOST_SHOWN = 20


class DisputeState(StrEnum):
    """The disputes of a list."""

    TO_ANSWER = "to_answer"
    WAITING = "waiting"
    CLOSED = "closed"


_STATUSES = {
    DisputeState.TO_ANSWER: states.TO_ANSWER,
    DisputeState.WAITING: states.WITH_BANK,
    DisputeState.CLOSED: states.CLOSED,
}


@dataclass(frozen=True)
class DisputeDetails:
    """A dispute with its order, and what belongs to it."""

    dispute: Dispute
    purchases: list[Purchase]
    documents: list[Document]
    events: list[StripeEvent]
    warnings: list[FraudWarning]


def page(state: DisputeState | None, after: uuid.UUID | None) -> Page[Dispute]:
    """List the disputes of a state (None: all), newest first, behind the dispute `after`."""
    query = _with_buyer()
    if state is not None:
        query = query.where(Dispute.status.in_(_STATUSES[state]))
    last = db.session.get(Dispute, after) if after else None
    place = (last.disputed_at, last.id) if last else None
    newest = pagination.newest_first(query, Dispute.disputed_at, Dispute.id, place)
    rows = db.session.scalars(newest.limit(PAGE_SIZE + 1))
    return pagination.cut(rows, PAGE_SIZE, lambda dispute: dispute.id)


def to_answer() -> list[Dispute]:
    """List the disputes that wait for an answer, the most urgent first."""
    query = _with_buyer().where(*_waiting()).order_by(Dispute.due_by, Dispute.id)
    return list(db.session.scalars(query.limit(MOST_SHOWN)))


def open_count() -> Any:
    """Build the SQL counting the disputes that wait for an answer, up to MOST_COUNTED + 1."""
    some = select(Dispute.id).where(*_waiting()).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def find(dispute_id: uuid.UUID) -> Dispute | None:
    """Load a dispute with its order and buyer, and what Stripe moved for it."""
    loads = selectinload(Dispute.movements).selectinload(DisputeMovement.lines)
    return db.session.scalar(_with_buyer().where(Dispute.id == dispute_id).options(loads))


def of_order(order_id: uuid.UUID) -> list[Dispute]:
    """List the disputes of an order, oldest first."""
    query = select(Dispute).where(Dispute.order_id == order_id).order_by(Dispute.disputed_at, Dispute.id)
    return list(db.session.scalars(query))


def details_of(dispute: Dispute) -> DisputeDetails:
    """Load everything stored about `dispute`, in four queries."""
    lines = (
        select(DisputeLine.purchase_id).join(DisputeMovement).where(DisputeMovement.dispute_id == dispute.id)
    )
    bought = select(Purchase).where(Purchase.order_id == dispute.order_id, Purchase.id.in_(lines))
    documents = select(Document).where(Document.dispute_id == dispute.id)
    events = select(StripeEvent).where(StripeEvent.object_id == dispute.stripe_dispute_id)
    warnings = select(FraudWarning).where(FraudWarning.order_id == dispute.order_id)
    return DisputeDetails(
        dispute,
        list(db.session.scalars(bought.order_by(Purchase.id))),
        list(db.session.scalars(documents.order_by(Document.created_at, Document.id))),
        list(db.session.scalars(events.order_by(StripeEvent.received_at).limit(PAGE_SIZE))),
        list(db.session.scalars(warnings.order_by(FraudWarning.warned_at))),
    )


def _with_buyer() -> Select[Dispute]:
    return select(Dispute).options(joinedload(Dispute.order).joinedload(Order.user))


def _waiting() -> tuple[Any, ...]:
    return Dispute.status.in_(states.TO_ANSWER), Dispute.submit_at.is_(None)
