"""Consistency checks of disputes: lines, creators' earnings and documents say what Stripe has moved."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from domain.ledger.findings import hex_of, listed
from models import (
    Dispute,
    DisputeLine,
    DisputeMovement,
    Document,
    DocumentKind,
    Earning,
    Purchase,
    PurchaseShare,
)


def held_by_line(lost: bool) -> Select[*tuple[Any, ...]]:
    """Sum up, gross and tax by purchase, what banks hold in disputes that are lost, or in the others."""
    return (
        select(
            DisputeLine.purchase_id.label("id"),
            (-func.sum(DisputeLine.gross_cents)).label("gross"),
            (-func.sum(DisputeLine.tax_cents)).label("tax"),
        )
        .join(DisputeMovement, DisputeMovement.id == DisputeLine.movement_id)
        .join(Dispute, Dispute.id == DisputeMovement.dispute_id)
        .where(Dispute.is_lost == lost)
        .group_by(DisputeLine.purchase_id)
    )


def lines_match_disputes() -> list[str]:
    """Check that lines count as disputed what their open disputes hold."""
    held = held_by_line(lost=False).subquery()
    gross = func.coalesce(held.c.gross, 0)
    query = (
        select(Purchase.id, Purchase.disputed_cents, gross)
        .outerjoin(held, held.c.id == Purchase.id)
        .where(Purchase.disputed_cents != gross)
    )
    return listed(query, "purchase {}: disputed is {}, its disputes hold {}")


def movements_are_booked() -> list[str]:
    """Check that lines stay within their movement, and that none gets back more than it gave."""
    booked = func.coalesce(func.sum(DisputeLine.gross_cents), 0)
    amount = DisputeMovement.amount_cents
    beyond = (
        select(DisputeMovement.balance_transaction_id, amount, booked)
        .outerjoin(DisputeLine, DisputeLine.movement_id == DisputeMovement.id)
        .group_by(DisputeMovement.id)
        .having(or_(func.abs(booked) > func.abs(amount), and_(booked != 0, (booked < 0) != (amount < 0))))
    )
    left = func.sum(DisputeLine.gross_cents)
    returned = (
        select(Dispute.stripe_dispute_id, DisputeLine.purchase_id, left)
        .join(DisputeMovement, DisputeMovement.dispute_id == Dispute.id)
        .join(DisputeLine, DisputeLine.movement_id == DisputeMovement.id)
        .group_by(Dispute.id, DisputeLine.purchase_id)
        .having(left > 0)
    )
    return listed(beyond, "movement {} is over {}, its lines over {}") + listed(
        returned, "dispute {}: purchase {} got back {} more than it gave"
    )


def earnings_follow_movements() -> list[str]:
    """Check that creators gave at most the net amount of each line, and got back what no dispute holds."""
    key = "dispute:" + DisputeMovement.balance_transaction_id + ":" + hex_of(PurchaseShare.id)
    taken = (
        select(func.coalesce(func.sum(Earning.amount_cents), 0))
        .select_from(PurchaseShare)
        .join(Earning, Earning.share_id == PurchaseShare.id)
        .where(PurchaseShare.purchase_id == DisputeLine.purchase_id, Earning.key == key)
        .scalar_subquery()
    )
    each = (
        select(
            DisputeMovement.dispute_id.label("dispute_id"),
            DisputeLine.purchase_id.label("purchase_id"),
            DisputeLine.net_cents.label("net"),
            taken.label("taken"),
        )
        .join(DisputeMovement, DisputeMovement.id == DisputeLine.movement_id)
        .subquery()
    )
    wrong = select(each.c.purchase_id, each.c.net, each.c.taken).where(
        or_(func.abs(each.c.taken) > func.abs(each.c.net), and_(each.c.taken > 0, each.c.net < 0))
    )
    net, taken_in_all = func.sum(each.c.net), func.sum(each.c.taken)
    unbalanced = (
        select(each.c.purchase_id, net, taken_in_all)
        .group_by(each.c.dispute_id, each.c.purchase_id)
        .having(or_(taken_in_all > 0, and_(net == 0, taken_in_all != 0)))
    )
    return listed(wrong, "purchase {}: {} was disputed, its creators’ part is {}") + listed(
        unbalanced, "purchase {}: a dispute holds {} of it, and {} of its creators’"
    )


def documents_match_losses() -> list[str]:
    """Check that the documents of a dispute stand for what it has lost, where the order has an invoice."""
    credited = _documented()
    lost = (
        select(Dispute.id.label("id"), (-func.sum(DisputeLine.gross_cents)).label("gross"))
        .join(DisputeMovement, DisputeMovement.dispute_id == Dispute.id)
        .join(DisputeLine, DisputeLine.movement_id == DisputeMovement.id)
        .where(Dispute.is_lost.is_(True))
        .group_by(Dispute.id)
        .subquery()
    )
    invoiced = select(Document.id).where(Document.order_id == Dispute.order_id).exists()
    gross, standing = func.coalesce(lost.c.gross, 0), func.coalesce(credited.c.total, 0)
    query = (
        select(Dispute.stripe_dispute_id, gross, standing)
        .outerjoin(lost, lost.c.id == Dispute.id)
        .outerjoin(credited, credited.c.id == Dispute.id)
        .where(gross != standing, invoiced)
    )
    return listed(query, "dispute {} has lost {}, its documents say {}")


def _documented() -> Any:
    is_note: ColumnElement[bool] = Document.kind == DocumentKind.CREDIT_NOTE
    total = func.sum(case((is_note, Document.total_cents), else_=-Document.total_cents))
    return (
        select(Document.dispute_id.label("id"), total.label("total"))
        .where(Document.dispute_id.is_not(None))
        .group_by(Document.dispute_id)
        .subquery()
    )


CHECKS: dict[str, Callable[[], list[str]]] = {
    "lines are disputed as their disputes say": lines_match_disputes,
    "what Stripe moved for disputes is booked": movements_are_booked,
    "creators bear their part of disputes": earnings_follow_movements,
    "lost disputes were credited": documents_match_losses,
}
