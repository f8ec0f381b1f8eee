"""Resolving a finding: it is fetched from Stripe again, or a counter-entry is booked with a creator.

Fetching again runs the handler of the object's event, which adopts a refund that was made at Stripe; then
everything is compared anew. A line that is wrong is never changed, a counter-entry stands against it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

import jobs
import payments
from domain import Refused
from domain.base import money, sql
from domain.books import comparing, findings, matching
from domain.commerce import fulfilment
from domain.disputes import applying
from domain.disputes.applying import FetchedDispute
from domain.payouts import adjusting, transfer_events
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from domain.refunds import stripe_refunds
from models import BooksFinding, Earning, FindingKind, Purchase, PurchaseShare, StripeMovement, User, db
from payments import BalanceMovement


@dataclass(frozen=True)
class Handler:
    """Two calls: to retrieve an object by its id at Stripe, None if it is gone, and to apply it."""

    fetch: Callable[[str], Any]
    apply: Callable[[Any], Any]


@dataclass(frozen=True)
class Lookup:
    """A finding to look up again: the object at Stripe, and the objects whose movements are read anew."""

    finding_id: uuid.UUID
    kind: FindingKind
    object_id: str
    sources: tuple[str, ...]


def _apply_dispute(found: FetchedDispute) -> None:
    if found.dispute is not None:
        applying.apply(found.dispute, found.asked_at)


_PAYMENT = Handler(payments.session_of, fulfilment.fulfil)
_REFUND = Handler(payments.find_refund, stripe_refunds.apply)
_DISPUTE = Handler(applying.fetch, _apply_dispute)
_TRANSFER = Handler(payments.find_transfer, transfer_events.apply)
HANDLERS: dict[FindingKind, Handler] = {
    FindingKind.PAYMENT_UNKNOWN: _PAYMENT,
    FindingKind.PAYMENT_MISSING: _PAYMENT,
    FindingKind.PAYMENT_DIFFERS: _PAYMENT,
    FindingKind.REFUND_UNKNOWN: _REFUND,
    FindingKind.REFUND_DIFFERS: _REFUND,
    FindingKind.DISPUTE_UNKNOWN: _DISPUTE,
    FindingKind.DISPUTE_DIFFERS: _DISPUTE,
    FindingKind.TRANSFER_UNKNOWN: _TRANSFER,
    FindingKind.TRANSFER_DIFFERS: _TRANSFER,
}


def fetch_soon(finding: BooksFinding, actor: User) -> None:
    """Enqueue the lookup of a finding. Raises Refused when it was resolved meanwhile."""
    sql.lock(finding)
    if finding.resolved_at is not None:
        raise Refused("This was resolved meanwhile.")
    audit.record(actor, AuditAction.BOOKS_FETCHED, finding, finding.sentence)
    key = f"books-finding:{finding.id}"
    jobs.enqueue("fetch_for_books", key=key, finding_id=str(finding.id))
    jobs.hasten(key)


def begin(finding_id: str) -> Lookup | None:
    """Plan the lookup; None when the finding was resolved meanwhile."""
    finding = db.session.get(BooksFinding, uuid.UUID(finding_id))
    if finding is None or finding.resolved_at is not None:
        return None
    subject = finding.subject
    by_source = select(StripeMovement.parent_id).where(
        StripeMovement.source_id == subject, StripeMovement.category.in_(matching.CHARGES)
    )
    of_payment = select(StripeMovement.source_id).where(StripeMovement.parent_id == subject)
    sources = db.session.scalars(of_payment.distinct()).all() if subject.startswith("pi_") else [subject]
    payment = db.session.scalar(by_source.limit(1)) if subject else None
    return Lookup(finding.id, finding.kind, payment or subject, tuple(sources))


def fetch(lookup: Lookup) -> tuple[Any, list[BalanceMovement]]:
    """Retrieve the object and its movements from Stripe. Raises PaymentUnavailable."""
    handler = HANDLERS.get(lookup.kind)
    found = handler.fetch(lookup.object_id) if handler is not None and lookup.object_id else None
    return found, [moved for source in lookup.sources for moved in payments.movements_of(source)]


def end(lookup: Lookup, answer: tuple[Any, list[BalanceMovement]]) -> None:
    """Apply what was found, and compare anew."""
    found, moved = answer
    handler = HANDLERS.get(lookup.kind)
    if handler is not None and found is not None:
        handler.apply(found)
    matching.store(moved)
    comparing.compare_again()


def creators_of(finding: BooksFinding) -> list[User]:
    """List the creators whom a finding concerns, by name."""
    shares = (
        select(PurchaseShare.creator_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(Purchase.order_id == finding.order_id)
    )
    concerned = User.id.in_(shares) if finding.order_id is not None else User.id == finding.creator_id
    return list(db.session.scalars(select(User).where(concerned).order_by(User.name, User.id)))


def creator_of(finding: BooksFinding, creator_id: str) -> User:
    """Find one of the creators whom a finding concerns. Raises Refused."""
    creator = next((one for one in creators_of(finding) if str(one.id) == creator_id), None)
    if creator is None:
        raise Refused("Choose a creator.", "creator")
    return creator


def counter(finding: BooksFinding, creator: User, cents: int, reason: str, actor: User) -> Earning:
    """Book `cents` (below 0: a debit) for a creator against a finding, which it resolves. Raises Refused."""
    booked = adjusting.adjust(creator, cents, finding.currency, reason, actor)
    findings.resolve(finding, reason, actor)
    audit.record(
        actor, AuditAction.BOOKS_COUNTERED, finding,
        f"{money.money(cents, finding.currency)} for {creator.email}: {reason}",
    )  # fmt: skip
    return booked
