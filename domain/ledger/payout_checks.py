"""Consistency checks of payouts: paid lines are paid payouts, each line is in one, and the states agree."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from domain.ledger.findings import listed
from models import Document, Earning, EarningStatus, Payout, PayoutStatus, db

_SAME = case(
    (Payout.status == PayoutStatus.PENDING, EarningStatus.PROCESSING.value),
    (Payout.status == PayoutStatus.PAID, EarningStatus.PAID.value),
    else_=EarningStatus.FAILED.value,
)


def payouts_match_lines() -> list[str]:
    """Check that each payout is the sum of its lines, all in its currency and of its creator.

    One that was released for the next run has no lines any more.
    """
    found = func.coalesce(func.sum(Earning.amount_cents), 0)
    strange = or_(Earning.currency != Payout.currency, Earning.creator_id != Payout.creator_id)
    query = (
        select(Payout.id, Payout.amount_cents, found)
        .outerjoin(Earning, Earning.payout_id == Payout.id)
        .group_by(Payout.id)
        .having(
            or_(
                and_(Payout.status != PayoutStatus.RELEASED, found != Payout.amount_cents),
                and_(Payout.status == PayoutStatus.RELEASED, func.count(Earning.id) > 0),
                func.sum(case((strange, 1), else_=0)) > 0,
            )
        )
    )
    return listed(query, "payout {} is over {}, its lines make {}, or are another’s")


def lines_match_payouts() -> list[str]:
    """Check that the state of each line is that of its payout, and that lines in none are owed."""
    query = (
        select(Earning.id, Earning.status, Payout.status)
        .outerjoin(Payout, Payout.id == Earning.payout_id)
        .where(
            or_(
                and_(Payout.id.is_(None), Earning.status != EarningStatus.PENDING),
                and_(Payout.id.is_not(None), Earning.status != _SAME),
            )
        )
    )
    return listed(query, "earning {} is {}, its payout is {}")


def paid_earnings_are_paid_payouts() -> list[str]:
    """Check by creator and currency that what their paid lines make is what was paid to them."""
    paid = _by_creator(
        Earning.creator_id, Earning.currency, Earning.amount_cents, Earning.status == EarningStatus.PAID
    )
    sent = _by_creator(
        Payout.creator_id, Payout.currency, Payout.amount_cents, Payout.status == PayoutStatus.PAID
    )
    wrong = [key for key in paid.keys() | sent.keys() if paid.get(key, 0) != sent.get(key, 0)]
    return [
        f"creator {creator}: paid lines make {paid.get((creator, currency), 0)} {currency},"
        f" payouts {sent.get((creator, currency), 0)}"
        for creator, currency in sorted(wrong, key=str)
    ]


def payouts_are_documented() -> list[str]:
    """Check that exactly the paid payouts have a document, over what was earned and its VAT."""
    query = (
        select(Payout.id, Payout.status)
        .outerjoin(Document, Document.payout_id == Payout.id)
        .where(
            or_(
                and_(Payout.status == PayoutStatus.PAID, Document.id.is_(None)),
                and_(Payout.status != PayoutStatus.PAID, Document.id.is_not(None)),
                and_(Document.id.is_not(None), Document.currency != Payout.currency),
            )
        )
    )
    carried = func.coalesce(
        func.sum(case((Earning.key.startswith("carry:"), Earning.amount_cents), else_=0)), 0
    )
    sums = (
        select(Document.number, Document.total_cents, Payout.amount_cents, carried)
        .join(Payout, Payout.id == Document.payout_id)
        .join(Earning, Earning.payout_id == Payout.id)
        .group_by(Document.id, Payout.id)
        .having(Document.total_cents != Payout.amount_cents - carried)
    )
    return listed(query, "payout {} is {}, its document says otherwise") + listed(
        sums, "document {} is over {}, its payout over {} with {} carried"
    )


def _by_creator(creator: Any, currency: Any, cents: Any, condition: Any) -> dict[tuple[Any, str], int]:
    query = select(creator, currency, func.sum(cents)).where(condition).group_by(creator, currency)
    return {(row[0], row[1]): int(row[2]) for row in db.session.execute(query)}


CHECKS: dict[str, Callable[[], list[str]]] = {
    "payouts are the sums of their lines": payouts_match_lines,
    "lines stand as their payouts do": lines_match_payouts,
    "paid earnings = paid payouts": paid_earnings_are_paid_payouts,
    "paid payouts have a document": payouts_are_documented,
}
