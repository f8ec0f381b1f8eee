"""Buyers' requests for refunds: what they may ask for, and what the policy makes of it."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

import mail
from domain import Refused
from domain.base import clock, sql
from domain.ledger import order_lock
from domain.ledger.states import SETTLED
from domain.platform import audit, moderation_queue, settings
from domain.platform.audit_actions import AuditAction
from domain.refunds import policy, request_facts, requesting
from domain.refunds.policy import Facts, Outcome, Ruling
from models import (
    ModerationKind,
    Order,
    Purchase,
    PurchaseStatus,
    RefundCause,
    RefundReason,
    RefundRequest,
    RequestDecision,
    RequestKind,
    User,
    db,
)

REASONS = {
    RefundReason.CHANGED_MIND: "I changed my mind",
    RefundReason.NOT_EXPECTED: "It isn’t what I expected",
    RefundReason.QUALITY: "The quality isn’t good enough",
    RefundReason.TECHNICAL: "Something doesn’t work",
    RefundReason.BY_MISTAKE: "I bought it by mistake",
    RefundReason.OTHER: "Something else",
}
MOST_WORDS = 2000
DISPUTED = "Your bank is looking into this payment, so nothing can be refunded until it has decided."
SAID = {Outcome.AT_ONCE: RequestDecision.APPROVED, Outcome.REFUSE: RequestDecision.REFUSED}


class AlreadyAskedError(Refused):
    """All that was chosen has been asked for before: a second press, or another tab."""


class Choice(NamedTuple):
    """A line of an order: what the policy would say now, or why nobody can ask for it, in a sentence."""

    line: Purchase
    ruling: Ruling | None
    obstacle: str

    @property
    def left_cents(self) -> int:
        """Return what could be paid back, with tax."""
        return self.line.left_cents


def choices(order: Order) -> list[Choice]:
    """List the lines of a paid order with what the policy would say; seven queries at most."""
    facts, asked = request_facts.of_order(order, clock.now()), latest(order)
    rules = policy.of_shop(settings.current())
    found = []
    for line in order.purchases:
        sentence = obstacle(line, asked.get(line.id))
        found.append(Choice(line, None if sentence else policy.decide(facts[line.id], rules), sentence))
    return found


def may_be_asked(order: Order) -> bool:
    """Tell whether asking leads anywhere: the order is paid, and the policy refuses not all of it."""
    if order.status not in SETTLED or not order.total_cents:
        return False
    return any(one.ruling is not None and one.ruling.outcome != Outcome.REFUSE for one in choices(order))


def obstacle(line: Purchase, asked: RefundRequest | None) -> str:
    """Say why nobody can ask for the money of `line`, whose latest request is `asked`; "" if they can."""
    if line.status == PurchaseStatus.REFUNDED or (line.paid_cents and not line.left_cents):
        return DISPUTED if line.disputed_cents else "This has been refunded."
    if line.status != PurchaseStatus.COMPLETED:
        return "This hasn’t been paid."
    if line.paid_cents == 0:
        return "This cost nothing, so there’s nothing to refund."
    if line.disputed_cents:
        return DISPUTED
    if asked is not None and asked.decision == RequestDecision.WAITING:
        return "You’ve asked for this already, and we’ll write to you."
    if asked is not None and asked.decision == RequestDecision.REFUSED and asked.decided_by is not None:
        return "You’ve asked for this already, and somebody here looked at it and said no."
    return ""


def latest(order: Order) -> dict[uuid.UUID, RefundRequest]:
    """Load the latest request for each line of `order` that has any."""
    return {one.purchase_id: one for one in of_order(order)}


def load_shares(order: Order) -> None:
    """Load the shares of the lines of `order`, which what follows needs, in two queries."""
    lines = select(Purchase).where(Purchase.order_id == order.id).options(selectinload(Purchase.shares))
    db.session.scalars(lines).all()


def of_order(order: Order) -> list[RefundRequest]:
    """List the requests for lines of `order` with their refunds, oldest first."""
    query = (
        select(RefundRequest)
        .join(Purchase, Purchase.id == RefundRequest.purchase_id)
        .where(Purchase.order_id == order.id)
        .options(joinedload(RefundRequest.refund))
        .order_by(RefundRequest.created_at, RefundRequest.id)
    )
    return list(db.session.scalars(query))


def ask(
    buyer: User, order: Order, line_ids: Collection[uuid.UUID], reason: RefundReason, words: str
) -> list[RefundRequest]:
    """Ask for the money of lines of `buyer`'s order, and let the policy decide about each.

    What it pays is requested from Stripe as one refund; what needs a person stands in the moderation queue.
    Raises AlreadyAskedError for a second press, Refused for what nobody can ask for; nothing is asked then.
    """
    locked = order_lock.lock(order.id)
    if locked.user_id != buyer.id or locked.status not in SETTLED:
        raise Refused("This order hasn’t been paid.")
    chosen = [one for one in choices(locked) if one.line.id in set(line_ids)]
    if not chosen:
        raise Refused("Choose what you’d like to return.", "lines")
    _refuse_obstacles(chosen, latest(locked))
    facts = request_facts.of_order(locked, clock.now())
    made = [_add(buyer, one, facts[one.line.id], reason, words) for one in chosen]
    _pay(locked, [one for one in made if one.decision == RequestDecision.APPROVED], buyer)
    for one in made:
        if one.decision == RequestDecision.WAITING:
            title = f"{one.purchase.product_snapshot['title'][:150]}, order {locked.number}"
            moderation_queue.enqueue(ModerationKind.REFUND, one.id, title, buyer.id)
    mail.refund_asked(buyer, locked, made)
    return made


def find(request_id: uuid.UUID) -> RefundRequest | None:
    """Load a request with its line and product; None if there is none."""
    query = select(RefundRequest).where(RefundRequest.id == request_id)
    return db.session.scalar(query.options(joinedload(RefundRequest.purchase).joinedload(Purchase.product)))


def lock(request: RefundRequest) -> Order:
    """Lock the order of a request, and read the request anew."""
    order = order_lock.lock(request.purchase.order_id)
    sql.reload(request)
    return order


def approve(request: RefundRequest, admin: User, note: str) -> None:
    """Pay a waiting request back, by a person's decision. Raises Refused where that can't be done now."""
    order = lock(request)
    _refuse_unless_waiting(request)
    line = _line(order, request)
    if sentence := obstacle(line, None):
        raise Refused(sentence)
    _decide(request, RequestDecision.APPROVED, admin, note)
    audit.record(admin, AuditAction.APPROVE_REFUND, order, note)
    _pay(order, [request], admin)
    mail.refund_decided(order.user, order, request)


def refuse(request: RefundRequest, admin: User, note: str) -> None:
    """Refuse a waiting request, by a person's decision that the buyer reads in `note`. Raises Refused."""
    order = lock(request)
    _refuse_unless_waiting(request)
    _decide(request, RequestDecision.REFUSED, admin, note)
    audit.record(admin, AuditAction.REFUSE_REFUND, order, note)
    mail.refund_decided(order.user, order, request)


def stop(waiting: Iterable[RefundRequest]) -> None:
    """Stop waiting requests, whose order is locked; those in the moderation queue leave it."""
    for request in waiting:
        request.decision, request.decided_at = RequestDecision.STOPPED, clock.now()
        if request.kind == RequestKind.POLICY:
            moderation_queue.withdraw(ModerationKind.REFUND, request.id)
    db.session.flush()


def _refuse_obstacles(chosen: Collection[Choice], asked: dict[uuid.UUID, RefundRequest]) -> None:
    hindered = [one for one in chosen if one.obstacle]
    if not hindered:
        return
    titled = [f"“{one.line.product_snapshot['title']}”: {one.obstacle}" for one in hindered]
    is_repeat = all(one.line.id in asked for one in hindered) and len(hindered) == len(chosen)
    sentence = " ".join(titled) if len(chosen) > 1 else hindered[0].obstacle
    raise AlreadyAskedError(sentence) if is_repeat else Refused(sentence, "lines")


def _add(buyer: User, one: Choice, facts: Facts, reason: RefundReason, words: str) -> RefundRequest:
    ruling = one.ruling
    assert ruling is not None  # noqa: S101 - lines with an obstacle have been refused
    decision = SAID.get(ruling.outcome, RequestDecision.WAITING)
    request = RefundRequest(
        purchase=one.line, asked_by_id=buyer.id, kind=RequestKind.POLICY, reason=reason, words=words,
        facts=asdict(facts), rule=ruling.rule.value, sentence=ruling.sentence, decision=decision,
        decided_at=None if decision == RequestDecision.WAITING else clock.now(),
    )  # fmt: skip
    db.session.add(request)
    db.session.flush()
    return request


def _pay(order: Order, approved: Collection[RefundRequest], actor: User) -> None:
    """Request one refund for what is left of the lines of `approved`."""
    if not approved:
        return
    gross = {one.purchase_id: _line(order, one).left_cents for one in approved}
    refund = requesting.request(order, gross, "You asked for a refund", RefundCause.POLICY, actor)
    for one in approved:
        one.refund_id = refund.id
    db.session.flush()


def _line(order: Order, request: RefundRequest) -> Purchase:
    return next(line for line in order.purchases if line.id == request.purchase_id)


def _decide(request: RefundRequest, decision: RequestDecision, admin: User, note: str) -> None:
    request.decision, request.decided_at = decision, clock.now()
    request.decided_by, request.note = admin.id, note


def _refuse_unless_waiting(request: RefundRequest) -> None:
    if request.decision != RequestDecision.WAITING:
        raise Refused("This has been decided, or taken back, in the meantime.")
