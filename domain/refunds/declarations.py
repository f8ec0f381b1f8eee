"""Declarations of withdrawal: made in two steps, with or without an account, and what follows from them.

Every declaration is kept with its time and acknowledged by mail, also one that matches no order. Signed in as
the buyer the money goes back at once. With an order's number and its address it goes back after WAIT, unless
whoever reads that address stops it.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

import jobs
import mail
from domain import InvalidToken, Refused
from domain.base import clock, signing, sql
from domain.ledger import order_lock
from domain.people import accounts, rate_limits
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from domain.refunds import requesting, requests, withdrawal
from domain.refunds.withdrawal import Right
from models import (
    Order,
    RefundCause,
    RefundRequest,
    RequestDecision,
    RequestKind,
    User,
    Withdrawal,
    WithdrawalState,
    db,
    upsert,
)

WAIT = timedelta(hours=24)
OFF = "This shop doesn’t take declarations of withdrawal here. Write to us instead."
STOPPED_TOO_LATE = "It’s too late to stop this: the money is on its way back, or it was stopped before."


@dataclass(frozen=True)
class Declaration:
    """A declaration as it was typed: who makes it, about which order or items, and the key of their form."""

    key: uuid.UUID
    name: str
    email: str
    order_number: str
    items: str


def declare(given: Declaration, person: User | None, line_ids: Collection[uuid.UUID] = ()) -> Withdrawal:
    """Store a declaration, acknowledge it by mail, and begin what follows from it. Idempotent by its key.

    `person` is who is signed in. If the order is theirs, `line_ids` are the lines they chose, all of them if
    none. Raises Refused where the shop has no such right.
    """
    if not withdrawal.is_offered():
        raise Refused(OFF)
    order = _lock_order(given, person)
    row, is_new = _store(given, order, person)
    if not is_new:
        return row
    if order is not None and (chosen := _chosen(order, given, row, line_ids)):
        _act(row, order, chosen, person)
    if row.user_id is not None or rate_limits.may_mail(given.email):
        mail.withdrawal_received(row)
    if row.state == WithdrawalState.UNCLEAR:
        mail.withdrawal_unclear(settings.current().contact_email, row)
    return row


def carry_out(withdrawal_id: str) -> None:
    """Pay back what a declaration that nobody stopped is about; the job, WAIT after it was made."""
    row = db.session.get(Withdrawal, uuid.UUID(withdrawal_id))
    if row is None or row.order_id is None:
        return
    order = order_lock.lock(row.order_id)
    sql.reload(row)
    if row.state != WithdrawalState.WAITING:
        return
    waiting = [one for one in _requests(row) if one.decision == RequestDecision.WAITING]
    if not _pay(row, order, waiting, None):
        mail.withdrawal_refused(order, row, _requests(row))


def opened_by(token: str) -> Withdrawal:
    """Load the declaration of a link to stop it. Raises InvalidToken."""
    row = find(_read(_stop_links(), token))
    if row is None:
        raise InvalidToken("This link is incomplete. Open it from the email again.")
    return row


def stop(token: str) -> Withdrawal:
    """Stop a declaration that waits, by the link that was mailed to the order's address.

    Raises InvalidToken, and Refused once the money is on its way.
    """
    row = opened_by(token)
    assert row.order_id is not None  # noqa: S101 - only declarations about orders have such links
    order = order_lock.lock(row.order_id)
    sql.reload(row)
    if row.state != WithdrawalState.WAITING:
        raise Refused(STOPPED_TOO_LATE)
    _close(row, WithdrawalState.STOPPED)
    requests.stop(one for one in _requests(row) if one.decision == RequestDecision.WAITING)
    audit.record(None, AuditAction.WITHDRAWAL_STOPPED, order)
    return row


def find(withdrawal_id: uuid.UUID) -> Withdrawal | None:
    """Load a declaration with its order and what it asks for; None if there is none."""
    query = select(Withdrawal).where(Withdrawal.id == withdrawal_id)
    lines = selectinload(Withdrawal.requests).joinedload(RefundRequest.purchase)
    return db.session.scalar(query.options(joinedload(Withdrawal.order), lines))


def received_by(token: str) -> Withdrawal:
    """Load the declaration of the page that acknowledges it. Raises InvalidToken."""
    row = find(_read(_received_links(), token))
    if row is None:
        raise InvalidToken("This link is incomplete.")
    return row


def receipt_token(row: Withdrawal) -> str:
    """Sign the token of the page that acknowledges a declaration."""
    return str(_received_links().dumps(row.id.hex))


def stop_token(row: Withdrawal) -> str:
    """Sign the token that stops a declaration."""
    return str(_stop_links().dumps(row.id.hex))


def _lock_order(given: Declaration, person: User | None) -> Order | None:
    """Find and lock the order that is meant: the person's own, or the one of this number and address."""
    if not given.order_number:
        return None
    query = select(Order).where(Order.number == given.order_number).options(joinedload(Order.user))
    order = db.session.scalar(query)
    if order is None:
        return None
    is_own = person is not None and order.user_id == person.id
    is_known = accounts.canonical(order.user.email) == accounts.canonical(given.email)
    return order_lock.lock(order.id) if is_own or is_known else None


def _store(given: Declaration, order: Order | None, person: User | None) -> tuple[Withdrawal, bool]:
    """Write the row, unless one of this key is there; answers it, and whether it is new."""
    buyer = person if person is not None and order is not None and order.user_id == person.id else None
    values = {
        "key": given.key, "name": given.name, "email": given.email, "order_number": given.order_number,
        "items": given.items, "declared_at": clock.now(), "state": WithdrawalState.UNCLEAR,
        "order_id": order.id if order is not None else None,
        "user_id": buyer.id if buyer is not None else None,
    }  # fmt: skip
    row = upsert(Withdrawal).values(values).on_conflict_do_nothing(index_elements=["key"])
    made = db.session.scalars(row.returning(Withdrawal)).one_or_none()
    if made is not None:
        return made, True
    return db.session.scalars(select(Withdrawal).where(Withdrawal.key == given.key)).one(), False


def _chosen(
    order: Order, given: Declaration, row: Withdrawal, line_ids: Collection[uuid.UUID]
) -> list[Right]:
    """List the rights of the lines that are meant; none where only a person can tell."""
    found = withdrawal.rights(order, row.declared_at)
    if row.user_id is not None and line_ids:
        return [right for right in found if right.line.id in set(line_ids)]
    return found if row.user_id is not None or not given.items or len(found) == 1 else []


def _act(row: Withdrawal, order: Order, chosen: list[Right], person: User | None) -> None:
    """Ask for the lines that can be withdrawn from, refuse the others, and pay at once or wait."""
    _supersede(order, {right.line.id for right in chosen})
    asked = [_add(row, right) for right in chosen]
    waiting = [one for one in asked if one.decision == RequestDecision.WAITING]
    audit.record(person, AuditAction.WITHDRAWAL_DECLARED, order)
    if not waiting:
        _close(row, WithdrawalState.REFUSED)
    elif row.user_id is not None:
        _pay(row, order, waiting, person)
    elif rate_limits.may_mail(order.user.email):
        row.state, row.acts_at = WithdrawalState.WAITING, row.declared_at + WAIT
        db.session.flush()
        jobs.enqueue(
            "carry_out_withdrawal",
            key=f"withdrawal:{row.id}",
            run_after=row.acts_at,
            withdrawal_id=str(row.id),
        )
        mail.withdrawal_planned(order, row, waiting, stop_token(row))
    else:  # nobody could be told how to stop it, so a person looks at it
        requests.stop(waiting)
    if row.state == WithdrawalState.REFUSED and row.user_id is None:
        mail.withdrawal_refused(order, row, asked)


def _add(row: Withdrawal, right: Right) -> RefundRequest:
    decision = RequestDecision.WAITING if right.holds else RequestDecision.REFUSED
    request = RefundRequest(
        purchase=right.line, asked_by_id=row.user_id, kind=RequestKind.WITHDRAWAL, withdrawal_id=row.id,
        facts={"until": right.until.isoformat(), "declared_at": row.declared_at.isoformat()},
        rule=right.rule, sentence=right.ended[:500] or f"Withdrawn within {withdrawal.DAYS} days.",
        decision=decision, decided_at=None if right.holds else clock.now(),
    )  # fmt: skip
    db.session.add(request)
    db.session.flush()
    return request


def _supersede(order: Order, line_ids: set[uuid.UUID]) -> None:
    """Stop what waits about these lines: the new declaration takes its place."""
    waiting = [
        one
        for one in requests.of_order(order)
        if one.decision == RequestDecision.WAITING and one.purchase_id in line_ids
    ]
    requests.stop(waiting)
    for withdrawal_id in {one.withdrawal_id for one in waiting if one.withdrawal_id is not None}:
        before = db.session.get_one(Withdrawal, withdrawal_id)
        if all(one.decision != RequestDecision.WAITING for one in _requests(before)):
            _close(before, WithdrawalState.STOPPED)


def _pay(row: Withdrawal, order: Order, waiting: list[RefundRequest], actor: User | None) -> bool:
    """Request one refund of what is left of the lines; those that can't be paid back any more are refused.

    False if nothing could be paid back.
    """
    lines = {line.id: line for line in order.purchases}
    now, payable = clock.now(), []
    for request in waiting:
        sentence = requests.obstacle(lines[request.purchase_id], None)
        request.decided_at = now
        if sentence:
            request.decision, request.sentence = RequestDecision.REFUSED, sentence
        else:
            request.decision = RequestDecision.APPROVED
            payable.append(request)
    _close(row, WithdrawalState.DONE if payable else WithdrawalState.REFUSED)
    if not payable:
        return False
    gross = {one.purchase_id: lines[one.purchase_id].left_cents for one in payable}
    refund = requesting.request(order, gross, "You withdrew from the contract", RefundCause.WITHDRAWAL, actor)
    for request in payable:
        request.refund_id = refund.id
    db.session.flush()
    return True


def _close(row: Withdrawal, state: WithdrawalState) -> None:
    row.state, row.acts_at = state, None
    db.session.flush()


def _requests(row: Withdrawal) -> list[RefundRequest]:
    query = select(RefundRequest).where(RefundRequest.withdrawal_id == row.id).order_by(RefundRequest.id)
    return list(db.session.scalars(query.options(joinedload(RefundRequest.purchase))))


def _read(links: URLSafeSerializer, token: str) -> uuid.UUID:
    try:
        return uuid.UUID(links.loads(token))
    except (BadData, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken("This link is incomplete. Open it from the email again.") from error


def _stop_links() -> URLSafeSerializer:
    return signing.undated_serializer("lectern.withdrawal.stop")


def _received_links() -> URLSafeSerializer:
    return signing.undated_serializer("lectern.withdrawal.received")
