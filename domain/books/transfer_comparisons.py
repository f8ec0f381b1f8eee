"""Comparisons of what Stripe transferred to creators with their payouts."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from domain.base.money import money
from domain.books.differences import Difference
from domain.books.matching import TRANSFERS
from models import FindingKind, MatchedKind, Payout, PayoutStatus, StripeMovement, db

_moved = func.coalesce(func.sum(StripeMovement.paid_cents), 0)
_currency = func.max(StripeMovement.paid_currency)


def unknown_transfers(before: datetime) -> Iterator[Difference]:
    """Find transfers, and reversals, that belong to no payout."""
    query = select(StripeMovement).where(
        StripeMovement.matched_id.is_(None),
        StripeMovement.category.in_(TRANSFERS),
        StripeMovement.moved_at < before,
    )
    for row in db.session.scalars(query.order_by(StripeMovement.moved_at, StripeMovement.id)):
        done = "transferred" if row.paid_cents < 0 else "took back"
        yield Difference(
            f"transfer:{row.id}", FindingKind.TRANSFER_UNKNOWN,
            f"Stripe {done} {money(abs(row.paid_cents), row.paid_currency)} ({row.source_id}),"
            " which belongs to no payout.",
            row.parent_id or row.source_id, row.paid_cents, row.paid_currency,
        )  # fmt: skip


def payouts_differ(before: datetime) -> Iterator[Difference]:
    """Find paid payouts that Stripe didn't transfer, or not in that amount or currency."""
    due = Payout.reversed_cents - Payout.amount_cents
    its_transfer = and_(
        StripeMovement.matched_id == Payout.id, StripeMovement.matched_kind == MatchedKind.PAYOUT
    )
    query = (
        select(
            Payout.id, Payout.stripe_transfer_id, Payout.creator_id, due, Payout.currency, _moved, _currency
        )
        .outerjoin(StripeMovement, its_transfer)
        .where(Payout.status == PayoutStatus.PAID, Payout.updated_at < before)
        .group_by(Payout.id)
        .having(or_(_moved != due, func.coalesce(_currency, Payout.currency) != Payout.currency))
        .order_by(Payout.id)
    )
    for id_, transfer, creator_id, expected, currency, moved, moved_in in db.session.execute(query):
        yield Difference(
            f"payout:{id_.hex}", FindingKind.TRANSFER_DIFFERS,
            f"A payout counts as paid with {money(-expected, currency)},"
            f" but Stripe transferred {money(-moved, moved_in or currency)} ({transfer}).",
            transfer or "", int(moved) - expected, currency, creator_id=creator_id,
        )  # fmt: skip
