"""The comparison: every difference between the movements that are stored and what is booked here."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from domain.base.money import money
from domain.books import (
    dispute_comparisons,
    findings,
    matching,
    payment_comparisons,
    transfer_comparisons,
)
from domain.books.differences import Difference
from models import BooksCheck, FindingKind, StripeMovement, db

# What Stripe tells of is handled within minutes, and retried for a while.
PATIENCE = timedelta(hours=1)

COMPARISONS: tuple[Callable[[datetime], Iterator[Difference]], ...] = (
    payment_comparisons.unknown_payments,
    payment_comparisons.payments_of_orders,
    payment_comparisons.unknown_refunds,
    payment_comparisons.refunds_differ,
    dispute_comparisons.unknown_disputes,
    dispute_comparisons.disputes_differ,
    transfer_comparisons.unknown_transfers,
    transfer_comparisons.payouts_differ,
)


def compare(check: BooksCheck) -> int:
    """Compare what is stored up to `check`, and keep what differs as findings. Returns how many are open."""
    matching.match_again()
    before = check.until - PATIENCE
    found = [one for comparison in COMPARISONS for one in comparison(before)]
    return findings.settle([*found, *_balances(check)])


def compare_again() -> None:
    """Compare anew with what the last check has read, such as after something was put right."""
    check = last()
    if check is not None:
        compare(check)


def last() -> BooksCheck | None:
    """Find the last finished check."""
    query = select(BooksCheck).where(BooksCheck.finished_at.is_not(None))
    return db.session.scalar(query.order_by(BooksCheck.finished_at.desc()).limit(1))


def sums() -> dict[str, int]:
    """Add up all movements by currency, in minor units."""
    query = select(StripeMovement.currency, func.sum(StripeMovement.net_cents)).group_by(
        StripeMovement.currency
    )
    return {currency: int(net) for currency, net in db.session.execute(query)}


def _balances(check: BooksCheck) -> Iterator[Difference]:
    """Find balances at Stripe that aren't what its movements add up to."""
    for currency, (moved, balance) in check.balances.items():
        if moved != balance:
            yield Difference(
                f"balance:{currency}", FindingKind.BALANCE_DIFFERS,
                f"The balance at Stripe is {money(balance, currency)}, its movements add up to"
                f" {money(moved, currency)}.",
                "", balance - moved, currency,
            )  # fmt: skip
